/** Rows as literal tables in tests: scalars in, batches out, and back. */
import type { Batch, ChangeBatch } from "../../columns/batch.ts"
import { readRow } from "../../columns/scalar.ts"
import type { Column, LogicalType, Scalar } from "../../columns/types.ts"
import type { SourceSlice } from "../dataflow.ts"
import { RowBuilder, setScalar } from "../operators/row-builder.ts"

export type Row = readonly Scalar[]

export function column(name: string, type: LogicalType, nullable = true): Column {
  return { name, type, nullable }
}

export function batchOf(columns: readonly Column[], rows: readonly Row[]): Batch {
  const builder = new RowBuilder(
    columns.map(({ type }) => type),
    Math.max(1, rows.length),
  )
  rows.forEach((row, k) => {
    columns.forEach((_, c) => {
      setScalar(builder.columns[c]!, k, row[c]!)
    })
  })
  return { length: rows.length, vectors: builder.columns.map((c) => c.take(rows.length)) }
}

export function rowsOf(batch: Batch): Scalar[][] {
  return Array.from({ length: batch.length }, (_, k) => readRow(batch, k))
}

export function weightedRows(batch: ChangeBatch): [number, Scalar[]][] {
  return rowsOf(batch).map((row, k) => [batch.weights === null ? 1 : batch.weights[k]!, row])
}

export function sliceOf(
  source: string,
  columns: readonly Column[],
  rows: readonly Row[],
  at: { partition?: number; baseOffset?: number; skip?: readonly number[] } = {},
): SourceSlice {
  return {
    source,
    partition: at.partition ?? 0,
    baseOffset: at.baseOffset ?? 0,
    batch: batchOf(columns, rows),
    skip: at.skip === undefined ? null : Uint8Array.from(at.skip),
  }
}

/** Equal for equal rows: NaN equals itself, -0 equals 0, 1n differs from 1; floats by twelve digits. */
export function rowKey(row: Row): string {
  return row.map(scalarKey).join("|")
}

export function scalarKey(value: Scalar): string {
  if (value === null) return "NULL"
  if (typeof value === "bigint") return `${value}n`
  if (typeof value === "number") return String(Number(value.toPrecision(12)) + 0)
  if (value instanceof Uint8Array) return `x${Array.from(value).join(",")}`
  return JSON.stringify(value)
}
