/**
 * The answer of one running query, as it comes. Its beginning is held back until it is certain that there is
 * one: most queries that fail do so before their first 64 KiB, and then the caller hears a failure and not
 * half an answer. It ends once: with all of its bytes, with a failure, or stopped; a stopped one never looks
 * complete.
 */
import type { PlatformError } from "../../std/errors.ts"
import { engineFailure } from "./engine-failure.ts"

export interface AnswerOptions {
  readonly stream: AsyncIterable<Uint8Array>
  readonly timeoutMs: number
  /** Stops the query in the engine. */
  readonly stop: () => void
  /** Runs once, when the answer has ended in whichever way. */
  readonly onEnd: () => void
}

type State = "running" | "ended" | PlatformError | Error

export class StreamedAnswer implements AsyncIterableIterator<Uint8Array> {
  readonly #options: AnswerOptions
  readonly #source: AsyncIterator<Uint8Array>
  readonly #first: Uint8Array[] = []
  /** Settles when the answer is stopped, for those who wait for the engine meanwhile. */
  readonly #stopped = Promise.withResolvers<never>()
  #state: State = "running"

  constructor(options: AnswerOptions) {
    this.#options = options
    this.#source = options.stream[Symbol.asyncIterator]()
    this.#stopped.promise.catch(() => {})
  }

  /** Resolves when `bytes` bytes have come, or all. @throws what the engine says, or the reason of stop() */
  async begin(bytes: number): Promise<void> {
    for (let held = 0; held < bytes && this.#state === "running"; ) {
      const next = await this.#pull()
      if (next === null) return
      this.#first.push(next)
      held += next.length
    }
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#state instanceof Error) throw this.#state
    const value = this.#first.shift() ?? (await this.#pull())
    return value === null ? { done: true, value: undefined } : { done: false, value }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    if (this.#state === "running") this.#end("ended")
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** From now on next() fails with the reason. */
  stop(reason: PlatformError): void {
    if (this.#state !== "running") return
    this.#end(reason)
    this.#stopped.reject(reason)
  }

  async #pull(): Promise<Uint8Array | null> {
    if (this.#state === "ended") return null
    try {
      const next = await Promise.race([this.#source.next(), this.#stopped.promise])
      if (this.#state instanceof Error) throw this.#state
      if (next.done !== true) return next.value
      this.#end("ended")
      return null
    } catch (error) {
      const failure =
        this.#state instanceof Error ? this.#state : engineFailure(error, this.#options.timeoutMs)
      if (this.#state === "running")
        this.#end(failure instanceof Error ? failure : new Error(String(failure)))
      throw failure
    }
  }

  #end(state: State): void {
    this.#state = state
    this.#options.stop()
    // The source may be in the middle of a read that the stop ends with an error, which was told already.
    this.#source.return?.().catch(() => {})
    this.#options.onEnd()
  }
}
