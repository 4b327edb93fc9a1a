/**
 * Rows as columns. A Batch holds facts; a ChangeBatch holds what happened to a collection: weight +n adds a
 * row n times, -n takes it away. `weights: null` means that every weight is +1, which is how append-only
 * input announces itself to operators.
 */
import type { Vector } from "./vector.ts"

export interface Batch {
  readonly length: number
  readonly vectors: readonly Vector[]
}

export interface ChangeBatch extends Batch {
  readonly weights: Int32Array | null
}
