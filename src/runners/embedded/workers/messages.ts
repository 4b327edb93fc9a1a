/** What an engine asks one of its parts in another thread, and how that answers: one answer a question. */
import type { EpochInput, OperatorSpec, OperatorWork, ViewLosses } from "../../../engine/dataflow.ts"
import type { CheckpointPart, PageMark } from "../../../engine/engine-checkpoint.ts"
import type { Offer } from "../../../engine/exchange/offer.ts"
import type { PartOf } from "../../../engine/graph/placement.ts"
import type { SpillOptions } from "../../../engine/state/page-store.ts"
import type { SpillStats } from "../../../engine/state/spilled-pages.ts"
import type { ErrorData } from "../../../std/error-data.ts"

export type PartQuestion =
  /** First of all. Specs are sendable ones. */
  | {
      readonly kind: "make"
      readonly specs: readonly OperatorSpec[]
      readonly part: PartOf
      /** Of this part. */
      readonly maxStateBytes: number
      readonly spill: SentSpill | null
    }
  /** Then all its pages, some at a time, and that there are no more. */
  | { readonly kind: "restore"; readonly state: SentState }
  | { readonly kind: "fill"; readonly marks: readonly PageMark[]; readonly images: SharedArrayBuffer }
  | { readonly kind: "filled" }
  | { readonly kind: "epoch"; readonly input: EpochInput }
  /** On to the next step, with what all parts offer; changes are in shared memory. */
  | { readonly kind: "step"; readonly offers: readonly Offer[] }
  | { readonly kind: "work"; readonly view: string }
  | { readonly kind: "hold"; readonly generation: number }
  /** All but the images of the state that is held under this number. */
  | { readonly kind: "contents"; readonly held: number }
  /** Images of its pages, by their places among them, one behind the other. */
  | {
      readonly kind: "pages"
      readonly held: number
      readonly places: readonly number[]
      readonly images: SharedArrayBuffer
    }
  | { readonly kind: "release"; readonly held: number }

export type PartAnswer =
  | { readonly kind: "offer"; readonly offer: Offer }
  /** Made, filled, or done with an epoch. */
  | { readonly kind: "rest"; readonly rest: PartAtRest }
  | { readonly kind: "work"; readonly work: readonly OperatorWork[] }
  | { readonly kind: "held"; readonly held: number }
  | { readonly kind: "contents"; readonly contents: SentContents }
  /** What there is nothing to say about. */
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly error: ErrorData | null; readonly message: string }

export interface PartAtRest {
  readonly generation: number
  readonly lastKey: number
  readonly wakeAtMs: number | null
  readonly stateBytes: number
  readonly spill: SpillStats
  /** By view. */
  readonly losses: ReadonlyMap<string, ViewLosses>
}

/** Where the thread makes a file of its own. */
export interface SentSpill extends Omit<SpillOptions, "openFile"> {
  readonly directory: string
}

/** What a part is restored from, but for pages: under the names and keys that it uses itself. */
export interface SentState {
  readonly plain: readonly CheckpointPart[]
  readonly lastKey: number
  readonly watermarks: readonly (readonly [source: string, watermarkUs: string])[]
}

export interface SentContents {
  readonly plain: readonly CheckpointPart[]
  readonly pages: readonly { readonly mark: PageMark; readonly sizeBytes: number }[]
}
