/**
 * The embedded log in the caller's own thread: for tests, tools and the seeded world. Appends of one turn of
 * the scheduler share a commit. The disk is synchronous, so a commit holds the thread up; servers open a
 * threaded log.
 */
import type { Clock, Scheduler, Timer } from "../../std/clock.ts"
import type { Disk } from "../../std/disk.ts"
import { isPlatformError, type PlatformError } from "../../std/errors.ts"
import type { Random } from "../../std/random.ts"
import { logClosed, logFull } from "../errors.ts"
import type {
  AppendRequest,
  AppendResult,
  LocalLog,
  OffsetRange,
  PinnedFile,
  ReadRequest,
  ReadResult,
  TopicInfo,
  TopicSpec,
  WriterToken,
} from "../log.ts"
import { reportProblem } from "../problems.ts"
import { LogCore } from "./core.ts"
import { DEFAULT_LIMITS, type LogLimits } from "./limits.ts"
import type { Verify } from "./recovery.ts"

export interface InlineLogOptions {
  readonly disk: Disk
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly random: Random
  /** Absolute. */
  readonly directory: string
  readonly limits?: Partial<LogLimits>
  /** @default "active" */
  readonly verify?: Verify
}

interface Waiter {
  readonly resolve: (result: AppendResult) => void
  readonly reject: (error: PlatformError) => void
}

/** @throws log-corrupt when acknowledged data is damaged; disk-full, disk-failed. */
export function openInlineLog(options: InlineLogOptions): LocalLog {
  return new InlineLog(options)
}

class InlineLog implements LocalLog {
  readonly #options: InlineLogOptions
  readonly #limits: LogLimits
  readonly #core: LogCore
  readonly #waiters = new Map<number, Waiter>()
  #nextTicket = 0
  #commitIsDue = false
  #upkeep: Timer
  #isOpen = true

  constructor(options: InlineLogOptions) {
    this.#options = options
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits }
    this.#core = LogCore.open({
      ...options,
      limits: this.#limits,
      sink: {
        appended: (ticket, baseOffset, appendTimeMs) =>
          this.#take(ticket).resolve({ baseOffset, appendTimeMs }),
        refused: (ticket, error) => this.#take(ticket).reject(error),
      },
    })
    this.#upkeep = this.#scheduleUpkeep()
  }

  get logId(): string {
    return this.#core.logId
  }

  get queuedBytes(): number {
    return this.#core.pendingBytes
  }

  async createTopic(spec: TopicSpec): Promise<TopicInfo> {
    return this.#opened().createTopic(spec)
  }

  topic(name: string): TopicInfo | undefined {
    return this.topics().find((topic) => topic.name === name)
  }

  topics(): readonly TopicInfo[] {
    return this.#core.topics()
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    const core = this.#opened()
    const { pendingBytes } = core
    if (pendingBytes >= this.#limits.queueBytes) throw logFull(pendingBytes, this.#limits.queueBytes)
    const ticket = this.#nextTicket++
    core.append({ ...request, ticket, fence: request.writer?.fence ?? null })
    this.#scheduleCommit()
    return new Promise((resolve, reject) => void this.#waiters.set(ticket, { resolve, reject }))
  }

  async read({ topic, partition, offset, maxBytes }: ReadRequest): Promise<ReadResult> {
    return this.#opened().read(topic, partition, { offset, maxBytes })
  }

  async range(topic: string, partition: number): Promise<OffsetRange> {
    return this.#opened().range(topic, partition)
  }

  async offsetAtTime(topic: string, partition: number, timeMs: number): Promise<number> {
    return this.#opened().offsetAtTime(topic, partition, timeMs)
  }

  async openWriter(topic: string): Promise<WriterToken> {
    return { topic, fence: this.#opened().openWriter(topic) }
  }

  async hold(holder: string, topic: string, partition: number, offset: number): Promise<void> {
    this.#opened().hold(holder, topic, partition, offset)
  }

  async pin(directory: string): Promise<readonly PinnedFile[]> {
    return this.#opened().pin(directory)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#upkeep.cancel()
    this.#core.close()
  }

  #opened(): LogCore {
    if (!this.#isOpen) throw logClosed()
    return this.#core
  }

  #take(ticket: number): Waiter {
    const waiter = this.#waiters.get(ticket)
    this.#waiters.delete(ticket)
    return waiter ?? { resolve: () => {}, reject: () => {} }
  }

  #scheduleCommit(): void {
    if (this.#commitIsDue) return
    this.#commitIsDue = true
    this.#options.scheduler.soon(() => {
      this.#commitIsDue = false
      if (this.#isOpen) this.#core.commit()
    })
  }

  #scheduleUpkeep(): Timer {
    return this.#options.scheduler.after(this.#limits.maintenanceMs, () => {
      try {
        this.#core.maintain()
      } catch (error) {
        if (!isPlatformError(error)) throw error
        reportProblem({ directory: this.#options.directory, action: "upkeep", error })
      }
      this.#upkeep = this.#scheduleUpkeep()
    })
  }
}
