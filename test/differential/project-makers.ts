/** How values of each kind are made of values of others, as SQL that ClickHouse has a spelling for. */
import type { SeededRandom } from "../../src/std/random.ts"

export type Kind = "int32" | "int64" | "decimal" | "float64" | "string" | "boolean" | "timestamp"

export const KINDS: readonly Kind[] = [
  "int32",
  "int64",
  "decimal",
  "float64",
  "string",
  "boolean",
  "timestamp",
]

export type Maker = (of: (kind: Kind) => string, random: SeededRandom) => string

const choice: (kind: Kind) => Maker = (kind) => (of) =>
  `CASE WHEN ${of("boolean")} THEN ${of(kind)} ELSE ${of(kind)} END`
const fallback: (kind: Kind) => Maker = (kind) => (of) => `COALESCE(${of(kind)}, ${of(kind)})`
const nullWhen: (kind: Kind) => Maker = (kind) => (of) => `NULLIF(${of(kind)}, ${of(kind)})`
const common = (kind: Kind): readonly Maker[] => [choice(kind), fallback(kind), nullWhen(kind)]
const compare: (kind: Kind) => Maker = (kind) => (of, random) => {
  const operator = ["=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM"][random.below(7)]
  return `(${of(kind)} ${operator} ${of(kind)})`
}

export const MAKERS: Readonly<Record<Kind, readonly Maker[]>> = {
  int32: [
    ...common("int32"),
    (of) => `(${of("int32")} % 7 + ${of("int32")} % 5)`,
    (of) => `(${of("int32")} / NULLIF(${of("int32")} % 3, 0))`,
    (of) => `length(${of("string")})`,
    (of) => `abs(${of("int32")} % 1000)`,
    (of) => `CAST(${of("int64")} % 1000 AS integer)`,
    (of) => `CAST(extract(minute FROM ${of("timestamp")}) AS integer)`,
  ],
  int64: [
    ...common("int64"),
    (of) => `(${of("int64")} % 1000 * 3)`,
    (of) => `(${of("int64")} % 1000 - ${of("int32")} % 1000)`,
    (of) => `CAST(${of("int32")} AS bigint)`,
    (of) => `greatest(${of("int64")}, ${of("int64")})`,
  ],
  decimal: [
    ...common("decimal"),
    (of) => `CAST(${of("decimal")} % 100 * ${of("int32")} / 10 % 1000 AS numeric(10,2))`,
    (of) => `CAST(round(${of("decimal")}, 1) AS numeric(10,2))`,
    (of) => `CAST(${of("int32")} % 100000 AS numeric(10,2))`,
  ],
  float64: [
    ...common("float64"),
    (of) => `(${of("float64")} / 4)`,
    (of) => `CAST(${of("int32")} AS double precision)`,
    (of) => `least(${of("float64")}, ${of("float64")})`,
  ],
  string: [
    ...common("string"),
    (of) => `upper(${of("string")})`,
    (of) => `substring(${of("string")}, 2, 3)`,
    (of) => `left(${of("string")} || ${of("string")}, 6)`,
    (of) => `CAST(${of("int32")} AS text)`,
    (of) => `replace(${of("string")}, 'a', 'x')`,
    (of) => `trim(${of("string")})`,
  ],
  boolean: [
    ...KINDS.filter((kind) => kind !== "boolean").map(compare),
    (of) => `(${of("boolean")} AND ${of("boolean")})`,
    (of) => `(${of("boolean")} OR ${of("boolean")})`,
    (of) => `(NOT ${of("boolean")})`,
    (of) => `(${of("int32")} IS NULL)`,
    (of) => `(${of("string")} LIKE 'a%')`,
    (of) => `(${of("int32")} BETWEEN -3 AND 4)`,
    (of) => `(${of("int32")} IN (1, 2, ${of("int32")}))`,
  ],
  timestamp: [
    ...common("timestamp"),
    (of) => `date_trunc('minute', ${of("timestamp")})`,
    (of) => `(${of("timestamp")} + INTERVAL '90 seconds')`,
  ],
}
