/**
 * Logical types: what a column means, the same in every home.
 * | kind      | in a vector                                  | as a scalar in JavaScript            |
 * |-----------|----------------------------------------------|--------------------------------------|
 * | boolean   | Uint8Array, 0 or 1                           | boolean                              |
 * | int32     | Int32Array                                   | number                               |
 * | int64     | BigInt64Array                                | bigint                               |
 * | float64   | Float64Array                                 | number (NaN equals NaN, -0 is 0)     |
 * | decimal   | BigInt64Array, unscaled; precision > 18:     | bigint, unscaled (value * 10^scale)  |
 * |           | two words a row, low (unsigned) then high    |                                      |
 * | string    | UTF-8 slices of `data`: starts, ends         | string                               |
 * | bytes     | slices of `data`                             | Uint8Array                           |
 * | json      | UTF-8 slices of `data`, the producer's text  | string (the JSON text)               |
 * | timestamp | BigInt64Array, microseconds since 1970 UTC   | bigint                               |
 * | date      | Int32Array, days since 1970-01-01            | number                               |
 * A timestamp is an instant; a local one is what some clock shows, PostgreSQL's timestamp without time zone,
 * kept as the instant at which a clock in UTC shows the same.
 * An interval exists inside expressions only; no column has it.
 */

export type LogicalType =
  | { readonly kind: "boolean" }
  | { readonly kind: "int32" }
  | { readonly kind: "int64" }
  | { readonly kind: "float64" }
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly kind: "string" }
  | { readonly kind: "bytes" }
  | { readonly kind: "json" }
  | { readonly kind: "timestamp"; readonly local?: true }
  | { readonly kind: "date" }
  | { readonly kind: "interval" }

export type TypeKind = LogicalType["kind"]

/** A value outside a vector; null stands for SQL NULL. */
export type Scalar = boolean | number | bigint | string | Uint8Array | Interval | null

/** PostgreSQL's three parts; they do not convert into each other. */
export interface Interval {
  readonly months: number
  readonly days: number
  readonly micros: bigint
}

export interface Column {
  readonly name: string
  readonly type: LogicalType
  readonly nullable: boolean
}

export const BOOLEAN: LogicalType = { kind: "boolean" }
export const INT32: LogicalType = { kind: "int32" }
export const INT64: LogicalType = { kind: "int64" }
export const FLOAT64: LogicalType = { kind: "float64" }
export const STRING: LogicalType = { kind: "string" }
export const BYTES: LogicalType = { kind: "bytes" }
export const JSON_TEXT: LogicalType = { kind: "json" }
export const TIMESTAMP: LogicalType = { kind: "timestamp" }
export const LOCAL_TIMESTAMP: LogicalType = { kind: "timestamp", local: true }
export const DATE: LogicalType = { kind: "date" }
export const INTERVAL: LogicalType = { kind: "interval" }

/** Digits that fit one 64-bit word. */
export const MAX_NARROW_PRECISION = 18
/** Digits that fit two 64-bit words; no decimal is wider. */
export const MAX_PRECISION = 38

/** 1 <= precision <= 38, 0 <= scale <= precision. */
export function decimal(precision: number, scale: number): LogicalType {
  return { kind: "decimal", precision, scale }
}

/** The spelling used in messages, in JSON and in the lock file: `decimal(12,2)`, `timestamp`. */
export function typeName(type: LogicalType): string {
  return type.kind === "decimal" ? `decimal(${type.precision},${type.scale})` : type.kind
}

export function sameType(a: LogicalType, b: LogicalType): boolean {
  return typeName(a) === typeName(b)
}

/** A time that some clock shows. To readers it is a timestamp like others. */
export function isLocal(type: LogicalType): boolean {
  return type.kind === "timestamp" && type.local === true
}

/** A timestamp that is not local. */
export function isInstant(type: LogicalType): boolean {
  return type.kind === "timestamp" && type.local !== true
}

/** True for types whose vectors hold slices of bytes. */
export function isVariableWidth(type: LogicalType): boolean {
  return type.kind === "string" || type.kind === "bytes" || type.kind === "json"
}
