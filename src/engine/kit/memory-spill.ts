/**
 * A spill file in memory, that reads only what was written; and engines whose pages leave whenever they may.
 */
import { assert } from "../../std/assert.ts"
import type { EngineOptions } from "../create-engine.ts"
import type { SpillFile } from "../state/spilled-pages.ts"

export class MemorySpill implements SpillFile {
  readonly #images = new Map<number, Uint8Array>()
  /** Called before anything is written or read; throws where that is to fail. */
  before: (what: "write" | "read") => void = () => {}
  writes = 0
  reads = 0

  write(image: Uint8Array, at: number): void {
    this.before("write")
    this.writes++
    this.#images.set(at, image.slice())
  }

  read(target: Uint8Array, at: number): void {
    this.before("read")
    this.reads++
    const image = this.#images.get(at)
    assert(image !== undefined && image.length === target.length, "what is read was written as a whole")
    target.set(image)
  }

  [Symbol.dispose](): void {
    this.#images.clear()
    this.before = () => assert(false, "a file that is closed is not used")
  }
}

/** Options of an engine that keeps no page longer than a row's loop needs it. */
export function keepingNothing(openFile: () => SpillFile = () => new MemorySpill()): EngineOptions {
  return { spill: { openFile, keepBytes: 0, crowdedBytes: 0 } }
}
