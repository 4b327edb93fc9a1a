/**
 * The embedded log with a thread of its own: requests go through a ring in shared memory, answers come back
 * as messages, one for all appends of a group. This side only copies bytes and keeps promises by ticket.
 */
import { assert, assertNever } from "../../std/assert.ts"
import { sleep } from "../../std/clock.ts"
import { errorFromData } from "../../std/error-data.ts"
import type { PlatformError } from "../../std/errors.ts"
import { acquireProcessLock, type ProcessLock } from "../../std/node/process-lock.ts"
import { SharedRing } from "../../std/node/ring.ts"
import { NodeScheduler } from "../../std/node/scheduler.ts"
import { siblingModule, startThread, type Thread } from "../../std/node/thread.ts"
import { logClosed, logFailed, logFull, logInUse, recordTooLarge } from "../errors.ts"
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
import { layoutAppend, writeAppend } from "./append-frame.ts"
import { DEFAULT_LIMITS, type LogLimits } from "./limits.ts"
import type { Verify } from "./recovery.ts"
import { type Call, FRAME_KIND, type ThreadMessage, type ThreadStart } from "./thread-messages.ts"

export interface ThreadedLogOptions {
  /** Absolute; made when it does not exist. */
  readonly directory: string
  readonly limits?: Partial<LogLimits>
  /** @default "active" */
  readonly verify?: Verify
}

/**
 * Opens or creates the log in a directory, which no other process may have open.
 * @throws log-in-use; log-corrupt when acknowledged data is damaged; disk-full, disk-failed.
 * @example
 * await using log = await openThreadedLog({ directory: "/var/lib/app/log" })
 * await log.createTopic({ name: "flight", partitions: 4 })
 */
export async function openThreadedLog(options: ThreadedLogOptions): Promise<LocalLog> {
  const lock = await lockDirectory(options.directory)
  const log = new ThreadedLog(options, lock.release)
  try {
    await log.ready
  } catch (error) {
    // So that the folder is free again when the caller learns of it.
    await log.ended
    throw error
  }
  return log
}

/** Waits a moment for an owner that was killed just now and takes a while to be gone. */
async function lockDirectory(directory: string): Promise<ProcessLock> {
  const scheduler = new NodeScheduler()
  for (let attempt = 1; ; attempt++) {
    const lock = acquireProcessLock(`${directory}/+lock`)
    if ("release" in lock) return lock
    if (lock.isSelf || attempt === LOCK_ATTEMPTS) throw logInUse(directory, lock.pid)
    await sleep(scheduler, LOCK_PAUSE_MS)
  }
}

/** A second in all: the system frees the memory of a killed process in less. */
const LOCK_ATTEMPTS = 20
const LOCK_PAUSE_MS = 50

interface Waiter {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: PlatformError) => void
  /** What an append adds to the queue. */
  readonly bytes: number
}

/** Calls that may wait at once: a reader or two per partition, with room to spare. */
const MOST_WAITING_CALLS = 10_000
const utf8 = new TextEncoder()

class ThreadedLog implements LocalLog {
  readonly #limits: LogLimits
  readonly #directory: string
  readonly #ring: SharedRing
  readonly #thread: Thread
  readonly #waiters = new Map<number, Waiter>()
  readonly #topics = new Map<string, { info: TopicInfo; readonly nameBytes: Uint8Array }>()
  /** Resolves when the log is recovered. */
  readonly ready: Promise<void>
  readonly #settleReady: { resolve: () => void; reject: (error: PlatformError) => void }
  #nextTicket = 0
  #queuedBytes = 0
  #logId = ""
  #isOpen = true

