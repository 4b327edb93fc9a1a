/** Text that reads fields of stored rows, as expressions see them and as output columns take them. */
import type { Column } from "../../columns/types.ts"
import { isVariableWidth } from "../../columns/types.ts"
import { wordsPerRow } from "../../columns/vector.ts"
import type { CodeValue } from "../../expr/row-code.ts"
import { decodeSlice } from "../../expr/values/slices.ts"
import type { SlotField } from "../state/slot-layout.ts"
import type { CodeScope } from "./code-scope.ts"

/** Locals with the page of a row and its address. */
export interface RecordPlace {
  readonly page: string
  readonly address: string
}

/** A boolean expression, or null for a field that is never NULL. */
export function fieldIsNull({ nullBit }: SlotField, address: string): string | null {
  if (nullBit === null) return null
  return `(i32[(${address} << 1) + ${2 + (nullBit >> 5)}] & ${1 << (nullBit & 31)}) !== 0`
}

/** Declares into `lines` what is not cheap to repeat. */
export function fieldValue(
  scope: CodeScope,
  field: SlotField,
  { page, address }: RecordPlace,
  lines: string[],
): CodeValue {
  const { type, offset } = field
  const value = scope.local("v")
  const word = `${address} + ${offset}`
  const half = `i32[(${address} << 1) + ${offset * 2}]`
  let isNull = fieldIsNull(field, address)
  if (isNull !== null) {
    const missing = scope.local("null")
    lines.push(`const ${missing} = ${isNull};`)
    isNull = missing
  }
  lines.push(`const ${value} = ${read()};`)
  return { value, isNull }

  function read(): string {
    if (isVariableWidth(type)) {
      const start = `${page} * 8 + ${half}`
      const end = `${start} + i32[(${address} << 1) + ${offset * 2 + 1}]`
      if (type.kind === "bytes") return `u8.slice(${start}, ${end})`
      return `${scope.bind(decodeSlice, "text")}(u8, ${start}, ${end})`
    }
    if (wordsPerRow(type) === 2) return `(i64[${word} + 1] << 64n) + BigInt.asUintN(64, i64[${word}])`
    switch (type.kind) {
      case "boolean":
        return `${half} === 1`
      case "int32":
      case "date":
        return half
      case "float64":
        return `f64[${word}]`
      default:
        return `i64[${word}]`
    }
  }
}

/**
 * A loop that copies one field of rows `j` of 0..count to rows n + j of a RowBuilder's column. `addresses` is
 * an array of the rows' addresses; `pageOf` an expression for the page of row j.
 */
export function copyField(
  field: SlotField,
  column: Column,
  {
    target,
    addresses,
    pageOf,
  }: { readonly target: string; readonly addresses: string; readonly pageOf: string },
): string {
  const { type, offset } = field
  const a = `${addresses}[j]`
  const isNull = fieldIsNull(field, a)
  const nulls = column.nullable && isNull !== null ? `nulls[n + j] = ${isNull} ? 1 : 0;` : ""
  const half = `i32[(${a} << 1) + ${offset * 2}]`
  const copy = () => {
    if (isVariableWidth(type)) {
      const s = `(${pageOf}) * 8 + ${half}`
      return `{ const s = ${s}; column.setBytes(n + j, u8, s, s + i32[(${a} << 1) + ${offset * 2 + 1}]); }`
    }
    switch (type.kind) {
      case "boolean":
      case "int32":
      case "date":
        return `values[n + j] = ${half};`
      case "float64":
        return `values[n + j] = f64[${a} + ${offset}];`
      default: {
        const halves = wordsPerRow(type) * 2
        const at = `w = (${a} << 1) + ${offset * 2}, o = ${halves} * (n + j)`
        const words = Array.from({ length: halves }, (_, k) => `halves[o + ${k}] = i32[w + ${k}];`)
        return `{ const ${at}; ${words.join(" ")} }`
      }
    }
  }
  return `{ const column = ${target}, nulls = column.nulls, values = column.values, halves = column.halves;
    for (let j = 0; j < count; j++) { ${nulls} ${copy()} } }`
}
