/**
 * Expressions as PostgreSQL's SQL, by the catalogue's spellings, so that PostgreSQL can evaluate them too.
 */
import type { Interval, LogicalType, Scalar } from "../../src/columns/types.ts"
import { isLocal } from "../../src/columns/types.ts"
import { entryOf } from "../../src/expr/catalogue/catalogue.ts"
import { formatDecimal } from "../../src/expr/decimal.ts"
import type { Expression } from "../../src/expr/expression.ts"
import { formatBytes } from "../../src/expr/values/bytes-text.ts"
import { formatInterval } from "../../src/expr/values/interval-text.ts"
import { formatFloat64 } from "../../src/expr/values/number-text.ts"
import { formatDate, formatLocalTimestamp, formatTimestamp } from "../../src/expr/values/time-text.ts"

export function postgresType(type: LogicalType): string {
  switch (type.kind) {
    case "boolean":
      return "boolean"
    case "int32":
      return "int4"
    case "int64":
      return "int8"
    case "float64":
      return "float8"
    case "decimal":
      return `numeric(${type.precision},${type.scale})`
    case "string":
      return "text"
    case "bytes":
      return "bytea"
    case "timestamp":
      return isLocal(type) ? "timestamp" : "timestamptz"
    default:
      return type.kind
  }
}

/** A typed constant. Decimals stay unconstrained where their digits say enough. */
export function postgresLiteral(value: Scalar, type: LogicalType): string {
  if (value === null) return `NULL::${postgresType(type)}`
  return `'${scalarText(value, type).replaceAll("'", "''")}'::${postgresType(type)}`
}

export function scalarText(value: Scalar, type: LogicalType): string {
  switch (type.kind) {
    case "float64":
      return formatFloat64(value as number)
    case "decimal":
      return formatDecimal(value as bigint, type.scale)
    case "bytes":
      return formatBytes(value as Uint8Array)
    case "timestamp":
      return isLocal(type) ? formatLocalTimestamp(value as bigint) : formatTimestamp(value as bigint)
    case "date":
      return formatDate(value as number)
    case "interval":
      return formatInterval(value as Interval)
    default:
      return String(value)
  }
}

/** How the leaves of an expression are written. */
export interface Leaves {
  readonly column: (index: number) => string
  readonly literal: (value: Scalar, type: LogicalType) => string
}

/** Columns c0, c1, …, and constants as they are. */
export const PLAIN: Leaves = { column: (index) => `c${index}`, literal: postgresLiteral }

export function spellPostgres(expression: Expression, leaves: Leaves = PLAIN): string {
  const spell = (child: Expression) => spellPostgres(child, leaves)
  switch (expression.kind) {
    case "column":
      return leaves.column(expression.index)
    case "literal":
      return leaves.literal(expression.value, expression.type)
    case "cast":
      return `(${spell(expression.input)})::${postgresType(expression.type)}`
    case "and":
    case "or":
      return `(${expression.args.map(spell).join(` ${expression.kind} `)})`
    case "coalesce":
      return `coalesce(${expression.args.map(spell).join(", ")})`
    case "case": {
      const branches = expression.branches.map(({ when, then }) => `when ${spell(when)} then ${spell(then)}`)
      return `(case ${branches.join(" ")} else ${spell(expression.otherwise)} end)`
    }
    case "call":
      return spellCall(expression.signature, expression.args.map(spell))
  }
}

/** Collation C.UTF-8 of the builtin provider is the one whose letters we know. */
const LETTERS = /^(lower|upper|initcap|ilike|not_ilike|\w*matches\w*|regexp_\w+)\(/

function spellCall(signature: string, args: readonly string[]): string {
  const template = entryOf(signature)!.spelling.postgres
  const collated = LETTERS.test(signature)
    ? args.map((arg, index) => (index === 0 ? `(${arg} collate pg_c_utf8)` : arg))
    : args
  return template.replace(/\$(\d|\*|rest)/g, (_, which: string) => {
    if (which === "*") return collated.join(", ")
    return which === "rest" ? collated.slice(1).join(", ") : collated[Number(which) - 1]!
  })
}
