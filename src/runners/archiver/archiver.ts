/**
 * Moves what the log has into the lake, topic by topic, in the background. It slows nobody: appends do not
 * wait for it. A disk that is full or fails stops it with a reason, and it tries again by itself.
 */
import type { EventContract } from "../../contracts/contract.ts"
import type { Log, TopicInfo } from "../../log/log.ts"
import type { Clock, Scheduler, Timer } from "../../std/clock.ts"
import { isPlatformError } from "../../std/errors.ts"
import { lakeAheadOfLog } from "../../stores/lake/errors.ts"
import type { Lake } from "../../stores/lake/lake.ts"
import { ARCHIVER, TopicPass, tablesOf } from "./topic-pass.ts"
import { upkeep } from "./upkeep.ts"
import type { Workshop } from "./workshop.ts"

export interface ArchiverLimits {
  /** Records wait for the lake at most about this long. */
  readonly intervalMs: number
  /** Sooner when so many wait. */
  readonly records: number
  /** Snapshots that are older go, and with them what only they have. */
  readonly snapshotMs: number
  /** Files that nothing names any more stay this long for whoever still reads them. */
  readonly graceMs: number
  /** As many small files of a day are worth a rewrite. */
  readonly smallFiles: number
}

export const DEFAULT_ARCHIVER_LIMITS: ArchiverLimits = {
  intervalMs: 60_000,
  records: 1_000_000,
  snapshotMs: 7 * 86_400_000,
  graceMs: 10 * 60_000,
  smallFiles: 8,
}
/** How often it looks whether something is due. */
const TICK_MS = 1000
/** How often files are put together and snapshots expire. */
const UPKEEP_MS = 10 * 60_000
/** How often memory of old records that nobody reads goes. */
const FORGET_MS = 30_000
/** After a failure of disk or log. */
const RETRY_MS = 10_000

export interface ArchiverParts {
  readonly log: Log
  readonly lake: Lake
  readonly workshop: Workshop
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly contracts: readonly EventContract[]
  readonly limits?: Partial<ArchiverLimits>
  /** Internal topics whose records are history, too. */
  readonly internalTopics?: readonly string[]
  readonly report: (message: string) => void
}

/** What `GET /v1/lake` and the metrics say of the archiver. */
export interface ArchiverStatus {
  readonly archivedRows: number
  readonly archivedBytes: number
  /** Records in the log that the lake does not have yet. */
  readonly waitingRecords: number
  readonly lastCommitMs: number | null
  readonly lastError: { readonly code: string; readonly message: string; readonly atMs: number } | null
}

export class Archiver implements AsyncDisposable {
  readonly #parts: ArchiverParts
  readonly #limits: ArchiverLimits
  readonly #contracts: ReadonlyMap<string, EventContract>
  readonly #lastPassMs = new Map<string, number>()
  #timer: Timer | null = null
  /** One pass at a time: whoever writes to a table writes alone. */
  #work: Promise<void> = Promise.resolve()
  #isOpen = true
  #nextUpkeepMs: number
  #nextForgetMs = 0
  #notBeforeMs = 0
  #archivedRows = 0
  #archivedBytes = 0
  #waitingRecords = 0
  #lastCommitMs: number | null = null
  #lastError: ArchiverStatus["lastError"] = null

  constructor(parts: ArchiverParts) {
    this.#parts = parts
    this.#limits = { ...DEFAULT_ARCHIVER_LIMITS, ...parts.limits }
    this.#contracts = new Map(parts.contracts.map((contract) => [contract.name, contract]))
    this.#nextUpkeepMs = parts.clock.monotonicMs() + UPKEEP_MS
  }

  /**
   * Before anybody reads: takes back what the lake has beyond a log that was restored, and holds what is not
   * archived. @throws PlatformError lake-ahead-of-log
   */
  async prepare(): Promise<void> {
    const { log, lake, report } = this.#parts
    for (const topic of this.#topics()) {
      const ends: number[] = []
      for (let partition = 0; partition < topic.partitions; partition++)
        ends.push((await log.range(topic.name, partition)).durableEnd)
      for (const table of lake.tables()) {
        const isAhead = table.offsets
          .get(topic.name)
          ?.some((offset, partition) => offset > (ends[partition] ?? 0))
        if (isAhead !== true) continue
        if (table.rollback(topic.name, ends) === null) throw lakeAheadOfLog(table.name, topic.name)
        report(`The log is older than the lake's ${table.name}, which is back at the log's end.`)
      }
    }
    await this.#holdAll()
  }

  /** Looks after it from now on. */
  async start(): Promise<void> {
    await this.#holdAll()
    this.#scheduleTick()
  }

