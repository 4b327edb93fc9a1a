/** A part of an engine behind questions and answers. What it fails with is an answer, too. */
import type { HeldPage, HeldPart } from "../../../engine/checkpoint/held-checkpoint.ts"
import { SavedState } from "../../../engine/checkpoint/saved-state.ts"
import type { EpochResult } from "../../../engine/dataflow.ts"
import type { Exchanging, Offer } from "../../../engine/exchange/offer.ts"
import { planRoutes } from "../../../engine/graph/routes.ts"
import { EnginePart } from "../../../engine/part.ts"
import type { SpillFile } from "../../../engine/state/spilled-pages.ts"
import { assert } from "../../../std/assert.ts"
import { errorToData } from "../../../std/error-data.ts"
import { isPlatformError } from "../../../std/errors.ts"
import { freshMemory } from "./epoch-memory.ts"
import type { PartAnswer, PartAtRest, PartQuestion, SentContents, SentState } from "./messages.ts"
import { shareChanges } from "./shared-batch.ts"

type Question<Kind extends PartQuestion["kind"]> = PartQuestion & { readonly kind: Kind }

/** State that is held, and how far its pages were looked at. */
interface Held {
  readonly part: HeldPart
  pages: Iterator<HeldPage>
  next: number
}

export interface PartHostOptions {
  readonly nowMs: () => number
  /** Makes a file for state that memory has no room for. */
  readonly openSpill: (directory: string) => SpillFile
}

export class PartHost implements Disposable {
  readonly #options: PartHostOptions
  #part: EnginePart | null = null
  /** Into what state is read, until all pages are there. */
  #restoring: SavedState | null = null
  /** The epoch that is under way. */
  #run: Exchanging<EpochResult> | null = null
  readonly #held = new Map<number, Held>()
  #lastHeld = 0

  constructor(options: PartHostOptions) {
    this.#options = options
  }

  answer(question: PartQuestion): PartAnswer {
    try {
      return this.#answer(question)
    } catch (error) {
      const data = isPlatformError(error) ? errorToData(error) : null
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      return { kind: "failed", error: data, message: text }
    }
  }

  [Symbol.dispose](): void {
    this.#part?.[Symbol.dispose]()
  }

  #answer(question: PartQuestion): PartAnswer {
    switch (question.kind) {
      case "make":
        return this.#make(question)
      case "restore":
        return this.#restore(question.state)
      case "fill":
        return this.#fill(question)
      case "filled":
        return this.#filled()
      case "epoch":
        this.#run = this.#made.runEpoch(question.input)
        return this.#step([])
      case "step":
        return this.#step(question.offers)
      case "work":
        return { kind: "work", work: this.#made.work(question.view) }
      case "hold":
        return { kind: "held", held: this.#hold(question.generation) }
      case "contents":
        return { kind: "contents", contents: this.#contents(question.held) }
      case "pages":
        return this.#pages(question)
      case "release":
        this.#held.get(question.held)?.part[Symbol.dispose]()
        this.#held.delete(question.held)
        return DONE
    }
  }

  get #made(): EnginePart {
    assert(this.#part !== null, "a part is made before it is asked")
    return this.#part
  }

  #make({ specs, part, maxStateBytes, spill }: Question<"make">): PartAnswer {
    const { nowMs, openSpill } = this.#options
    this.#part?.[Symbol.dispose]()
    this.#part = new EnginePart({
      ...{ specs, graph: planRoutes(specs), part, maxStateBytes, nowMs },
      spill: spill === null ? null : { ...spill, openFile: () => openSpill(spill.directory) },
    })
    this.#run = null
    this.#restoring = null
    this.#held.clear()
    return { kind: "rest", rest: this.#atRest() }
  }

  #restore({ plain, lastKey, watermarks }: SentState): PartAnswer {
    const part = this.#made
    part.store.raiseKeys(lastKey)
    // Names and keys are the part's own.
    const alone = { index: 0, count: 1 }
    const saved = new SavedState(part.store, new Map(plain.map(({ name, bytes }) => [name, bytes])), alone)
    part.restore(saved, { kept: new Set(part.views.keys()), derived: new Set() })
    part.watermarks.restore(watermarks)
    this.#restoring = saved
    return DONE
  }

  #fill({ marks, images }: Question<"fill">): PartAnswer {
    let start = 0
    for (const mark of marks) {
      const target = this.#restoring?.of(mark) ?? null
      assert(target !== null, "a page that was sent has its place")
      const image = new Uint8Array(images, start, target.sizeBytes)
      target.change((bytes) => bytes.set(image))
      start += target.sizeBytes
    }
    return DONE
  }

  #filled(): PartAnswer {
    assert(this.#restoring !== null, "a part is restored before it is filled")
    this.#restoring.checkFilled()
    this.#restoring = null
    return { kind: "rest", rest: this.#atRest() }
  }

  #step(offers: readonly Offer[]): PartAnswer {
    assert(this.#run !== null, "an epoch is under way")
    const step = this.#run.next(offers)
    if (step.done === true) {
      this.#run = null
      return { kind: "rest", rest: this.#atRest() }
    }
    const { changes, reports, readers } = step.value
    const shared = changes.map((batch) => (batch === null ? null : shareChanges(batch, freshMemory)))
    const ruled = reports.map(({ verdicts, failures, goneEnds }) => ({ verdicts, failures, goneEnds }))
    return { kind: "offer", offer: { changes: shared, reports: ruled, readers } }
  }

  #atRest(): PartAtRest {
    const part = this.#made
    return {
      generation: part.generation,
      lastKey: part.lastKey,
      wakeAtMs: part.wakeAtMs(),
      stateBytes: part.stateBytes(),
      spill: part.spill(),
      losses: new Map([...part.views.keys()].map((view) => [view, part.lossesOf(view)])),
    }
  }

  #hold(generation: number): number {
    const part = this.#made.hold(generation)
    const held = ++this.#lastHeld
    this.#held.set(held, { part, pages: allPages(part), next: 0 })
    return held
  }

  #heldAs(number: number): Held {
    const held = this.#held.get(number)
    assert(held !== undefined, "state is asked for while it is held")
    return held
  }

  #contents(number: number): SentContents {
    const { part } = this.#heldAs(number)
    const pages = Array.from(part.pages(EACH), ({ mark, sizeBytes }) => ({ mark, sizeBytes }))
    return { plain: [...part.parts()], pages }
  }

  /** Pages are found again as they are reached: meanwhile they may have left memory, or come back. */
  #pages({ held: number, places, images }: Question<"pages">): PartAnswer {
    const held = this.#heldAs(number)
    let start = 0
    for (const place of places) {
      if (place < held.next) Object.assign(held, { pages: allPages(held.part), next: 0 })
      let step = held.pages.next()
      for (held.next++; held.next <= place; held.next++) step = held.pages.next()
      assert(step.done !== true, "a page that is asked for is held")
      const { sizeBytes, copyTo } = step.value
      copyTo(new Uint8Array(images, start, sizeBytes))
      start += sizeBytes
    }
    return DONE
  }
}

const EACH = () => true
const allPages = (part: HeldPart) => part.pages(EACH)[Symbol.iterator]()

const DONE: PartAnswer = { kind: "done" }
