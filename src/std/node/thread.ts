/** Threads of this process: node:worker_threads behind two small faces, one for either side. */
import { setPriority } from "node:os"
import { isMainThread, parentPort, type Transferable, Worker, workerData } from "node:worker_threads"
import { assert } from "../assert.ts"

export interface ThreadEvents {
  message(message: unknown): void
  /** The thread ended: by itself (null), or by an error that it did not catch. Called once. */
  ended(error: Error | null): void
}

export interface Thread {
  /** Resolves when the thread has ended. */
  readonly done: Promise<void>
  /** To a thread that listens. */
  post(message: unknown, transfer?: readonly Transferable[]): void
  /** Keeps the process alive, or stops doing so. */
  keepAlive(isWanted: boolean): void
}

/** Starts the module at `url` in a thread of its own and hands it `data`. */
export function startThread(url: URL, data: unknown, events: ThreadEvents): Thread {
  const worker = new Worker(url, { workerData: data, ...threadFlags() })
  let failure: Error | null = null
  worker.on("message", (message) => events.message(message))
  worker.on("error", (error) => {
    failure = error instanceof Error ? error : new Error(String(error))
  })
  const done = new Promise<void>((resolve) => {
    worker.on("exit", () => {
      events.ended(failure)
      resolve()
    })
  })
  return {
    done,
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    keepAlive: (isWanted) => void (isWanted ? worker.ref() : worker.unref()),
  }
}

/** A thread inherits the flags of the process; --input-type, for `node -e`, makes one from a file fail. */
export function threadFlags(): { execArgv?: string[] } {
  return process.execArgv.some((flag) => flag.startsWith("--input-type")) ? { execArgv: [] } : {}
}

/** The module of this name beside `moduleUrl`, with its ending: .ts in the sources, .js in the package. */
export function siblingModule(name: string, moduleUrl: string): URL {
  return new URL(`./${name}${moduleUrl.endsWith(".ts") ? ".ts" : ".js"}`, moduleUrl)
}

export interface ThreadParent {
  readonly data: unknown
  /** Sends at once, even from a thread that never returns to its event loop. */
  post(message: unknown, transfer?: readonly Transferable[]): void
  /** Messages from above, one after the other; the thread lives until `close`. */
  listen(listener: (message: unknown) => void): void
  /** Takes no more messages: the thread ends when it has nothing else to do. */
  close(): void
}

/** Inside a thread: who started it, and what with. */
export function threadParent(): ThreadParent {
  const port = parentPort
  assert(!isMainThread && port !== null, "this module runs in a thread of its own")
  return {
    data: workerData,
    post: (message, transfer = []) => port.postMessage(message, transfer),
    listen: (listener) => void port.on("message", listener),
    close: () => port.close(),
  }
}

/**
 * Below other threads by `nice` steps; only where a thread has a priority of its own, which is on Linux.
 */
export function lowerThreadPriority(nice: number): void {
  if (process.platform === "linux") setPriority(nice)
}
