/**
 * Sketches that rows carry, as cells with a number each. What a value does to its cells does not depend on
 * the others, so that sketches of parts give exactly the sketch of the whole, however rows were parted.
 *
 *   count_distinct   register -> greatest rank         HyperLogLog; cells are merged by the greater number
 *   percentile       bucket -> how many values         DDSketch; numbers are added, or taken away
 *   frequency        row, column -> how many values    Count-Min (Cormode, Muthukrishnan, J. Algorithms
 *                                                      2005); a value adds to one column of each row
 *
 * A value of Count-Min is counted by the least of its cells: never too few, and too many by at most e / width
 * of all values (0.1 %), which e^-depth of values (0.7 %) can miss.
 */
import type { LogicalType, Scalar } from "../../columns/types.ts"
import type { SketchKind } from "../../expr/sketch-aggregates.ts"
import { sketchedText } from "../../expr/values/sketched-text.ts"
import { encodeText } from "../../expr/values/slices.ts"
import { finished, HASH_SEED, mixBytes } from "../code/hashing.ts"
import { bucketOf, MAX_BUCKET } from "./ddsketch.ts"
import { MAX_RANK, REGISTERS, rankOf, registerOf, SECOND_SEED } from "./distinct-sketch.ts"

const DEPTH = 5
const WIDTH = 2_719

/** Cell, number, cell, number … */
export type Cells = readonly number[]

export interface CellRange {
  readonly least: number
  readonly greatest: number
  readonly greatestNumber: number
}

export const CELLS: Readonly<Record<SketchKind, CellRange>> = {
  count_distinct: { least: 0, greatest: REGISTERS - 1, greatestNumber: MAX_RANK },
  percentile: { least: -MAX_BUCKET, greatest: MAX_BUCKET, greatestNumber: Number.MAX_SAFE_INTEGER },
  frequency: { least: 0, greatest: DEPTH * WIDTH - 1, greatestNumber: Number.MAX_SAFE_INTEGER },
}

/** Of one value that is not NULL. */
export function cellsOf(kind: SketchKind, value: Scalar, type: LogicalType): Cells {
  if (kind === "percentile") return [bucketOf(value as number), 1]
  const bytes = encodeText(sketchedText(value, type))
  const [high, low] = [hashOf(bytes, HASH_SEED), hashOf(bytes, SECOND_SEED)]
  if (kind === "count_distinct") return [registerOf(high), rankOf(high, low)]
  return frequencyCells(high >>> 0, low >>> 0)
}

/** Where Count-Min counts the value of this text: a cell of each row. */
export function cellsOfText(text: string): readonly number[] {
  return cellsOf("frequency", text, { kind: "string" }).filter((_, k) => k % 2 === 0)
}

const hashOf = (bytes: Uint8Array, seed: number) => finished(mixBytes(seed, bytes, 0, bytes.length))

/** Two hashes make as many as are needed (Kirsch, Mitzenmacher, ESA 2006). */
function frequencyCells(high: number, low: number): Cells {
  const cells: number[] = []
  for (let row = 0; row < DEPTH; row++) cells.push(row * WIDTH + ((high + row * low) % WIDTH), 1)
  return cells
}
