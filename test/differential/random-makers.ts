/**
 * How values of each kind are made of values of others. PostgreSQL must be able to evaluate every one of them
 * on every row, so numbers stay small and divisors are guarded; no result depends on the sign of zero.
 */
import type { SeededRandom } from "../../src/std/random.ts"
import type { Kind } from "./kinds.ts"
import { COMPARABLE } from "./kinds.ts"
import type { Sql } from "./sql-text.ts"
import { sql } from "./sql-text.ts"

export type Maker = (of: (kind: Kind) => Sql, random: SeededRandom) => Sql

const choice: (kind: Kind) => Maker = (kind) => (of) =>
  sql`CASE WHEN ${of("boolean")} THEN ${of(kind)} ELSE ${of(kind)} END`
const simpleCase: (kind: Kind) => Maker = (kind) => (of) =>
  sql`CASE ${of("int32")} WHEN 1 THEN ${of(kind)} WHEN ${of("int32")} THEN ${of(kind)} END`
const fallback: (kind: Kind) => Maker = (kind) => (of) => sql`COALESCE(${of(kind)}, ${of(kind)})`
const nullWhen: (kind: Kind) => Maker = (kind) => (of) => sql`NULLIF(${of(kind)}, ${of(kind)})`
const extreme: (kind: Kind) => Maker = (kind) => (of, random) =>
  sql`${random.below(2) === 0 ? "greatest" : "least"}(${of(kind)}, ${of(kind)})`
const common = (kind: Kind): readonly Maker[] => [
  choice(kind),
  simpleCase(kind),
  fallback(kind),
  nullWhen(kind),
  extreme(kind),
]
const OPERATORS = ["=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"]
const compare: (kind: Kind) => Maker = (kind) => (of, random) =>
  sql`(${of(kind)} ${OPERATORS[random.below(OPERATORS.length)]!} ${of(kind)})`

export const MAKERS: Readonly<Record<Kind, readonly Maker[]>> = {
  int32: [
    ...common("int32"),
    (of) => sql`(${of("int32")} % 7 + ${of("int32")} % 5)`,
    (of) => sql`(${of("int32")} / NULLIF(${of("int32")} % 3, 0))`,
    (of) => sql`length(${of("string")})`,
    (of) => sql`octet_length(${of("bytes")})`,
    (of) => sql`abs(${of("int32")} % 1000)`,
    (of) => sql`CAST(${of("int64")} % 1000 AS integer)`,
    (of) => sql`CAST(extract(minute FROM ${of("timestamp")}) AS integer)`,
    (of) => sql`(${of("date")} - ${of("date")})`,
  ],
  int64: [
    ...common("int64"),
    (of) => sql`(${of("int64")} % 1000 * 3)`,
    (of) => sql`(${of("int64")} % 1000 - ${of("int32")} % 1000)`,
    (of) => sql`CAST(${of("int32")} AS bigint)`,
    (of) => sql`CAST(${of("decimal")} AS bigint)`,
  ],
  decimal: [
    ...common("decimal"),
    (of) => sql`CAST(${of("decimal")} % 100 * (${of("int32")} % 100) / 10 % 1000 AS numeric(10,2))`,
    (of) => sql`CAST(round(${of("decimal")}, 1) AS numeric(10,2))`,
    (of) => sql`CAST(${of("int32")} % 10000 AS numeric(10,2))`,
  ],
  float64: [
    ...common("float64"),
    (of) => sql`(${of("float64")} / 4)`,
    (of) => sql`CAST(${of("int32")} AS double precision)`,
    (of) => sql`abs(${of("float64")})`,
  ],
  string: [
    ...common("string"),
    (of) => sql`upper(${of("string")})`,
    (of) => sql`substring(${of("string")}, 2, 3)`,
    (of) => sql`left(${of("string")} || ${of("string")}, 6)`,
    (of) => sql`CAST(${of("int32")} AS text)`,
    (of) => sql`replace(${of("string")}, 'a', 'x')`,
    (of) => sql`trim(${of("string")})`,
    (of) => sql`encode(${of("bytes")}, 'hex')`,
    (of) => sql`(${of("json")} ->> 'a')`,
    (of) => sql`json_typeof(${of("json")})`,
    (of) => sql`CAST(${of("date")} AS text)`,
  ],
  boolean: [
    ...COMPARABLE.map(compare),
    (of) => sql`(${of("boolean")} AND ${of("boolean")})`,
    (of) => sql`(${of("boolean")} OR ${of("boolean")})`,
    (of) => sql`(NOT ${of("boolean")})`,
    (of) => sql`(${of("int32")} IS NULL)`,
    (of) => sql`(${of("boolean")} IS NOT TRUE)`,
    (of) => sql`(${of("string")} LIKE 'a%')`,
    (of) => sql`(${of("int32")} BETWEEN -3 AND 2)`,
    (of) => sql`(${of("int32")} IN (1, 2, ${of("int32")}))`,
    (of) => sql`(${of("string")} NOT IN ('a', 'b', ''))`,
    (of) => sql`(${of("json")} IS NOT NULL)`,
  ],
  timestamp: [
    ...common("timestamp"),
    (of) => sql`date_trunc('minute', ${of("timestamp")})`,
    (of) => sql`(${of("timestamp")} + INTERVAL '90 seconds')`,
    (of) => sql`CAST(${of("date")} AS timestamp)`,
  ],
  date: [
    ...common("date"),
    (of) => sql`CAST(${of("timestamp")} AS date)`,
    (of) => sql`(${of("date")} + ${of("int32")} % 50)`,
  ],
  bytes: [
    ...common("bytes"),
    (of) => sql`substring(${of("bytes")}, 1, 1)`,
    (of) => sql`decode(md5(${of("string")}), 'hex')`,
  ],
  json: [choice("json"), fallback("json"), (of) => sql`(${of("json")} -> 'b')`],
}
