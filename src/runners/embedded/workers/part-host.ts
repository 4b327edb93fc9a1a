/** A part of an engine behind questions and answers. What it fails with is an answer, too. */
import type { HeldPage, HeldPart } from "../../../engine/checkpoint/held-checkpoint.ts"
import { SavedState } from "../../../engine/checkpoint/saved-state.ts"
import type { EpochResult } from "../../../engine/dataflow.ts"
import type { Exchanging, Offer } from "../../../engine/exchange/offer.ts"
import { planRoutes } from "../../../engine/graph/routes.ts"
import { EnginePart } from "../../../engine/part.ts"
import { assert } from "../../../std/assert.ts"
import { errorToData } from "../../../std/error-data.ts"
import { isPlatformError } from "../../../std/errors.ts"
import type { PartAnswer, PartAtRest, PartQuestion, SentHold, SentState } from "./messages.ts"
import { shareChanges } from "./shared-batch.ts"

type Question<Kind extends PartQuestion["kind"]> = PartQuestion & { readonly kind: Kind }

interface Held {
  readonly part: HeldPart
  readonly pages: readonly HeldPage[]
}

export class PartHost {
  readonly #nowMs: () => number
  #part: EnginePart | null = null
  /** The epoch that is under way. */
  #run: Exchanging<EpochResult> | null = null
  readonly #held = new Map<number, Held>()
  #lastHeld = 0

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
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

  #answer(question: PartQuestion): PartAnswer {
    switch (question.kind) {
      case "make":
        return this.#make(question)
      case "restore":
        return this.#restore(question.state)
      case "epoch":
        this.#run = this.#made.runEpoch(question.input)
        return this.#step([])
      case "step":
        return this.#step(question.offers)
      case "work":
        return { kind: "work", work: this.#made.work(question.view) }
      case "hold":
        return { kind: "held", held: this.#hold(question.generation) }
      case "page":
        return { kind: "page", image: this.#image(question) }
      case "release":
        this.#held.get(question.held)?.part[Symbol.dispose]()
        this.#held.delete(question.held)
        return { kind: "released" }
    }
  }

  get #made(): EnginePart {
    assert(this.#part !== null, "a part is made before it is asked")
    return this.#part
  }

  #make({ specs, part, maxStateBytes }: Question<"make">): PartAnswer {
    this.#part = new EnginePart({ specs, graph: planRoutes(specs), part, maxStateBytes, nowMs: this.#nowMs })
    this.#run = null
    this.#held.clear()
    return { kind: "rest", rest: this.#atRest() }
  }

  #restore({ plain, pages, watermarks }: SentState): PartAnswer {
    const part = this.#made
    // Names and keys are the part's own.
    const alone = { index: 0, count: 1 }
    const saved = new SavedState(part.store, new Map(plain.map(({ name, bytes }) => [name, bytes])), alone)
    part.restore(saved)
    part.watermarks.restore(watermarks)
    for (const { mark, image } of pages) {
      const target = saved.of(mark)
      assert(target !== null && target.length === image.length, "a page that was sent has its place")
      target.set(image)
    }
    saved.checkFilled()
    return { kind: "rest", rest: this.#atRest() }
  }

  #step(offers: readonly Offer[]): PartAnswer {
    assert(this.#run !== null, "an epoch is under way")
    const step = this.#run.next(offers)
    if (step.done === true) {
      this.#run = null
      return { kind: "rest", rest: this.#atRest() }
    }
    const { changes, reports } = step.value
    const shared = changes.map((batch) => (batch === null ? null : shareChanges(batch)))
    const ruled = reports.map(({ verdicts, failures, goneEnds }) => ({ verdicts, failures, goneEnds }))
    return { kind: "offer", offer: { changes: shared, reports: ruled } }
  }

  #atRest(): PartAtRest {
    const part = this.#made
    return {
      generation: part.generation,
      wakeAtMs: part.wakeAtMs(),
      stateBytes: part.stateBytes(),
      losses: new Map([...part.views.keys()].map((view) => [view, part.lossesOf(view)])),
    }
  }

  #hold(generation: number): SentHold {
    const part = this.#made.hold(generation)
    const pages = [...part.pages()]
    const held = ++this.#lastHeld
    this.#held.set(held, { part, pages })
    return {
      held,
      plain: [...part.parts()],
      pages: pages.map(({ mark, sizeBytes }) => ({ mark, sizeBytes })),
    }
  }

  #image({ held, place }: Question<"page">): Uint8Array {
    const page = this.#held.get(held)?.pages[place]
    assert(page !== undefined, "a page is asked for while it is held")
    return page.copyTo(new Uint8Array(new SharedArrayBuffer(page.sizeBytes)))
  }
}
