/**
 * How many statements run at once, by what they are for; those beyond wait, and those beyond that are
 * refused.
 */
import { HostRefusal, type HostStatement } from "./host-statement.ts"

/** Inserts, merges' neighbours: one writes while the next one's body is on its way. */
const INSERTS = { running: 2, waiting: 1_024 }
/** Ours: positions, verify, the lake's files. */
const INTERNAL = { running: 4, waiting: 1_024 }
/** Everybody else's; each may use every core, so more of them at once would only make all slower. */
const READERS = { running: 4, waiting: 64 }

const TOO_MANY_SIMULTANEOUS_QUERIES = 202
const QUERY_WAS_CANCELLED = 394

export class Lanes {
  readonly #inserts = new Lane(INSERTS)
  readonly #internal = new Lane(INTERNAL)
  readonly #readers = new Lane(READERS)

  of(statement: Pick<HostStatement, "insert" | "isReader">): Lane {
    if (statement.isReader) return this.#readers
    return statement.insert === null ? this.#internal : this.#inserts
  }

  async drained(): Promise<void> {
    await Promise.all([this.#inserts, this.#internal, this.#readers].map((lane) => lane.drained()))
  }
}

export class Lane {
  readonly #limits: { readonly running: number; readonly waiting: number }
  readonly #waiting: (() => void)[] = []
  #running = 0
  #whenIdle: (() => void)[] = []

  constructor(limits: { readonly running: number; readonly waiting: number }) {
    this.#limits = limits
  }

  /** @throws HostRefusal when too many wait, or `signal` aborts meanwhile. */
  async enter(signal: AbortSignal): Promise<void> {
    if (this.#running < this.#limits.running) {
      this.#running++
      return
    }
    if (this.#waiting.length >= this.#limits.waiting) {
      throw new HostRefusal(
        TOO_MANY_SIMULTANEOUS_QUERIES,
        `Too many simultaneous queries: ${this.#running} run and ${this.#waiting.length} wait`,
      )
    }
    // Whoever leaves hands its place on, so the count stays.
    await new Promise<void>((resolve, reject) => {
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1)
        reject(new HostRefusal(QUERY_WAS_CANCELLED, "Query was cancelled before it began"))
      }
      const enter = () => {
        signal.removeEventListener("abort", giveUp)
        resolve()
      }
      if (signal.aborted) return reject(new HostRefusal(QUERY_WAS_CANCELLED, "Query was cancelled"))
      signal.addEventListener("abort", giveUp, { once: true })
      this.#waiting.push(enter)
    })
  }

  leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#running--
    else next()
    if (this.#running === 0) for (const tell of this.#whenIdle.splice(0)) tell()
  }

  async drained(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => void this.#whenIdle.push(resolve))
  }
}
