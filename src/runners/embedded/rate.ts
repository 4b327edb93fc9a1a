/** Events per second over the last few seconds, from a running count. */
import type { Clock } from "../../std/clock.ts"

const WINDOW_SECONDS = 5

export class Rate {
  readonly #clock: Clock
  /** Count per second of the clock, in a ring. */
  readonly #counts = new Float64Array(WINDOW_SECONDS + 1)
  #second = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#second = Math.floor(clock.monotonicMs() / 1000)
  }

  add(count: number): void {
    this.#turn()
    this.#counts[this.#second % this.#counts.length]! += count
  }

  /** Mean of the whole seconds in the window. */
  perSecond(): number {
    this.#turn()
    const running = this.#counts[this.#second % this.#counts.length]!
    let total = 0
    for (const count of this.#counts) total += count
    return (total - running) / WINDOW_SECONDS
  }

  #turn(): void {
    const now = Math.floor(this.#clock.monotonicMs() / 1000)
    const steps = Math.min(now - this.#second, this.#counts.length)
    for (let step = 1; step <= steps; step++) this.#counts[(now - steps + step) % this.#counts.length] = 0
    this.#second = now
  }
}
