/** A row's value as text, as a number and in order, by its column's type. */
import type { Cell, Column } from "../api/types.ts"
import { formatCount, formatExact, formatFloat } from "./numbers.ts"
import { formatInstant } from "./times.ts"

export function isNumeric(column: Column): boolean {
  return /^(int32|int64|float64|decimal)/.test(column.type)
}

export function isTime(column: Column): boolean {
  return column.type === "timestamp" || column.type === "date"
}

/** NULL has no text: the table draws it as a dash. */
export function formatCell(value: Cell | undefined, column: Column): string {
  if (value === null || value === undefined) return ""
  if (typeof value === "boolean") return value ? "true" : "false"
  if (typeof value === "object") return JSON.stringify(value)
  if (column.type === "timestamp") return formatInstant(String(value))
  if (column.type === "date") return String(value).slice(0, 10)
  if (!isNumeric(column)) return String(value)
  if (typeof value === "string") return formatExact(value)
  return Number.isInteger(value) ? formatCount(value) : formatFloat(value)
}

/** For charts only, where a double is exact enough; null where there is no number. */
export function toNumber(value: Cell | undefined): number | null {
  if (value === null || value === undefined || typeof value === "object") return null
  const number = Number(value)
  return Number.isFinite(number) ? number : null
}

/** Milliseconds since 1970; null where there is no time. */
export function toMs(value: Cell | undefined): number | null {
  if (typeof value !== "string") return null
  const ms = Date.parse(value)
  return Number.isNaN(ms) ? null : ms
}

/** Ascending, NULL last, exact for int64; decimals compare as doubles and then by text. */
export function compareCells(a: Cell | undefined, b: Cell | undefined, column: Column): number {
  const aNull = a === null || a === undefined
  const bNull = b === null || b === undefined
  if (aNull || bNull) return Number(aNull) - Number(bNull)
  if (isNumeric(column)) {
    const difference = Number(a) - Number(b)
    if (difference !== 0 || column.type !== "int64") return Number.isNaN(difference) ? 0 : difference
    return Number(BigInt(String(a)) - BigInt(String(b)))
  }
  const left = String(a)
  const right = String(b)
  return left < right ? -1 : left > right ? 1 : 0
}
