/**
 * The state of an engine as of an epoch, held by references to its pages and put out while later epochs run.
 */
import { assert } from "../../std/assert.ts"
import type { CheckpointPart, EngineCheckpoint, PageMark } from "../engine-checkpoint.ts"
import type { PartOf } from "../graph/placement.ts"
import type { CapturedState } from "../operators/stateful-operator.ts"
import type { PageStore } from "../state/page-store.ts"
import { pageBytes } from "../state/page-store.ts"
import { type EngineMeta, jsonPart, META } from "./part-format.ts"
import { keyInCheckpoint, nameInCheckpoint } from "./part-names.ts"
import { pageName } from "./saved-state.ts"

/** Of one part of the engine. */
export interface HeldPart {
  readonly part: PartOf
  readonly store: PageStore
  readonly captures: readonly CapturedState[]
}

interface Held {
  readonly generation: number
  readonly meta: EngineMeta
  readonly parts: readonly HeldPart[]
}

interface HeldPage {
  readonly mark: PageMark
  readonly store: PageStore
  readonly page: number
}

const NO_BYTES = new Uint8Array(0)

export class HeldCheckpoint implements EngineCheckpoint {
  readonly epoch: number
  readonly generation: number
  readonly #held: Held
  #isReleased = false

  constructor(held: Held) {
    this.#held = held
    this.epoch = held.meta.epoch
    this.generation = held.generation
  }

  *parts(isHeld?: (page: PageMark) => boolean): Generator<CheckpointPart> {
    yield jsonPart(META, this.#held.meta)
    yield* this.#plainParts()
    let shared = NO_BYTES
    for (const { mark, store, page } of this.#pages()) {
      const name = pageName(mark.group, mark.index)
      if (isHeld?.(mark) === true) {
        yield { name, bytes: NO_BYTES, page: mark }
        continue
      }
      const sizeBytes = pageBytes(store.sizeClassOf(page))
      if (isHeld !== undefined && shared.length < sizeBytes) shared = new Uint8Array(sizeBytes)
      const target = isHeld === undefined ? new Uint8Array(sizeBytes) : shared
      yield { name, bytes: store.copyImage(page, target), page: mark }
    }
  }

  *#plainParts(): Generator<CheckpointPart> {
    for (const { part, captures } of this.#held.parts) {
      for (const capture of captures) {
        for (const { name, bytes } of capture.parts())
          yield { name: nameInCheckpoint(name, part.index), bytes }
      }
    }
  }

  *#pages(): Generator<HeldPage> {
    for (const { part, store, captures } of this.#held.parts) {
      for (const capture of captures) {
        for (const { id, pages } of capture.groups()) {
          const group = nameInCheckpoint(id, part.index)
          let index = 0
          for (const page of pages) {
            assert(!this.#isReleased, "a checkpoint is read before it is released")
            const key = keyInCheckpoint(store.keyOf(page), part)
            yield { mark: { group, index, key, stamp: store.stampOf(page) }, store, page }
            index++
          }
        }
      }
    }
  }

  [Symbol.dispose](): void {
    this.#isReleased = true
    for (const { captures } of this.#held.parts) for (const capture of captures) capture[Symbol.dispose]()
  }
}
