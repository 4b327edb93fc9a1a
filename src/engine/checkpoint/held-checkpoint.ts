/**
 * The state of an engine as of an epoch, held by references to its pages and put out while later epochs run.
 */
import { assert } from "../../std/assert.ts"
import type { CheckpointPart, EngineCheckpoint, PageMark } from "../engine-checkpoint.ts"
import type { CapturedState } from "../operators/stateful-operator.ts"
import { pageBytes } from "../state/page-sizes.ts"
import type { PageStore } from "../state/page-store.ts"
import { type EngineMeta, jsonPart, META } from "./part-format.ts"
import { pageName } from "./saved-state.ts"

interface Held {
  readonly generation: number
  readonly meta: EngineMeta
  readonly captures: readonly CapturedState[]
}

const NO_BYTES = new Uint8Array(0)

export class HeldCheckpoint implements EngineCheckpoint {
  readonly epoch: number
  readonly generation: number
  readonly #store: PageStore
  readonly #held: Held
  #isReleased = false

  constructor(store: PageStore, held: Held) {
    this.#store = store
    this.#held = held
    this.epoch = held.meta.epoch
    this.generation = held.generation
  }

  *parts(isHeld?: (page: PageMark) => boolean): Generator<CheckpointPart> {
    const { meta, captures } = this.#held
    yield jsonPart(META, meta)
    for (const capture of captures) yield* capture.parts()
    let shared = NO_BYTES
    for (const { mark, page } of this.#pages()) {
      const name = pageName(mark.group, mark.index)
      if (isHeld?.(mark) === true) {
        yield { name, bytes: NO_BYTES, page: mark }
        continue
      }
      const sizeBytes = pageBytes(this.#store.sizeClassOf(page))
      if (isHeld !== undefined && shared.length < sizeBytes) shared = new Uint8Array(sizeBytes)
      const target = isHeld === undefined ? new Uint8Array(sizeBytes) : shared
      yield { name, bytes: this.#store.copyImage(page, target), page: mark }
    }
  }

  *#pages(): Generator<{ readonly mark: PageMark; readonly page: number }> {
    for (const capture of this.#held.captures) {
      for (const { id: group, pages } of capture.groups()) {
        let index = 0
        for (const page of pages) {
          assert(!this.#isReleased, "a checkpoint is read before it is released")
          const mark = { group, index, key: this.#store.keyOf(page), stamp: this.#store.stampOf(page) }
          yield { mark, page }
          index++
        }
      }
    }
  }

  [Symbol.dispose](): void {
    this.#isReleased = true
    for (const capture of this.#held.captures) capture[Symbol.dispose]()
  }
}
