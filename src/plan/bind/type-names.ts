/** SQL's names of types -> logical types. */
import type { Node, TypeName } from "libpg-query"
import type { LogicalType } from "../../columns/types.ts"
import {
  BOOLEAN,
  BYTES,
  DATE,
  decimal,
  FLOAT64,
  INT32,
  INT64,
  INTERVAL,
  JSON_TEXT,
  LOCAL_TIMESTAMP,
  MAX_PRECISION,
  STRING,
  TIMESTAMP,
} from "../../columns/types.ts"
import { findings, Refused } from "../errors.ts"
import { names } from "../sql/tree.ts"
import { unsupported } from "../unsupported.ts"

/** "numeric": without precision; its digits depend on what is cast. */
export type NamedType = LogicalType | "numeric"

const TYPES: Readonly<Record<string, LogicalType>> = {
  bool: BOOLEAN,
  int4: INT32,
  int8: INT64,
  float8: FLOAT64,
  text: STRING,
  varchar: STRING,
  bytea: BYTES,
  json: JSON_TEXT,
  timestamp: LOCAL_TIMESTAMP,
  timestamptz: TIMESTAMP,
  date: DATE,
  interval: INTERVAL,
}

const INSTEAD: Readonly<Record<string, string>> = {
  int2: "use integer",
  float4: "use double precision",
  bpchar: "use text, and left(x, n) to cut it",
  jsonb: "use json, which keeps the producer's text",
  int64: "use bigint",
  int32: "use integer",
  float64: "use double precision",
  double: "use double precision",
  string: "use text",
  bytes: "use bytea",
  datetime: "use timestamp",
  uuid: "use text",
  time: "use timestamp or interval",
  timetz: "use timestamp or interval",
}

/** @throws Refused unsupported-type */
export function namedType(type: TypeName): NamedType {
  const byte = type.location ?? null
  const path = names(type.names)
  const name = path.at(-1) ?? ""
  if ((type.arrayBounds ?? []).length > 0) throw new Refused(unsupported("array"), byte)
  if (type.setof || type.pct_type || (path.length > 1 && path[0] !== "pg_catalog")) {
    throw new Refused(findings.unsupportedType(path.join("."), "use a built-in type"), byte)
  }
  const modifiers = (type.typmods ?? []).map(wholeConstant)
  if (name === "numeric") return modifiers.length === 0 ? "numeric" : decimalOf(modifiers, byte)
  const found = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined
  if (found === undefined) {
    const instead = Object.hasOwn(INSTEAD, name) ? INSTEAD[name] : undefined
    const known =
      "boolean, integer, bigint, double precision, numeric(p,s), text, bytea, json, timestamp, date"
    throw new Refused(findings.unsupportedType(name, instead ?? `there are ${known}`), byte)
  }
  if (found.kind === "interval" || modifiers.length === 0) return found
  if (found.kind === "timestamp" && modifiers[0] === 6) return found
  const instead =
    found.kind === "timestamp"
      ? "write it without; date_trunc('milliseconds', t) cuts a time"
      : "use text, and left(x, n) to cut it"
  throw new Refused(findings.unsupportedType(`${name}(${modifiers.join()})`, instead), byte)
}

function decimalOf(modifiers: readonly (number | null)[], byte: number | null): LogicalType {
  const [precision, scale = 0] = modifiers
  const fits = precision != null && scale !== null && precision >= 1 && precision <= MAX_PRECISION
  if (!fits || scale < 0 || scale > precision) {
    const name = `numeric(${modifiers.join()})`
    throw new Refused(
      findings.unsupportedType(name, `write numeric(p,s) with 0 <= s <= p <= ${MAX_PRECISION}`),
      byte,
    )
  }
  return decimal(precision, scale)
}

function wholeConstant(node: Node): number | null {
  return "A_Const" in node && node.A_Const.ival !== undefined ? (node.A_Const.ival.ival ?? 0) : null
}

const FIELDS: ReadonlyMap<number, string> = new Map([
  [1 << 2, "year"],
  [1 << 1, "month"],
  [1 << 3, "day"],
  [1 << 10, "hour"],
  [1 << 11, "minute"],
  [1 << 12, "second"],
])

/** INTERVAL '3' HOUR keeps its field as a bit mask: the text to read is "3 hour". */
export function intervalText(text: string, type: TypeName): string {
  const mask = wholeConstant(type.typmods?.[0] ?? { List: {} })
  if (mask === null) return text
  const field = FIELDS.get(mask)
  if (field === undefined || !/^\s*[+-]?\d+(\.\d+)?\s*$/.test(text) || (type.typmods ?? []).length > 1) {
    throw new Refused(
      findings.unsupportedType("interval with fields or precision", "write INTERVAL '1 day 2 hours'"),
      type.location ?? null,
    )
  }
  return `${text} ${field}`
}
