/** Threads for the parts of an engine beside the first. Engines use them one after the other. */
import type { EngineOptions } from "../../../engine/create-engine.ts"
import { createEngineOf } from "../../../engine/create-engine.ts"
import type { Engine, OperatorSpec } from "../../../engine/dataflow.ts"
import { CalledThread } from "../../../std/node/called-thread.ts"
import { siblingModule } from "../../../std/node/thread.ts"
import type { PartAnswer } from "./messages.ts"
import type { PartLink } from "./remote-part.ts"
import { ThreadedCrew } from "./threaded-crew.ts"

export class EngineWorkers implements AsyncDisposable {
  readonly #threads: readonly CalledThread[]
  readonly #spillDirectory: string | null

  /**
   * @param count of parts in all; the thread that calls this is the first one's
   * @param spillDirectory where threads make files for state that memory has no room for; null: nowhere
   */
  static async start(count: number, spillDirectory: string | null = null): Promise<EngineWorkers> {
    const url = siblingModule("part-thread", import.meta.url)
    const starts = Array.from({ length: count - 1 }, () => CalledThread.start(url))
    return new EngineWorkers(await Promise.all(starts), spillDirectory)
  }

  private constructor(threads: readonly CalledThread[], spillDirectory: string | null) {
    this.#threads = threads
    this.#spillDirectory = spillDirectory
  }

  createEngine(specs: readonly OperatorSpec[], options: EngineOptions): Engine {
    const links = this.#threads.map((thread, k) => this.#linkTo(thread, k + 1))
    return createEngineOf(specs, options, (crew) => new ThreadedCrew(crew, links))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread[Symbol.asyncDispose]()))
  }

  #linkTo(thread: CalledThread, index: number): PartLink {
    return {
      ask: (question) => thread.ask(question),
      answer: () => thread.answer() as PartAnswer,
      spillDirectory: this.#spillDirectory === null ? null : `${this.#spillDirectory}/worker-${index}`,
    }
  }
}
