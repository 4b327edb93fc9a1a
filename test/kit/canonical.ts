/**
 * Values in one form, whether they come from PostgreSQL or from us, and the comparison of two sets of rows.
 * Exact types must be equal; floats and quotients agree within relative 1e-9.
 */
import type { Column, LogicalType, Scalar } from "../../src/columns/types.ts"

export type Cell = string | number | null
export type Row = readonly Cell[]

const TOLERANCE = 1e-9
/** Quotients have this scale or more, and PostgreSQL prints fewer of their digits than we keep. */
const QUOTIENT_SCALE = 16

function isApproximate(type: LogicalType): boolean {
  return type.kind === "float64" || (type.kind === "decimal" && type.scale >= QUOTIENT_SCALE)
}

/** @param text what PostgreSQL answered, exported as pg-oracle.ts does it. */
export function cellOfText(text: string | null, type: LogicalType): Cell {
  if (text === null) return null
  if (isApproximate(type)) return Number(text)
  return type.kind === "decimal" ? withoutTrailingZeros(text) : text
}

export function cellOfScalar(value: Scalar, type: LogicalType): Cell {
  if (value === null) return null
  switch (type.kind) {
    case "float64":
      return value as number
    case "decimal": {
      const text = unscaledText(value as bigint, type.scale)
      return isApproximate(type) ? Number(text) : withoutTrailingZeros(text)
    }
    case "bytes":
      return Buffer.from(value as Uint8Array).toString("hex")
    default:
      return String(value)
  }
}

/** The first difference in words, or null. Row order does not matter. */
export function differenceOf(
  columns: readonly Column[],
  expected: readonly Row[],
  actual: readonly Row[],
): string | null {
  const order = sortKeys(columns)
  const left = expected.toSorted(order)
  const right = actual.toSorted(order)
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const a = left[index]
    const b = right[index]
    if (a === undefined || b === undefined || !a.every((cell, column) => sameCell(cell, b[column]!))) {
      const counts = `${expected.length} rows expected, ${actual.length} found`
      return `${counts}; first difference: expected ${showRow(a)}, found ${showRow(b)}`
    }
  }
  return null
}

function sameCell(a: Cell, b: Cell): boolean {
  if (typeof a !== "number" || typeof b !== "number") return a === b
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true
  return Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b))
}

/** Exact columns decide first, so that a last digit of a float does not change which rows are compared. */
function sortKeys(columns: readonly Column[]): (a: Row, b: Row) => number {
  const indexes = columns.map((_, index) => index)
  const exact = indexes.filter((index) => !isApproximate(columns[index]!.type))
  const approximate = indexes.filter((index) => isApproximate(columns[index]!.type))
  return (a, b) => {
    for (const index of [...exact, ...approximate]) {
      const order = compareCells(a[index]!, b[index]!)
      if (order !== 0) return order
    }
    return 0
  }
}

function compareCells(a: Cell, b: Cell): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1
  if (sameCell(a, b)) return 0
  if (typeof a === "number" && Number.isNaN(a)) return 1
  if (typeof b === "number" && Number.isNaN(b)) return -1
  return a < b ? -1 : 1
}

function showRow(row: Row | undefined): string {
  return row === undefined
    ? "nothing"
    : `(${row.map((cell) => (cell === null ? "NULL" : String(cell))).join(", ")})`
}

function withoutTrailingZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text
}

function unscaledText(unscaled: bigint, scale: number): string {
  const negative = unscaled < 0n
  const digits = (negative ? -unscaled : unscaled).toString().padStart(scale + 1, "0")
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  return negative ? `-${text}` : text
}