  async #holdAll(): Promise<void> {
    for (const topic of this.#topics()) {
      for (let partition = 0; partition < topic.partitions; partition++) {
        const { begin } = await this.#parts.log.range(topic.name, partition)
        const archived = this.#archivedTo(topic.name, partition)
        await this.#parts.log.hold(ARCHIVER, topic.name, partition, archived ?? begin)
      }
    }
  }

  /** Everything that is durable now is in the lake when it resolves. */
  archiveNow(): Promise<void> {
    return this.#alone(async () => {
      for (const topic of this.#topics()) await this.#archive(topic)
    })
  }

  /** Puts small files together, forgets old snapshots. */
  upkeepNow(): Promise<void> {
    return this.#alone(() => this.#upkeep())
  }

  status(): ArchiverStatus {
    return {
      archivedRows: this.#archivedRows,
      archivedBytes: this.#archivedBytes,
      waitingRecords: this.#waitingRecords,
      lastCommitMs: this.#lastCommitMs,
      lastError: this.#lastError,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOpen = false
    this.#timer?.cancel()
    await this.#work
  }

  #alone(work: () => Promise<void>): Promise<void> {
    const result = this.#work.then(work)
    this.#work = result.catch(() => {})
    return result
  }

  #scheduleTick(): void {
    if (!this.#isOpen) return
    this.#timer = this.#parts.scheduler.after(TICK_MS, () => {
      const done = () => this.#scheduleTick()
      this.#alone(() => this.#tick()).then(done, (error: unknown) => {
        this.#noteError(error)
        done()
      })
    })
  }

  async #tick(): Promise<void> {
    const { clock } = this.#parts
    if (clock.monotonicMs() < this.#notBeforeMs) return
    let waiting = 0
    for (const topic of this.#topics()) {
      const records = await this.#waiting(topic)
      waiting += records
      const last = this.#lastPassMs.get(topic.name) ?? Number.NEGATIVE_INFINITY
      const isDue = clock.monotonicMs() - last >= this.#limits.intervalMs
      if (records === 0 || !(isDue || records >= this.#limits.records) || !this.#isOpen) continue
      await this.#archive(topic)
      waiting -= records
    }
    this.#waitingRecords = waiting
    if (clock.monotonicMs() >= this.#nextForgetMs) this.#forgetIdle()
    if (clock.monotonicMs() >= this.#nextUpkeepMs && this.#isOpen) await this.#upkeep()
    this.#lastError = null
  }

  #forgetIdle(): void {
    this.#nextForgetMs = this.#parts.clock.monotonicMs() + FORGET_MS
    this.#parts.lake.forgetIdle()
  }

  async #archive(topic: TopicInfo): Promise<void> {
    const { clock } = this.#parts
    for (let isComplete = false; !isComplete; ) {
      const pass = new TopicPass({ ...this.#parts, contracts: this.#contracts }, topic)
      const result = await pass.run()
      this.#archivedRows += result.rows
      this.#archivedBytes += result.bytes
      if (result.rows > 0) this.#lastCommitMs = clock.nowMs()
      isComplete = result.isComplete
    }
    this.#lastPassMs.set(topic.name, clock.monotonicMs())
  }

  async #upkeep(): Promise<void> {
    this.#nextUpkeepMs = this.#parts.clock.monotonicMs() + UPKEEP_MS
    const parts = { ...this.#parts, contracts: this.#contracts, limits: this.#limits }
    for (const table of this.#parts.lake.tables()) {
      if (!this.#isOpen) return
      await upkeep(parts, table.name)
    }
  }

  #noteError(error: unknown): void {
    const { clock, report } = this.#parts
    const message = error instanceof Error ? error.message : String(error)
    const code = isPlatformError(error) ? error.code : "internal"
    if (this.#lastError?.code !== code) report(`The lake waits: ${message}`)
    this.#lastError = { code, message, atMs: clock.nowMs() }
    this.#notBeforeMs = clock.monotonicMs() + RETRY_MS
  }

  #topics(): readonly TopicInfo[] {
    const declared = new Set(this.#parts.contracts.map(({ topic }) => topic))
    const internal = new Set(this.#parts.internalTopics ?? [])
    return this.#parts.log.topics().filter(({ name, cleanup }) => {
      if (cleanup === "compact") return false
      return declared.has(name) || internal.has(name) || !name.startsWith("_")
    })
  }

  /** Null while the lake has nothing of the partition. */
  #archivedTo(topic: string, partition: number): number | null {
    const names = tablesOf({ lake: this.#parts.lake, contracts: this.#contracts }, topic)
    let lowest: number | null = null
    for (const name of names) {
      const offset = this.#parts.lake.find(name)?.offsets.get(topic)?.[partition]
      if (offset === undefined) return null
      lowest = Math.min(lowest ?? offset, offset)
    }
    return lowest
  }

  async #waiting({ name, partitions }: TopicInfo): Promise<number> {
    let records = 0
    for (let partition = 0; partition < partitions; partition++) {
      const { begin, durableEnd } = await this.#parts.log.range(name, partition)
      records += durableEnd - Math.max(begin, this.#archivedTo(name, partition) ?? begin)
    }
    return records
  }
}

/** A platform without a lake holds nothing for one. */
export async function releaseArchiverHolds(log: Log): Promise<void> {
  for (const { name, partitions } of log.topics()) {
    for (let partition = 0; partition < partitions; partition++)
      await log.hold(ARCHIVER, name, partition, Number.MAX_SAFE_INTEGER)
  }
}