  constructor(options: ThreadedLogOptions, release: () => void) {
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits }
    this.#directory = options.directory
    this.#ring = SharedRing.create(this.#limits.queueBytes)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.ready = promise
    this.#settleReady = { resolve, reject }
    const start: ThreadStart = {
      directory: options.directory,
      limits: this.#limits,
      verify: options.verify ?? "active",
      ring: this.#ring.memory,
    }
    this.#thread = startThread(siblingModule("log-thread", import.meta.url), start, {
      message: (message) => this.#receive(message as ThreadMessage),
      ended: (error) => {
        release()
        this.#end(error)
      },
    })
  }

  /** Resolves when the thread is gone. */
  get ended(): Promise<void> {
    return this.#thread.done
  }

  get logId(): string {
    return this.#logId
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  async createTopic(spec: TopicSpec): Promise<TopicInfo> {
    const info = await this.#call<TopicInfo>({ method: "createTopic", spec })
    this.#remember(info)
    return info
  }

  topic(name: string): TopicInfo | undefined {
    return this.#topics.get(name)?.info
  }

  topics(): readonly TopicInfo[] {
    return [...this.#topics.values()].map(({ info }) => info)
  }

  async append({ topic, partition, records, writer }: AppendRequest): Promise<AppendResult> {
    if (!this.#isOpen) throw logClosed()
    const layout = layoutAppend(this.#topics.get(topic)?.nameBytes ?? utf8.encode(topic), records)
    assert(layout.count > 0, "a request has at least one record")
    const { sizeBytes } = layout
    if (sizeBytes > this.#ring.longestPayload) {
      throw recordTooLarge(sizeBytes, this.#ring.longestPayload, "request")
    }
    const isFull = this.#queuedBytes + sizeBytes > this.#limits.queueBytes
    const start = isFull ? -1 : this.#ring.reserve(sizeBytes)
    if (start < 0) throw logFull(this.#queuedBytes, this.#limits.queueBytes)
    const ticket = this.#nextTicket++
    writeAppend(this.#ring.bytes, start, layout, records, { ticket, partition, fence: writer?.fence ?? null })
    this.#ring.publish(start, FRAME_KIND.append)
    return this.#answerTo<AppendResult>(ticket, sizeBytes)
  }

  async read({ topic, partition, offset, maxBytes }: ReadRequest): Promise<ReadResult> {
    return this.#call({ method: "read", topic, partition, offset, maxBytes })
  }

  async range(topic: string, partition: number): Promise<OffsetRange> {
    return this.#call({ method: "range", topic, partition })
  }

  async offsetAtTime(topic: string, partition: number, timeMs: number): Promise<number> {
    return this.#call({ method: "offsetAtTime", topic, partition, timeMs })
  }

  async openWriter(topic: string): Promise<WriterToken> {
    return { topic, fence: await this.#call<number>({ method: "openWriter", topic }) }
  }

  async hold(holder: string, topic: string, partition: number, offset: number): Promise<void> {
    await this.#call({ method: "hold", holder, topic, partition, offset })
  }

  async pin(directory: string): Promise<readonly PinnedFile[]> {
    return this.#call({ method: "pin", directory })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOpen) return this.#thread.done
    const closed = this.#call({ method: "close" })
    this.#isOpen = false
    await closed
    await this.#thread.done
  }

  async #call<T>(call: Call): Promise<T> {
    if (!this.#isOpen) throw logClosed()
    const ticket = this.#nextTicket++
    const payload = utf8.encode(JSON.stringify({ ticket, call }))
    const isFull = this.#waiters.size >= MOST_WAITING_CALLS
    const start = isFull ? -1 : this.#ring.reserve(payload.length)
    if (start < 0) throw logFull(this.#queuedBytes, this.#limits.queueBytes)
    this.#ring.bytes.set(payload, start)
    this.#ring.publish(start, FRAME_KIND.call)
    return this.#answerTo<T>(ticket, 0)
  }

  #answerTo<T>(ticket: number, bytes: number): Promise<T> {
    this.#queuedBytes += bytes
    return new Promise<T>((resolve, reject) => {
      this.#waiters.set(ticket, { resolve: (value) => resolve(value as T), reject, bytes })
    })
  }

  #take(ticket: number): Waiter {
    const waiter = this.#waiters.get(ticket)
    assert(waiter !== undefined, "the log thread answers each request once")
    this.#waiters.delete(ticket)
    this.#queuedBytes -= waiter.bytes
    return waiter
  }

  #receive(message: ThreadMessage): void {
    switch (message.kind) {
      case "ready":
        this.#logId = message.logId
        for (const info of message.topics) this.#remember(info)
        this.#settleReady.resolve()
        break
      case "failed":
        this.#settleReady.reject(errorFromData(message.error))
        break
      case "appended":
        this.#receiveAppended(message.results)
        break
      case "answer":
        this.#take(message.ticket).resolve(message.value)
        break
      case "refused":
        this.#take(message.ticket).reject(errorFromData(message.error))
        break
      case "problem": {
        const error = errorFromData(message.error)
        reportProblem({ directory: this.#directory, action: message.action, error })
        break
      }
      default:
        assertNever(message)
    }
  }

  #remember(info: TopicInfo): void {
    this.#topics.set(info.name, { info, nameBytes: utf8.encode(info.name) })
  }

  #receiveAppended(results: Float64Array): void {
    for (let i = 0; i < results.length; i += 3) {
      const [ticket = -1, baseOffset = -1, appendTimeMs = -1] = results.subarray(i, i + 3)
      this.#take(ticket).resolve({ baseOffset, appendTimeMs })
    }
  }

  /** The thread is gone; what it did not answer was not acknowledged. */
  #end(error: Error | null): void {
    this.#isOpen = false
    const failure = logFailed(
      error === null ? "its thread has ended" : `its thread failed (${error.message})`,
      error,
    )
    this.#settleReady.reject(failure)
    for (const waiter of this.#waiters.values()) waiter.reject(failure)
    this.#waiters.clear()
    this.#queuedBytes = 0
  }
}
