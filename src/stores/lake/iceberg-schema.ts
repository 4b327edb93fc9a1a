/**
 * The columns of a lake table as Iceberg's schema: the contract's fields, then what the log knows of a
 * record.
 * Invariant: a field id means one column for ever. A contract that grows gets new ids; a column that left the
 * contract stays, null in newer rows; a column whose type cannot be widened in place gets a new id.
 */
import type { Column, LogicalType } from "../../columns/types.ts"
import { assert } from "../../std/assert.ts"

export interface IcebergMap {
  readonly type: "map"
  readonly "key-id": number
  readonly key: IcebergPrimitive
  readonly "value-id": number
  readonly "value-required": boolean
  readonly value: IcebergPrimitive
}

/** boolean, int, long, double, date, timestamptz, string, binary, decimal(P, S) */
export type IcebergPrimitive = string
export type IcebergType = IcebergPrimitive | IcebergMap

export interface IcebergField {
  readonly id: number
  readonly name: string
  readonly required: boolean
  readonly type: IcebergType
}

export interface IcebergSchema {
  readonly type: "struct"
  readonly "schema-id": number
  readonly fields: readonly IcebergField[]
}

/** What the log knows of a record; `_value` and `_headers` are its bytes, exact. */
export const RECORD_COLUMNS = {
  processedAt: "processed_at",
  topic: "_topic",
  partition: "_partition",
  offset: "_offset",
  contractVersion: "_contract_version",
  key: "_key",
  headers: "_headers",
  value: "_value",
  unknownFields: "_unknown_fields",
} as const

const UNKNOWN_FIELDS_TYPE: IcebergMap = {
  type: "map",
  "key-id": 10,
  key: "string",
  "value-id": 11,
  "value-required": true,
  value: "string",
}

/** Their ids are the same in every table. */
const RECORD_FIELDS: readonly IcebergField[] = [
  { id: 1, name: RECORD_COLUMNS.processedAt, required: true, type: "timestamptz" },
  { id: 2, name: RECORD_COLUMNS.topic, required: true, type: "string" },
  { id: 3, name: RECORD_COLUMNS.partition, required: true, type: "int" },
  { id: 4, name: RECORD_COLUMNS.offset, required: true, type: "long" },
  { id: 5, name: RECORD_COLUMNS.contractVersion, required: false, type: "string" },
  { id: 6, name: RECORD_COLUMNS.key, required: false, type: "binary" },
  { id: 7, name: RECORD_COLUMNS.headers, required: true, type: "binary" },
  { id: 8, name: RECORD_COLUMNS.value, required: false, type: "binary" },
  { id: 9, name: RECORD_COLUMNS.unknownFields, required: true, type: UNKNOWN_FIELDS_TYPE },
]
export const PROCESSED_AT_ID = 1
/** Contracts may grow beside future columns of the log. */
export const FIRST_CONTRACT_ID = 100

export function icebergType(type: LogicalType): IcebergPrimitive {
  switch (type.kind) {
    case "boolean":
    case "date":
    case "string":
      return type.kind
    case "int32":
      return "int"
    case "int64":
      return "long"
    case "float64":
      return "double"
    case "decimal":
      return `decimal(${type.precision}, ${type.scale})`
    case "json":
      return "string"
    case "bytes":
      return "binary"
    case "timestamp":
      return "timestamptz"
    default:
      assert(false, `${type.kind} is the type of a column`)
  }
}

export function decimalOf(type: IcebergPrimitive): { precision: number; scale: number } | null {
  const match = /^decimal\((\d+), ?(\d+)\)$/.exec(type)
  return match === null ? null : { precision: Number(match[1]), scale: Number(match[2]) }
}

export interface Evolved {
  readonly schema: IcebergSchema
  readonly lastColumnId: number
  /** False when the schema is the one before. */
  readonly changed: boolean
}

/** The schema for `columns`, with the ids of the one before. */
export function evolveSchema(
  before: { readonly schema: IcebergSchema; readonly lastColumnId: number } | null,
  columns: readonly Column[],
): Evolved {
  const known = new Map(before?.schema.fields.map((field) => [field.name, field]))
  let lastColumnId = Math.max(before?.lastColumnId ?? 0, FIRST_CONTRACT_ID - 1)
  const fields = columns.map((column): IcebergField => {
    const type = icebergType(column.type)
    const old = known.get(column.name)
    if (old !== undefined && canWiden(old.type, type)) return { ...old, type }
    if (old !== undefined && canWiden(type, old.type)) return old
    return { id: ++lastColumnId, name: column.name, required: false, type }
  })
  const names = new Set([...fields, ...RECORD_FIELDS].map(({ name }) => name))
  const gone = (before?.schema.fields ?? []).filter(({ name }) => !names.has(name))
  const all = [...fields, ...gone, ...RECORD_FIELDS]
  if (before !== null && JSON.stringify(before.schema.fields) === JSON.stringify(all)) {
    return { ...before, changed: false }
  }
  const schemaId = before === null ? 0 : before.schema["schema-id"] + 1
  return { schema: { type: "struct", "schema-id": schemaId, fields: all }, lastColumnId, changed: true }
}

/** What Iceberg lets a column become without a new id. */
function canWiden(from: IcebergType, to: IcebergType): boolean {
  if (typeof from !== "string" || typeof to !== "string") return false
  if (from === to || (from === "int" && to === "long")) return true
  const [a, b] = [decimalOf(from), decimalOf(to)]
  return a !== null && b !== null && a.scale === b.scale && a.precision <= b.precision
}
