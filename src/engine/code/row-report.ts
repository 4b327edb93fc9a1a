/** Where generated loops say what became of rows that were not applied. */
import type { Batch } from "../../columns/batch.ts"
import { FAILED } from "./route-writer.ts"

export interface RowReport {
  fail(row: number, failure: number): void
  late(): void
  /** The row is applied, but not to its windows that end at `goneEnd` or before: they are gone. */
  partly(row: number, goneEnd: bigint): void
}

/** Per event row: the verdict and, where it failed, the reason. */
export class SliceReport implements RowReport {
  readonly verdicts: Uint8Array
  failures: Uint8Array | null = null
  /** Of rows that are applied in part: up to which end their windows are gone. */
  goneEnds: Map<number, bigint> | null = null

  constructor(verdicts: Uint8Array) {
    this.verdicts = verdicts
  }

  fail(row: number, failure: number): void {
    this.verdicts[row] = FAILED
    this.failures ??= new Uint8Array(this.verdicts.length)
    this.failures[row] = failure
  }

  /** Generated code writes late verdicts of event rows itself. */
  late(): void {}

  partly(row: number, goneEnd: bigint): void {
    this.goneEnds ??= new Map()
    this.goneEnds.set(row, goneEnd)
  }
}

/**
 * One function of a route over a batch, from row `first` on. `verdicts` is empty for changes, `weights` null
 * for +1 throughout. Returns the row to go on with: behind the last one, unless pages have to leave memory
 * first.
 */
export type RouteRun = (
  batch: Batch,
  weights: Int32Array | null,
  verdicts: Uint8Array,
  report: RowReport,
  first: number,
) => number
