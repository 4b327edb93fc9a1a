/**
 * Window functions over one partition in order, as PostgreSQL defines them: what each row says of its place,
 * of its neighbours, and of its frame.
 */
import type { Scalar } from "../../columns/types.ts"
import type { OverCall } from "../../expr/expression.ts"
import { assert, assertNever } from "../../std/assert.ts"
import { aggregateFrames } from "./frame-aggregates.ts"
import { Frames } from "./frames.ts"

export interface OverRows {
  readonly count: number
  /** Number of each row's group of peers, from 0. */
  readonly peerOf: readonly number[]
  /** Values of the first term of the order, for RANGE frames with a distance. */
  readonly order: readonly Scalar[] | null
  readonly descending: boolean
}

export interface OverOptions {
  /** FILTER: rows that an aggregate takes; null: all. */
  readonly taken: readonly boolean[] | null
  /** Told of each result that does not fit its column, which is NULL then. */
  readonly overflowed: () => void
}

/** `args`: per argument a value per row. */
export function evaluateOver(
  call: OverCall,
  rows: OverRows,
  args: readonly (readonly Scalar[])[],
  options: OverOptions,
): Scalar[] {
  const { count } = rows
  const frames = new Frames(rows, call.frame)
  const each = (value: (row: number) => Scalar): Scalar[] => Array.from({ length: count }, (_, k) => value(k))
  switch (call.name) {
    case "row_number":
      return each((row) => BigInt(row + 1))
    case "rank":
      return each((row) => BigInt(frames.peersFrom(row) + 1))
    case "dense_rank":
      return each((row) => BigInt(rows.peerOf[row]! + 1))
    case "percent_rank":
      return each((row) => (count === 1 ? 0 : frames.peersFrom(row) / (count - 1)))
    case "cume_dist":
      return each((row) => frames.peersTo(row) / count)
    case "ntile":
      return each((row) => tile(row, count, args[0]![row]!))
    case "lag":
    case "lead":
      return each((row) => neighbour(call.name === "lag" ? -1n : 1n, row, args))
    case "first_value":
      return each((row) => valueAt(args[0]!, frames.rowAt(row, 0)))
    case "last_value":
      return each((row) => valueAt(args[0]!, frames.rowAt(row, -1)))
    case "nth_value":
      return each((row) => nth(frames, row, args))
    case "count":
    case "sum":
    case "avg":
    case "min":
    case "max":
      return aggregateFrames({ ...call, name: call.name }, frames, args[0] ?? null, options)
    default:
      return assertNever(call.name)
  }
}

/** The first `count % tiles` buckets hold one row more. */
function tile(row: number, count: number, argument: Scalar): Scalar {
  if (argument === null) return null
  const tiles = Number(argument as bigint | number)
  assert(tiles > 0, "ntile takes a number above 0")
  const size = Math.floor(count / tiles)
  const larger = count % tiles
  const firstSmall = larger * (size + 1)
  const bucket =
    row < firstSmall ? Math.floor(row / (size + 1)) : larger + Math.floor((row - firstSmall) / size)
  return bucket + 1
}

function neighbour(direction: bigint, row: number, args: readonly (readonly Scalar[])[]): Scalar {
  const [values, offsets, defaults] = args
  const offset = offsets === undefined ? 1n : offsets[row]!
  if (offset === null) return null
  const target = BigInt(row) + direction * BigInt(offset as bigint | number)
  const isInside = target >= 0n && target < BigInt(values!.length)
  return isInside ? values![Number(target)]! : (defaults?.[row] ?? null)
}

function nth(frames: Frames, row: number, [values, numbers]: readonly (readonly Scalar[])[]): Scalar {
  const number = numbers![row]!
  if (number === null) return null
  return valueAt(values!, frames.rowAt(row, Number(number as bigint | number) - 1))
}

const valueAt = (values: readonly Scalar[], row: number | null): Scalar =>
  row === null ? null : values[row]!
