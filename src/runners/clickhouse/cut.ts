/** A running project as of one epoch: what verification and `why` compare and explain. */
import type { Batch } from "../../columns/batch.ts"
import type { Scalar } from "../../columns/types.ts"
import type { ViewLosses } from "../../engine/dataflow.ts"

/** Everything in it is of the same epoch. Disposing it lets the view's pages go. */
export interface ViewCut extends Disposable {
  readonly epoch: number
  /** The epoch that this history of the engine began with; the ledger names the same. */
  readonly history: number
  /** The next offset that no epoch has taken, for each partition of the events behind the view. */
  readonly positions: readonly { readonly topic: string; readonly partition: number; readonly end: number }[]
  /** Of a view of the project; null before its first watermark. */
  watermarkUs(view: string): bigint | null
  losses(view: string): ViewLosses
  readonly rowCount: number
  /** The first row whose columns have these values; null when there is none. */
  find(where: readonly { readonly column: number; readonly value: Scalar }[]): readonly Scalar[] | null
  /** All rows, in bounded batches. */
  batches(): Iterable<Batch>
}

export interface CutSource {
  /** @throws PlatformError unknown-view */
  cut(view: string): ViewCut
}
