/**
 * The parts of an engine at work side by side: the first in the engine's thread, the others behind links. At
 * each step all of them work until they have something to offer; the engine's thread then waits for the
 * slowest and hands to all what all have offered.
 */
import type { Crew, CrewOptions } from "../../../engine/crew.ts"
import { makePart, makeParts } from "../../../engine/crew.ts"
import type { EpochInput, EpochResult } from "../../../engine/dataflow.ts"
import { forOthers, type Offer } from "../../../engine/exchange/offer.ts"
import { readColumns } from "../../../engine/graph/read-columns.ts"
import { planRoutes } from "../../../engine/graph/routes.ts"
import type { EnginePart } from "../../../engine/part.ts"
import { assert } from "../../../std/assert.ts"
import { EpochMemory } from "./epoch-memory.ts"
import { type PartLink, RemotePart } from "./remote-part.ts"
import { shareBatch, shareChanges } from "./shared-batch.ts"

const NOTHING: ReadonlySet<number> = new Set()

export class ThreadedCrew implements Crew {
  readonly first: EnginePart
  readonly others: readonly RemotePart[]
  readonly #options: CrewOptions
  /** By source: which of its columns a part reads. */
  readonly #read: ReadonlyMap<string, ReadonlySet<number>>
  readonly #memory = new EpochMemory()
  readonly #take = (sizeBytes: number) => this.#memory.take(sizeBytes)

  constructor(options: CrewOptions, links: readonly PartLink[]) {
    const count = links.length + 1
    this.#options = options
    this.#read = readColumns(planRoutes(options.specs))
    this.first = makePart(options, { index: 0, count })
    this.others = links.map((link, k) => new RemotePart(link, options, { index: k + 1, count }))
  }

  run(input: EpochInput): EpochResult {
    try {
      return this.#run(input)
    } catch (error) {
      for (const part of this.others) part.abandon()
      throw error
    }
  }

  #run(input: EpochInput): EpochResult {
    this.#memory.reuse()
    const slices = input.slices.map((slice) => {
      return { ...slice, batch: shareBatch(slice.batch, this.#read.get(slice.source) ?? NOTHING, this.#take) }
    })
    for (const part of this.others) part.begin({ ...input, slices })
    const own = this.first.runEpoch(input)
    let step = own.next([])
    for (;;) {
      const offers = this.others.map((part) => part.offer())
      if (step.done === true) {
        assert(
          offers.every((offer) => offer === null),
          "the parts take the same steps",
        )
        return step.value
      }
      const all = [step.value, ...offers.map(offered)]
      const handed = this.#handOn(all)
      for (const part of this.others) part.goOn(handed)
      step = own.next(all)
    }
  }

  /** To the others, what they go on with: only the first part's is not in shared memory yet. */
  #handOn(all: readonly Offer[]): readonly Offer[] {
    const [own, ...others] = forOthers(all)
    const changes = own!.changes.map((batch) => (batch === null ? null : shareChanges(batch, this.#take)))
    return [{ ...own!, changes }, ...others]
  }

  standIns(): readonly EnginePart[] {
    return [this.first, ...makeParts(this.#options, this.others.length + 1, 1)]
  }

  relieve(standIns: readonly EnginePart[]): void {
    this.others.forEach((part, k) => {
      using standIn = standIns[k + 1]!
      part.replace(standIn)
    })
  }
}

function offered(offer: Offer | null): Offer {
  assert(offer !== null, "the parts take the same steps")
  return offer
}
