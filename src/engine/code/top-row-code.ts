/**
 * The loop that keeps the best row of each partition: finds the partition's slot, compares the order's terms
 * with the row in it, and writes the new row over it where that comes first. A slot holds the partition's
 * fields, then the other columns, then 1 once it has a row.
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import type { Column, TypeKind } from "../../columns/types.ts"
import { isVariableWidth } from "../../columns/types.ts"
import type { OrderSpec } from "../dataflow.ts"
import type { Share } from "../exchange/share.ts"
import type { KeyTable } from "../state/key-table.ts"
import type { PageStore } from "../state/page-store.ts"
import type { SlotField } from "../state/slot-layout.ts"
import { CodeScope } from "./code-scope.ts"
import { compareBytes } from "./extremes.ts"
import type { LoadedField } from "./field-loader.ts"
import type { KeyedField, SlotPlace } from "./slot-code.ts"
import { DECLARE_VIEWS, declareTable, findOrInsert, loadTable, storeFields } from "./slot-code.ts"
import type { ViewLayout } from "./view-code.ts"
import { plainLoader, reference } from "./view-code.ts"

export interface TopRowTarget {
  readonly share: Share
  readonly table: KeyTable
  readonly touched: { readonly slots: Int32Array; readonly count: number }
  touch(page: number, address: number): void
}

/** From row `first` on; returns the row to go on with, as RouteRun does. */
export type KeepTopRows = (batch: ChangeBatch, first: number) => number

const PLACE: SlotPlace = { table: "T", mirror: "m", page: "p", address: "a" }

export function compileKeepTopRows(
  store: PageStore,
  columns: readonly Column[],
  order: readonly OrderSpec[],
  plan: ViewLayout,
  target: TopRowTarget,
): KeepTopRows {
  const scope = new CodeScope()
  const operator = scope.bind(target, "op")
  const loader = plainLoader(scope, columns.length)
  const lines: string[] = []
  const loaded = new Map<number, KeyedField>()
  const load = (k: number): KeyedField => {
    const known = loaded.get(k)
    if (known !== undefined) return known
    const field = { field: plan.fields[k]!, loaded: loader.load(reference(columns[k]!, k), lines) }
    loaded.set(k, field)
    return field
  }
  const keys = plan.key.map(load)
  const onHash = target.share.skipOthers("h", "break row;")
  const lookup = { ...PLACE, keys, layout: plan.layout, hash: "h", onInsert: "", onHash }
  const find = findOrInsert(scope, lookup)
  const keyLines = lines.splice(0)
  const terms = order.filter(({ column }) => !plan.key.includes(column))
  const compared = terms.map((term) => ({ term, ...load(term.column) }))
  const termLines = lines.splice(0)
  const rest = columns
    .map((_, k) => k)
    .filter((k) => !plan.key.includes(k))
    .map(load)
  const present = `f64[a + ${plan.presentAt}]`
  const body = `
    const T = ${operator}.table, touched = ${operator}.touched;
    ${DECLARE_VIEWS} ${declareTable("m")} ${loadTable("m", "T")}
    let slots = touched.slots, touchedCount = touched.count;
    ${loader.prologue()}
    let count = batch.length;
    for (let i = first; i < count; i++) row: {
      ${keyLines.join("\n")}
      ${find}
      ${termLines.join("\n")}
      if (${present} === 1) {
        let o = 0;
        ${compared.map(({ term, field, loaded: value }) => compareTerm(scope, term, field, value)).join("\n")}
        if (o >= 0) break row;
      }
      const u = i32[(a << 1) + 1];
      if (u >= touchedCount || slots[u] !== a) {
        ${operator}.touch(p, a); slots = touched.slots; touchedCount = touched.count;
      }
      ${lines.join("\n")}
      ${storeFields(PLACE, rest)}
      ${present} = 1;
    }
    return count;`
  const names = { names: ["S"], values: [store] }
  return scope.compile<KeepTopRows>("keepTopRows", ["batch", "first"], body, names)
}

/** Statements that set `o` below 0 where the new row comes first, above 0 where the old one does. */
function compareTerm(scope: CodeScope, term: OrderSpec, field: SlotField, value: LoadedField): string {
  const sign = term.descending ? "-" : ""
  const compare = `o = ${sign}(${compareValues(scope, field, value)});`
  if (field.nullBit === null) return `if (o === 0) { ${compare} }`
  const wasNull = `(i32[(a << 1) + ${2 + (field.nullBit >> 5)}] & ${1 << (field.nullBit & 31)}) !== 0`
  const isNull = value.isNull ?? "false"
  const nullFirst = term.nullsFirst ? -1 : 1
  return `if (o === 0) {
      const was = ${wasNull}, is = ${isNull};
      if (was || is) o = was === is ? 0 : is ? ${nullFirst} : ${-nullFirst};
      else { ${compare} }
    }`
}

function compareValues(scope: CodeScope, { type, offset }: SlotField, value: LoadedField): string {
  const half = (k: number) => `i32[(a << 1) + ${offset * 2 + k}]`
  if (isVariableWidth(type)) {
    const { data, start, end } = value.bytes!
    const compare = scope.bind(compareBytes, "bytes")
    return `${compare}(${data}, ${start}, ${end} - ${start}, u8, p * 8 + ${half(0)}, ${half(1)})`
  }
  const { halves } = value
  if (type.kind === "float64") {
    const compare = scope.bind(compareFloats, "floats")
    return `${compare}(${halves[0]}, ${halves[1]}, f64[a + ${offset}])`
  }
  // These fill the low half of their word, and the high one is 0 also where they are negative.
  if (IN_ONE_HALF.has(type.kind)) return `(${halves[0]} | 0) - ${half(0)}`
  // From the highest half down: that one is signed, the others are not.
  return halves
    .map((_, k) => halves.length - 1 - k)
    .map((k) => {
      const shift = k === halves.length - 1 ? "| 0" : ">>> 0"
      return `((${halves[k]} ${shift}) - (${half(k)} ${shift}))`
    })
    .join(" || ")
}

const IN_ONE_HALF: ReadonlySet<TypeKind> = new Set(["boolean", "int32", "date"])

const FLOAT = new Float64Array(1)
const FLOAT_HALVES = new Int32Array(FLOAT.buffer)

/** NaN is the greatest; the words are normalised, so that -0 is 0. */
function compareFloats(low: number, high: number, old: number): number {
  FLOAT_HALVES[0] = low
  FLOAT_HALVES[1] = high
  const value = FLOAT[0]!
  if (Number.isNaN(value) || Number.isNaN(old)) return Number(Number.isNaN(value)) - Number(Number.isNaN(old))
  return value < old ? -1 : value > old ? 1 : 0
}
