/**
 * The thread of a threaded log. It never returns to its event loop: it takes what the ring holds, commits it
 * as one group, answers, and sleeps on the ring when there is nothing to do. So while one group is synced the
 * next one collects, and no request waits for a timer.
 */
import { assertNever } from "../../std/assert.ts"
import { errorToData } from "../../std/error-data.ts"
import { isPlatformError, type PlatformError } from "../../std/errors.ts"
import { NodeClock } from "../../std/node/clock.ts"
import { NodeDisk } from "../../std/node/disk.ts"
import { NodeRandom } from "../../std/node/random.ts"
import { type Frame, SharedRing } from "../../std/node/ring.ts"
import { threadParent } from "../../std/node/thread.ts"
import type { ReadResult } from "../log.ts"
import { readAppend } from "./append-frame.ts"
import { LogCore } from "./core.ts"
import {
  type Call,
  FRAME_KIND,
  type FramedCall,
  type ThreadMessage,
  type ThreadStart,
} from "./thread-messages.ts"

const parent = threadParent()
const start = parent.data as ThreadStart

function post(message: ThreadMessage, transfer: readonly ArrayBuffer[] = []): void {
  parent.post(message, transfer)
}

/** Calls `action`; what the platform knows how to say is returned, anything else ends the thread. */
function attempt(action: () => void): PlatformError | null {
  try {
    action()
    return null
  } catch (error) {
    if (isPlatformError(error)) return error
    throw error
  }
}

class LogThread {
  readonly #ring = new SharedRing(start.ring)
  readonly #clock = new NodeClock()
  readonly #core: LogCore
  #appended: number[] = []
  #upkeepDueMs = 0
  #closing: number | null = null

  constructor() {
    this.#core = LogCore.open({
      disk: new NodeDisk(),
      clock: this.#clock,
      random: new NodeRandom(),
      directory: start.directory,
      limits: start.limits,
      verify: start.verify,
      sink: {
        appended: (...result) => void this.#appended.push(...result),
        refused: (ticket, error) => post({ kind: "refused", ticket, error: errorToData(error) }),
      },
    })
    post({ kind: "ready", logId: this.#core.logId, topics: this.#core.topics() })
  }

  run(): void {
    this.#upkeepDueMs = this.#clock.monotonicMs() + start.limits.maintenanceMs
    while (this.#closing === null) {
      this.#drain()
      this.#commit()
      this.#upkeep()
      if (this.#closing === null) this.#ring.wait(Math.max(0, this.#upkeepDueMs - this.#clock.monotonicMs()))
    }
    const ticket = this.#closing
    const error = attempt(() => this.#core.close())
    this.#sendAppended()
    if (error === null) post({ kind: "answer", ticket, value: null })
    else post({ kind: "refused", ticket, error: errorToData(error) })
  }

  /** Takes frames until there is none, or the group is as large as it should get. */
  #drain(): void {
    while (this.#core.pendingBytes < start.limits.groupBytes && this.#closing === null) {
      const frame = this.#ring.peek()
      if (frame === null) return
      if (frame.kind === FRAME_KIND.append) this.#append(frame)
      else this.#call(frame)
      this.#ring.release()
    }
  }

  #append(frame: Frame): void {
    const request = readAppend(this.#ring.bytes, frame.start)
    const error = attempt(() => this.#core.append(request))
    if (error !== null) post({ kind: "refused", ticket: request.ticket, error: errorToData(error) })
  }

  #call(frame: Frame): void {
    const json = Buffer.from(this.#ring.bytes.subarray(frame.start, frame.start + frame.length)).toString()
    const { ticket, call } = JSON.parse(json) as FramedCall
    const error = attempt(() => this.#answer(ticket, call))
    if (error !== null) post({ kind: "refused", ticket, error: errorToData(error) })
  }

  #answer(ticket: number, call: Call): void {
    if (call.method === "close") {
      this.#closing = ticket
      return
    }
    const value = this.#valueOf(call)
    // What a new writer fenced off was committed before, and is answered before.
    this.#sendAppended()
    const transfer = call.method === "read" ? [(value as ReadResult).batches.buffer as ArrayBuffer] : []
    post({ kind: "answer", ticket, value }, transfer)
  }

  #valueOf(call: Exclude<Call, { method: "close" }>): unknown {
    const core = this.#core
    switch (call.method) {
      case "createTopic":
        return core.createTopic(call.spec)
      case "openWriter":
        return core.openWriter(call.topic)
      case "read":
        return core.read(call.topic, call.partition, call)
      case "range":
        return core.range(call.topic, call.partition)
      case "offsetAtTime":
        return core.offsetAtTime(call.topic, call.partition, call.timeMs)
      case "hold":
        core.hold(call.holder, call.topic, call.partition, call.offset)
        return null
      case "pin":
        return core.pin(call.directory)
      default:
        return assertNever(call)
    }
  }

  #commit(): void {
    this.#core.commit()
    this.#sendAppended()
  }

  #sendAppended(): void {
    if (this.#appended.length === 0) return
    const results = Float64Array.from(this.#appended)
    this.#appended = []
    post({ kind: "appended", results }, [results.buffer])
  }

  #upkeep(): void {
    if (this.#clock.monotonicMs() < this.#upkeepDueMs) return
    let isMoreWaiting = false
    const error = attempt(() => {
      isMoreWaiting = this.#core.maintain()
    })
    if (error !== null) post({ kind: "problem", action: "upkeep", error: errorToData(error) })
    // While compaction has work it gets a turn after every group, and appends get one after every segment.
    this.#upkeepDueMs = this.#clock.monotonicMs() + (isMoreWaiting ? 0 : start.limits.maintenanceMs)
  }
}

const failure = attempt(() => new LogThread().run())
if (failure !== null) post({ kind: "failed", error: errorToData(failure) })
