/**
 * A thread that answers calls while the one that called sleeps: neither returns to its event loop between a
 * question and its answer. Messages go through a port, the two counts through shared memory.
 *
 *   counts: [ asked, answered ]      the caller adds to the first and sleeps on the second, the thread the
 *                                    other way round
 */
import {
  MessageChannel,
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  Worker,
  workerData,
} from "node:worker_threads"
import { assert } from "../assert.ts"
import { threadFlags } from "./thread.ts"

const ASKED = 0
const ANSWERED = 1
/** How soon a caller notices that the thread is gone. */
const LOOK_AGAIN_MS = 500

interface ThreadStart {
  readonly port: MessagePort
  readonly counts: Int32Array
}

export class CalledThread {
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #counts = new Int32Array(new SharedArrayBuffer(8))
  readonly #ended: Promise<void>
  #asked = 0
  #failure: Error | null = null
  #isEnded = false

  /** Starts the module at `url`, which calls `answerCalls`; resolves when it does. @throws what it throws */
  static async start(url: URL): Promise<CalledThread> {
    const thread = new CalledThread(url)
    await Promise.race([
      new Promise((resolve) => thread.#worker.once("message", resolve)),
      thread.#ended.then(() => {
        throw thread.#failure ?? new Error("the thread ended before it took a call")
      }),
    ])
    // Only a loop that was looked at while it ran is told from one that never began.
    thread.#isGone()
    return thread
  }

  private constructor(url: URL) {
    const { port1, port2 } = new MessageChannel()
    const data: ThreadStart = { port: port2, counts: this.#counts }
    this.#worker = new Worker(url, { workerData: data, transferList: [port2], ...threadFlags() })
    this.#port = port1
    // Neither keeps a process alive that has nothing else to do.
    this.#port.unref()
    this.#worker.on("error", (error) => {
      this.#failure = error instanceof Error ? error : new Error(String(error))
    })
    this.#ended = new Promise((resolve) => {
      this.#worker.on("exit", () => {
        this.#isEnded = true
        resolve()
      })
    })
  }

  /** At work from now on; its answer is the next one that `answer` returns. */
  ask(question: unknown): void {
    this.#port.postMessage(question)
    this.#asked++
    Atomics.add(this.#counts, ASKED, 1)
    Atomics.notify(this.#counts, ASKED)
  }

  /** Sleeps until the answer to the oldest question without one is there. @throws when the thread ended */
  answer(): unknown {
    for (;;) {
      // Before the look at the port: an answer that comes behind the look is not counted here yet.
      const answered = Atomics.load(this.#counts, ANSWERED)
      const received = receiveMessageOnPort(this.#port)
      if (received !== undefined) return received.message
      assert(answered < this.#asked || this.#isGone(), "a question was asked")
      if (answered < this.#asked) Atomics.wait(this.#counts, ANSWERED, answered, LOOK_AGAIN_MS)
      if (this.#isGone()) throw this.#failure ?? new Error("the thread ended by itself")
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isEnded) this.ask(null)
    await this.#ended
    this.#port.close()
  }

  /** Known without the event loop, to which the thread's end is told: such a thread is idle for -1 ms. */
  #isGone(): boolean {
    return this.#isEnded || this.#worker.performance.eventLoopUtilization().idle < 0
  }
}

/** Inside the thread: answers one call after the other until the caller disposes of it; `end` comes last. */
export function answerCalls(answer: (question: unknown) => unknown, end: () => void = () => {}): void {
  const { port, counts } = workerData as ThreadStart
  assert(parentPort !== null, "this module runs in a thread of its own")
  // From inside the event loop, since only a loop that has begun tells that it ended.
  setImmediate(() => {
    parentPort!.postMessage("ready")
    for (let taken = 0; ; taken++) {
      Atomics.wait(counts, ASKED, taken)
      const received = receiveMessageOnPort(port)
      assert(received !== undefined, "a question is there when it is counted")
      if (received.message === null) break
      port.postMessage(answer(received.message))
      Atomics.add(counts, ANSWERED, 1)
      Atomics.notify(counts, ANSWERED)
    }
    end()
    port.close()
  })
}
