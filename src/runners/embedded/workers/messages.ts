/** What an engine asks one of its parts in another thread, and how that answers: one answer a question. */
import type { ChangeBatch } from "../../../columns/batch.ts"
import type { EpochInput, OperatorSpec, OperatorWork, ViewLosses } from "../../../engine/dataflow.ts"
import type { CheckpointPart, PageMark } from "../../../engine/engine-checkpoint.ts"
import type { Ruled } from "../../../engine/exchange/offer.ts"
import type { PartOf } from "../../../engine/graph/placement.ts"
import type { ErrorData } from "../../../std/error-data.ts"

export type PartQuestion =
  /** First of all. Specs are sendable ones. */
  | {
      readonly kind: "make"
      readonly specs: readonly OperatorSpec[]
      readonly part: PartOf
      readonly maxStateBytes: number
    }
  | { readonly kind: "restore"; readonly state: SentState }
  | { readonly kind: "epoch"; readonly input: EpochInput }
  /** On to the next step, with what all parts offer. */
  | { readonly kind: "step"; readonly offers: readonly SentOffer[] }
  | { readonly kind: "work"; readonly view: string }
  | { readonly kind: "hold"; readonly generation: number }
  /** The image of a page of the state that is held under this number, by its place among the pages. */
  | { readonly kind: "page"; readonly held: number; readonly place: number }
  | { readonly kind: "release"; readonly held: number }

export type PartAnswer =
  | { readonly kind: "offer"; readonly offer: SentOffer }
  /** Made, restored, or done with an epoch. */
  | { readonly kind: "rest"; readonly rest: PartAtRest }
  | { readonly kind: "work"; readonly work: readonly OperatorWork[] }
  | { readonly kind: "held"; readonly held: SentHold }
  | { readonly kind: "page"; readonly image: Uint8Array }
  | { readonly kind: "released" }
  | { readonly kind: "failed"; readonly error: ErrorData | null; readonly message: string }

/** Changes are in shared memory. */
export interface SentOffer {
  readonly changes: readonly (ChangeBatch | null)[]
  readonly reports: readonly Ruled[]
}

export interface PartAtRest {
  readonly generation: number
  readonly wakeAtMs: number | null
  readonly stateBytes: number
  /** By view. */
  readonly losses: ReadonlyMap<string, ViewLosses>
}

/** What a part is restored from: as in a checkpoint, under the names and keys that it uses itself. */
export interface SentState {
  readonly plain: readonly CheckpointPart[]
  readonly pages: readonly { readonly mark: PageMark; readonly image: Uint8Array }[]
  readonly watermarks: readonly (readonly [source: string, watermarkUs: string])[]
}

export interface SentHold {
  readonly held: number
  readonly plain: readonly CheckpointPart[]
  readonly pages: readonly { readonly mark: PageMark; readonly sizeBytes: number }[]
}
