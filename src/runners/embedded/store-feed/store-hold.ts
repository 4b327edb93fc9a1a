/**
 * What the store has not yet is held in the log, up to a limit: a store that is away for longer would fill
 * the disk. What the log then lets go is in the lake, from where the feeds read it when the store is back.
 * Without a lake the log is the only copy, and there is no limit.
 *
 *   offsets:  ...  let go  |  held for the store                  |  published
 *                          ^ the later of: what all tables have; what was published one limit ago
 */
import type { EventContract } from "../../../contracts/contract.ts"
import type { Log } from "../../../log/log.ts"
import type { Clock, Scheduler, Timer } from "../../../std/clock.ts"
import { HOLD_INTERVAL_MS } from "./feed-limits.ts"

export interface StoreHoldParts {
  readonly log: Pick<Log, "hold">
  readonly contracts: readonly EventContract[]
  /** Offset behind the rows whose epochs are out. */
  readonly publishedEnd: (topic: string, partition: number) => number
  /** How long rows are held for a store that does not take them; null: for ever. */
  readonly limitMs: number | null
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly report: (message: string) => void
}

/** Of the log's holds. */
const HOLDER = "store"

/** Nothing is kept for the store: there is none, or it can never run here. */
export async function releaseStoreHolds(log: Log, contracts: readonly EventContract[]): Promise<void> {
  for (const { topic, partitions } of contracts) {
    for (let partition = 0; partition < partitions; partition++) {
      await log.hold(HOLDER, topic, partition, Number.MAX_SAFE_INTEGER)
    }
  }
}

export class StoreHold implements AsyncDisposable {
  readonly #parts: StoreHoldParts
  /** Per topic, what its events' contracts say. */
  readonly #topics: ReadonlyMap<string, readonly EventContract[]>
  /** Per event: offsets behind what is in its table. */
  readonly #durable = new Map<string, readonly number[]>()
  readonly #held = new Map<string, number>()
  /** What was published when, oldest first. */
  readonly #seen: { readonly atMs: number; readonly ends: ReadonlyMap<string, number> }[] = []
  /** Topics of which the store misses rows that the log let go. */
  readonly #passed = new Set<string>()
  #timer: Timer | null = null
  #moving: Promise<void> = Promise.resolve()
  #isClosed = false

  /** Begins at once. */
  constructor(parts: StoreHoldParts) {
    this.#parts = parts
    this.#topics = Map.groupBy(parts.contracts, ({ topic }) => topic)
    this.#see()
    this.#wait()
  }

  /** The event's table has the rows before these offsets. */
  durable(event: string, ends: readonly number[]): void {
    this.#durable.set(event, ends)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    await this.#moving
  }

  #wait(): void {
    this.#timer = this.#parts.scheduler.after(HOLD_INTERVAL_MS, () => {
      this.#see()
      this.#moving = this.#move().then(
        () => this.#isClosed || this.#wait(),
        (error: unknown) => {
          this.#parts.report(`The log could not be released: ${String(error)}`)
          if (!this.#isClosed) this.#wait()
        },
      ) as Promise<void>
    })
  }

  #see(): void {
    const { limitMs, clock, publishedEnd } = this.#parts
    if (limitMs === null) return
    const atMs = clock.monotonicMs()
    const ends = new Map<string, number>()
    for (const [topic, [first]] of this.#topics) {
      for (let partition = 0; partition < first!.partitions; partition++) {
        ends.set(`${topic}/${partition}`, publishedEnd(topic, partition))
      }
    }
    this.#seen.push({ atMs, ends })
    while (this.#seen.length > 1 && this.#seen[1]!.atMs <= atMs - limitMs) this.#seen.shift()
  }

  async #move(): Promise<void> {
    const { log, clock, limitMs } = this.#parts
    const [oldest] = this.#seen
    const isOld = oldest !== undefined && limitMs !== null && oldest.atMs <= clock.monotonicMs() - limitMs
    for (const [topic, events] of this.#topics) {
      let isPassed = false
      for (let partition = 0; partition < events[0]!.partitions; partition++) {
        const place = `${topic}/${partition}`
        const stored = Math.min(...events.map(({ name }) => this.#durable.get(name)?.[partition] ?? 0))
        const passed = isOld ? oldest.ends.get(place)! : 0
        isPassed ||= passed > stored
        const offset = Math.max(stored, passed)
        if (offset <= (this.#held.get(place) ?? 0)) continue
        await log.hold(HOLDER, topic, partition, offset)
        this.#held.set(place, offset)
      }
      this.#tell(topic, isPassed)
    }
  }

  #tell(topic: string, isPassed: boolean): void {
    if (!isPassed) {
      this.#passed.delete(topic)
      return
    }
    if (this.#passed.has(topic)) return
    this.#passed.add(topic)
    const minutes = Math.round((this.#parts.limitMs ?? 0) / 60_000)
    this.#parts.report(
      `The store is more than ${minutes} minutes behind the topic ${topic}: the log holds no more for it, ` +
        "and what it misses then is read from the lake.",
    )
  }
}
