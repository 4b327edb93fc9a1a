/**
 * A part of the engine in another thread, as the engine sees it. The thread works only while somebody waits
 * for it, so what it said when it last came to rest is still true.
 */
import type { HeldPage, HeldPart } from "../../../engine/checkpoint/held-checkpoint.ts"
import { type CrewOptions, type OtherPart, partOfLimit } from "../../../engine/crew.ts"
import type { EpochInput, OperatorWork, ViewLosses } from "../../../engine/dataflow.ts"
import type { PageMark } from "../../../engine/engine-checkpoint.ts"
import type { Offer } from "../../../engine/exchange/offer.ts"
import type { PartOf } from "../../../engine/graph/placement.ts"
import type { EnginePart } from "../../../engine/part.ts"
import type { SpillStats } from "../../../engine/state/spilled-pages.ts"
import { assert } from "../../../std/assert.ts"
import { errorFromData } from "../../../std/error-data.ts"
import { workerFailed } from "../errors.ts"
import { ImageRoom } from "./image-room.ts"
import type { PartAnswer, PartAtRest, PartQuestion, SentContents, SentSpill } from "./messages.ts"
import { sendableSpec } from "./sendable-spec.ts"

/** To where the part is: a thread, or in tests an object. */
export interface PartLink {
  ask(question: PartQuestion): void
  /** Waits. @throws when nobody will answer any more */
  answer(): PartAnswer
  /** Where the part's state goes that memory has no room for; null: nowhere. */
  readonly spillDirectory: string | null
}

type Answer<Kind extends PartAnswer["kind"]> = PartAnswer & { readonly kind: Kind }

export class RemotePart implements OtherPart {
  readonly #link: PartLink
  readonly #part: PartOf
  #rest: PartAtRest
  #isAbandoned = false

  constructor(link: PartLink, { specs, maxStateBytes, spill }: CrewOptions, part: PartOf) {
    this.#link = link
    this.#part = part
    const { keepBytes, crowdedBytes } = spill ?? {}
    const marks = {
      ...(keepBytes === undefined ? {} : { keepBytes }),
      ...(crowdedBytes === undefined ? {} : { crowdedBytes }),
    }
    const sent: SentSpill | null =
      spill === null || link.spillDirectory === null ? null : { directory: link.spillDirectory, ...marks }
    this.#rest = this.#call(
      {
        ...{ kind: "make", specs: specs.map(sendableSpec), part, spill: sent },
        maxStateBytes: partOfLimit(maxStateBytes, part.count),
      },
      "rest",
    ).rest
  }

  get generation(): number {
    return this.#rest.generation
  }

  get lastKey(): number {
    return this.#rest.lastKey
  }

  lossesOf(view: string): ViewLosses {
    const losses = this.#rest.losses.get(view)
    assert(losses !== undefined, `view ${view} exists`)
    return losses
  }

  wakeAtMs(): number | null {
    return this.#rest.wakeAtMs
  }

  stateBytes(): number {
    return this.#rest.stateBytes
  }

  spill(): SpillStats {
    return this.#rest.spill
  }

  /** Nothing of a part that failed: what the others have done can be told all the same. */
  work(view: string): readonly OperatorWork[] {
    if (this.#isAbandoned) return []
    return this.#call({ kind: "work", view }, "work").work
  }

  /** Takes the state of a part with the same keys, some pages at a time: there is no room for all twice. */
  replace(part: EnginePart): void {
    using held = part.hold(part.generation)
    const { lastKey, watermarks } = part
    const state = { plain: [...held.parts()], lastKey, watermarks: watermarks.entries() }
    this.#call({ kind: "restore", state }, "done")
    const room = new ImageRoom()
    let marks: PageMark[] = []
    const send = () => {
      this.#call({ kind: "fill", marks, images: room.memory }, "done")
      marks = []
      room.clear()
    }
    for (const { mark, sizeBytes, copyTo } of held.pages(() => true)) {
      let image = room.add(sizeBytes)
      if (image === null) {
        send()
        image = room.add(sizeBytes)
      }
      assert(image !== null, "an image alone has room")
      copyTo(image)
      marks.push(mark)
    }
    send()
    this.#rest = this.#call({ kind: "filled" }, "rest").rest
  }

  /** At work on the epoch's first step from now on. */
  begin(input: EpochInput): void {
    this.#link.ask({ kind: "epoch", input })
  }

  /** At work on the next step. */
  goOn(offers: readonly Offer[]): void {
    this.#link.ask({ kind: "step", offers })
  }

  /** What it offers now; null when it is done with the epoch. */
  offer(): Offer | null {
    const answer = this.#answer()
    if (answer.kind === "offer") return answer.offer
    this.#rest = this.#expect(answer, "rest").rest
    return null
  }

  hold(generation: number): HeldPart {
    const { held } = this.#call({ kind: "hold", generation }, "held")
    this.#rest = { ...this.#rest, generation: generation + 1 }
    let known: SentContents | null = null
    const contents = () => {
      known ??= this.#call({ kind: "contents", held }, "contents").contents
      return known
    }
    return {
      part: this.#part,
      parts: () => contents().plain,
      pages: (isWanted) => this.#pages(held, contents(), isWanted),
      [Symbol.dispose]: () => {
        if (!this.#isAbandoned) this.#call({ kind: "release", held }, "done")
      },
    }
  }

  /** An epoch has failed, here or in another part: nobody waits for answers any more. */
  abandon(): void {
    this.#isAbandoned = true
  }

  /** With the image of a page that is wanted come those of the next ones. */
  *#pages(held: number, { pages }: SentContents, isWanted: (mark: PageMark) => boolean): Generator<HeldPage> {
    const room = new ImageRoom()
    const brought = new Map<number, Uint8Array>()
    const bring = (from: number) => {
      brought.clear()
      room.clear()
      for (let place = from; place < pages.length; place++) {
        const { mark, sizeBytes } = pages[place]!
        if (!isWanted(mark)) continue
        const image = room.add(sizeBytes)
        if (image === null) break
        brought.set(place, image)
      }
      this.#call({ kind: "pages", held, places: [...brought.keys()], images: room.memory }, "done")
    }
    for (const [place, page] of pages.entries()) {
      const copyTo = (target: Uint8Array) => {
        if (!brought.has(place)) bring(place)
        const image = brought.get(place)
        assert(image !== undefined, "the image of a page is asked for where it is wanted")
        target.set(image)
        return target.subarray(0, image.length)
      }
      yield { ...page, copyTo }
    }
  }

  #call<Kind extends PartAnswer["kind"]>(question: PartQuestion, kind: Kind): Answer<Kind> {
    assert(!this.#isAbandoned, "a part of an engine that failed is not asked again")
    this.#link.ask(question)
    return this.#expect(this.#answer(), kind)
  }

  #expect<Kind extends PartAnswer["kind"]>(answer: PartAnswer, kind: Kind): Answer<Kind> {
    assert(answer.kind === kind, `a part that is asked answers ${kind}, not ${answer.kind}`)
    return answer as Answer<Kind>
  }

  /** @throws what the part failed with */
  #answer(): PartAnswer {
    let answer: PartAnswer
    try {
      answer = this.#link.answer()
    } catch (cause) {
      this.abandon()
      throw workerFailed(this.#part.index, cause)
    }
    if (answer.kind !== "failed") return answer
    throw answer.error === null
      ? workerFailed(this.#part.index, new Error(answer.message))
      : errorFromData(answer.error)
  }
}
