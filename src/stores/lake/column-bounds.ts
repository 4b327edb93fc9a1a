/** The least and the greatest of many values at once, whole columns at a time. */
import type { SliceRows } from "./byte-sink.ts"

/** Rows of the least and the greatest slice, by unsigned bytes. */
export interface SliceBounds {
  readonly least: number
  readonly greatest: number
}

/**
 * One comparison a slice: the least and the greatest so far are equal up to `shared`, so where a slice leaves
 * the least one says mostly how it stands to the greatest one, too.
 */
export function sliceBounds({ data, starts, ends, rows, count }: SliceRows): SliceBounds {
  const first = rows === null ? 0 : rows[0]!
  let [least, greatest] = [first, first]
  let [leastStart, greatestStart] = [starts[first]!, starts[first]!]
  let [leastLength, greatestLength] = [ends[first]! - leastStart, ends[first]! - leastStart]
  let shared = leastLength
  for (let i = 1; i < count; i++) {
    const row = rows === null ? i : rows[i]!
    const start = starts[row]!
    const length = ends[row]! - start
    let at = 0
    const common = length < leastLength ? length : leastLength
    while (at < common && data[start + at] === data[leastStart + at]) at++
    if (at === common) {
      // One begins with the other.
      if (length === leastLength) continue
      if (length < leastLength) {
        least = row
        leastStart = start
        leastLength = length
        if (at < shared) shared = at
        continue
      }
    } else if (data[start + at]! < data[leastStart + at]!) {
      least = row
      leastStart = start
      leastLength = length
      if (at < shared) shared = at
      continue
    }
    if (at > shared) continue
    if (at === shared) {
      const bound = length < greatestLength ? length : greatestLength
      while (at < bound && data[start + at] === data[greatestStart + at]) at++
      if (at === bound ? length <= greatestLength : data[start + at]! < data[greatestStart + at]!) continue
    } else {
      shared = at
    }
    greatest = row
    greatestStart = start
    greatestLength = length
  }
  return { least, greatest }
}

/** Of `count` 64-bit integers, at least one: read as halves, since a BigInt each costs more than the rest. */
export function longBounds(values: BigInt64Array, count: number): readonly [bigint, bigint] {
  const halves = new Int32Array(values.buffer, values.byteOffset, 2 * count)
  let [least, greatest] = [0, 0]
  let [leastHigh, leastLow] = [halves[1]!, halves[0]! >>> 0]
  let [greatestHigh, greatestLow] = [leastHigh, leastLow]
  for (let i = 1; i < count; i++) {
    const high = halves[2 * i + 1]!
    const low = halves[2 * i]! >>> 0
    if (high < leastHigh || (high === leastHigh && low < leastLow)) {
      least = i
      leastHigh = high
      leastLow = low
    } else if (high > greatestHigh || (high === greatestHigh && low > greatestLow)) {
      greatest = i
      greatestHigh = high
      greatestLow = low
    }
  }
  return [values[least]!, values[greatest]!]
}

/** Of `count` numbers; NaN has no place. Null when all are NaN. */
export function numberBounds(
  values: Int32Array | Float64Array | Uint8Array,
  count: number,
): readonly [number, number] | null {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let i = 0; i < count; i++) {
    const value = values[i]!
    if (value < least) least = value
    if (value > greatest) greatest = value
  }
  return least <= greatest ? [least, greatest] : null
}
