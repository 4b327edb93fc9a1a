/**
 * The parts of an engine, wherever they are. The first one is in the engine's own thread, since views are
 * read there; what the others are asked beside running epochs is little.
 */
import type { HeldPart } from "./checkpoint/held-checkpoint.ts"
import type { EpochInput, EpochResult, OperatorSpec, OperatorWork, ViewLosses } from "./dataflow.ts"
import { takeTurns } from "./exchange/take-turns.ts"
import type { PartOf } from "./graph/placement.ts"
import { type DataflowGraph, planRoutes } from "./graph/routes.ts"
import { EnginePart } from "./part.ts"
import type { SpillOptions } from "./state/page-store.ts"
import { MAX_STATE_BYTES } from "./state/page-store.ts"
import type { SpillStats } from "./state/spilled-pages.ts"

export interface Crew {
  readonly first: EnginePart
  readonly others: readonly OtherPart[]
  /** All parts at once; an epoch that throws leaves their states half changed. */
  run(input: EpochInput): EpochResult
  /** Before the first epoch: parts in this thread that state can be read into, one for each. */
  standIns(): readonly EnginePart[]
  /** Their state is complete, and becomes that of the parts. */
  relieve(standIns: readonly EnginePart[]): void
}

export interface OtherPart {
  /** See PageStore. */
  readonly generation: number
  readonly lastKey: number
  work(view: string): readonly OperatorWork[]
  lossesOf(view: string): ViewLosses
  wakeAtMs(): number | null
  stateBytes(): number
  spill(): SpillStats
  /** Its state as it is; pages that are written to later have a generation above this one. */
  hold(generation: number): HeldPart
}

export interface CrewOptions {
  readonly specs: readonly OperatorSpec[]
  /** Of all parts. */
  readonly maxStateBytes: number
  /** Each part takes a file of its own. */
  readonly spill: SpillOptions | null
  readonly nowMs: () => number
}

/** All of so many, or those behind the first `from`. */
export function makeParts(options: CrewOptions, count: number, from = 0): readonly EnginePart[] {
  const graph = planRoutes(options.specs)
  return Array.from({ length: count - from }, (_, k) => makePart(options, { index: from + k, count }, graph))
}

export function makePart(
  options: CrewOptions,
  part: PartOf,
  graph: DataflowGraph = planRoutes(options.specs),
): EnginePart {
  return new EnginePart({
    ...options,
    maxStateBytes: partOfLimit(options.maxStateBytes, part.count),
    graph,
    part,
  })
}

/** Keys are spread evenly, and parts at work in threads cannot ask each other for room. */
export function partOfLimit(maxStateBytes: number, count: number): number {
  return Math.min(MAX_STATE_BYTES, Math.floor(maxStateBytes / count))
}

/** Parts that take their turns in the engine's thread. */
export class LocalCrew implements Crew {
  readonly first: EnginePart
  readonly others: readonly EnginePart[]
  readonly #parts: readonly EnginePart[]

  constructor(options: CrewOptions, count: number) {
    const [first, ...others] = makeParts(options, count)
    this.first = first!
    this.others = others
    this.#parts = [first!, ...others]
  }

  run(input: EpochInput): EpochResult {
    return takeTurns(this.#parts.map((part) => part.runEpoch(input)))
  }

  standIns(): readonly EnginePart[] {
    return this.#parts
  }

  relieve(): void {}
}
