/**
 * Comparisons of view rows where they lie, without reading them into JavaScript values first where that
 * costs: PostgreSQL's order, NaN equal to itself and greatest, strings by bytes.
 */
import type { Scalar } from "../../columns/types.ts"
import { isVariableWidth } from "../../columns/types.ts"
import { wordsPerRow } from "../../columns/vector.ts"
import { assert } from "../../std/assert.ts"
import { compareBytes, readWideWord } from "../code/extremes.ts"
import type { Comparison } from "../dataflow.ts"
import type { PageStore } from "../state/page-store.ts"
import type { SlotField } from "../state/slot-layout.ts"

/** A row: its slot and the page that the slot's bytes are relative to. */
export interface RowPlace {
  readonly page: number
  readonly address: number
}

export type RowTest = (place: RowPlace) => boolean
export type RowOrder = (a: RowPlace, b: RowPlace) => number

export function isNullField(store: PageStore, field: SlotField, place: RowPlace): boolean {
  if (field.nullBit === null) return false
  return (store.i32[place.address * 2 + 2 + (field.nullBit >> 5)]! & (1 << (field.nullBit & 31))) !== 0
}

/** NULL sorts last ascending, first descending. */
export function orderBy(store: PageStore, field: SlotField, descending: boolean): RowOrder {
  const compare = compareField(store, field)
  const sign = descending ? -1 : 1
  return (a, b) => {
    const [nullA, nullB] = [isNullField(store, field, a), isNullField(store, field, b)]
    if (nullA || nullB) return nullA === nullB ? 0 : nullA ? sign : -sign
    return sign * compare(a, b)
  }
}

export function testField(
  store: PageStore,
  field: SlotField,
  comparison: Comparison,
  value: Scalar,
): RowTest {
  if (value === null) {
    if (comparison === "eq") return (place) => isNullField(store, field, place)
    return comparison === "ne" ? (place) => !isNullField(store, field, place) : () => false
  }
  const compare = compareWith(store, field, value)
  const holds = HOLDS[comparison]
  return (place) => !isNullField(store, field, place) && holds(compare(place))
}

const HOLDS: Readonly<Record<Comparison, (order: number) => boolean>> = {
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
  lt: (order) => order < 0,
  lte: (order) => order <= 0,
  gt: (order) => order > 0,
  gte: (order) => order >= 0,
}

function compareField(store: PageStore, field: SlotField): RowOrder {
  if (isVariableWidth(field.type)) {
    return (a, b) => {
      const [x, y] = [bytesAt(store, field, a), bytesAt(store, field, b)]
      return compareBytes(store.u8, x.start, x.length, store.u8, y.start, y.length)
    }
  }
  const read = reader(store, field)
  return (a, b) => compareScalars(read(a), read(b))
}

function compareWith(store: PageStore, field: SlotField, value: Scalar): (place: RowPlace) => number {
  if (isVariableWidth(field.type)) {
    const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value
    assert(bytes instanceof Uint8Array, `a ${field.type.kind} is compared with its own kind`)
    return (place) => {
      const { start, length } = bytesAt(store, field, place)
      return compareBytes(store.u8, start, length, bytes, 0, bytes.length)
    }
  }
  const read = reader(store, field)
  const wanted = typeof value === "boolean" ? Number(value) : value
  assert(
    typeof wanted === "number" || typeof wanted === "bigint",
    `a ${field.type.kind} is compared with a number`,
  )
  return (place) => compareScalars(read(place), wanted)
}

function bytesAt(store: PageStore, field: SlotField, place: RowPlace): { start: number; length: number } {
  const at = (place.address + field.offset) * 2
  return { start: place.page * 8 + store.i32[at]!, length: store.i32[at + 1]! }
}

function reader(store: PageStore, field: SlotField): (place: RowPlace) => number | bigint {
  const { offset } = field
  if (wordsPerRow(field.type) === 2) return ({ address }) => readWideWord(store, address + offset)
  switch (field.type.kind) {
    case "boolean":
    case "int32":
    case "date":
      return ({ address }) => store.i32[(address + offset) * 2]!
    case "float64":
      return ({ address }) => store.f64[address + offset]!
    default:
      return ({ address }) => store.i64[address + offset]!
  }
}

/** Numbers and bigints compare with each other by value. */
function compareScalars(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1
  if (a > b) return 1
  if (!Number.isNaN(a) && !Number.isNaN(b)) return 0
  return Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : -1
}
