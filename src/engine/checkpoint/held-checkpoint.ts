/**
 * The state of an engine as of an epoch, held by references to its pages and put out while later epochs run.
 */
import { assert } from "../../std/assert.ts"
import type { CheckpointPart, EngineCheckpoint, PageMark } from "../engine-checkpoint.ts"
import type { PartOf } from "../graph/placement.ts"
import type { CapturedState } from "../operators/stateful-operator.ts"
import { pageBytes } from "../state/page-sizes.ts"
import type { PageStore } from "../state/page-store.ts"
import { type EngineMeta, jsonPart, META } from "./part-format.ts"
import { keyInCheckpoint, nameInCheckpoint } from "./part-names.ts"
import { pageName } from "./saved-state.ts"

/** Of one part of the engine, which names its state as it does itself. */
export interface HeldPart extends Disposable {
  readonly part: PartOf
  /** Everything but pages. */
  parts(): Iterable<CheckpointPart>
  /** In the order in which a restore asks for them. Images are asked for of those that are wanted. */
  pages(isWanted: (mark: PageMark) => boolean): Iterable<HeldPage>
}

interface Held {
  readonly generation: number
  readonly meta: EngineMeta
  readonly parts: readonly HeldPart[]
}

export interface HeldPage {
  readonly mark: PageMark
  readonly sizeBytes: number
  /** Writes the image to the begin of `target`; returns that part of it. */
  copyTo(target: Uint8Array): Uint8Array
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
    for (const page of this.#pages((mark) => isHeld?.(mark) !== true)) {
      const { mark, sizeBytes } = page
      const name = pageName(mark.group, mark.index)
      if (isHeld?.(mark) === true) {
        yield { name, bytes: NO_BYTES, page: mark }
        continue
      }
      if (isHeld !== undefined && shared.length < sizeBytes) shared = new Uint8Array(sizeBytes)
      const target = isHeld === undefined ? new Uint8Array(sizeBytes) : shared
      yield { name, bytes: page.copyTo(target), page: mark }
    }
  }

  *#plainParts(): Generator<CheckpointPart> {
    for (const held of this.#held.parts) {
      for (const { name, bytes } of held.parts())
        yield { name: nameInCheckpoint(name, held.part.index), bytes }
    }
  }

  *#pages(isWanted: (mark: PageMark) => boolean): Generator<HeldPage> {
    for (const held of this.#held.parts) {
      for (const page of held.pages((mark) => isWanted(markInCheckpoint(mark, held.part)))) {
        assert(!this.#isReleased, "a checkpoint is read before it is released")
        yield { ...page, mark: markInCheckpoint(page.mark, held.part) }
      }
    }
  }

  [Symbol.dispose](): void {
    this.#isReleased = true
    for (const held of this.#held.parts) held[Symbol.dispose]()
  }
}

function markInCheckpoint(mark: PageMark, part: PartOf): PageMark {
  return { ...mark, group: nameInCheckpoint(mark.group, part.index), key: keyInCheckpoint(mark.key, part) }
}

/** What operators have captured in one page store. */
export function holdCaptures(part: PartOf, store: PageStore, captures: readonly CapturedState[]): HeldPart {
  return {
    part,
    *parts() {
      for (const capture of captures) yield* capture.parts()
    },
    *pages() {
      for (const capture of captures) {
        for (const { id: group, pages } of capture.groups()) {
          let index = 0
          for (const page of pages) {
            yield {
              mark: { group, index: index++, key: store.keyOf(page), stamp: store.stampOf(page) },
              sizeBytes: pageBytes(store.sizeClassOf(page)),
              copyTo: (target) => store.copyImage(page, target),
            }
          }
        }
      }
    },
    [Symbol.dispose]: () => {
      for (const capture of captures) capture[Symbol.dispose]()
    },
  }
}
