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

  /** @param count of parts in all; the thread that calls this is the first one's */
  static async start(count: number): Promise<EngineWorkers> {
    const url = siblingModule("part-thread", import.meta.url)
    const starts = Array.from({ length: count - 1 }, () => CalledThread.start(url))
    return new EngineWorkers(await Promise.all(starts))
  }

  private constructor(threads: readonly CalledThread[]) {
    this.#threads = threads
  }

  createEngine(specs: readonly OperatorSpec[], options: EngineOptions): Engine {
    return createEngineOf(specs, options, (crew) => new ThreadedCrew(crew, this.#threads.map(linkTo)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread[Symbol.asyncDispose]()))
  }
}

function linkTo(thread: CalledThread): PartLink {
  return {
    ask: (question) => thread.ask(question),
    answer: () => thread.answer() as PartAnswer,
  }
}
