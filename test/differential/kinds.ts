/** The types of columns, as generated SQL and generated rows have them. */
import type { LogicalType, Scalar } from "../../src/columns/types.ts"
import type { SeededRandom } from "../../src/std/random.ts"

export type Kind =
  | "boolean"
  | "int32"
  | "int64"
  | "decimal"
  | "float64"
  | "string"
  | "bytes"
  | "json"
  | "timestamp"
  | "date"

export const KINDS: readonly Kind[] = [
  "boolean",
  "int32",
  "int64",
  "decimal",
  "float64",
  "string",
  "bytes",
  "json",
  "timestamp",
  "date",
]

/** PostgreSQL compares no json. */
export const COMPARABLE: readonly Kind[] = KINDS.filter((kind) => kind !== "json")
export const SUMMED: readonly Kind[] = ["int32", "int64", "decimal", "float64"]
/** PostgreSQL has no min and max of these. */
export const EXTREME = COMPARABLE.filter((kind) => kind !== "boolean" && kind !== "bytes")

export const TYPES: Readonly<Record<Kind, LogicalType>> = {
  boolean: { kind: "boolean" },
  int32: { kind: "int32" },
  int64: { kind: "int64" },
  decimal: { kind: "decimal", precision: 10, scale: 2 },
  float64: { kind: "float64" },
  string: { kind: "string" },
  bytes: { kind: "bytes" },
  json: { kind: "json" },
  timestamp: { kind: "timestamp" },
  date: { kind: "date" },
}

export const SQL_TYPES: Readonly<Record<Kind, string>> = {
  boolean: "boolean",
  int32: "integer",
  int64: "bigint",
  decimal: "numeric(10,2)",
  float64: "double precision",
  string: "text",
  bytes: "bytea",
  json: "json",
  timestamp: "timestamp",
  date: "date",
}

const WORDS = ["", "a", "b", "ab", "Abc", "a_b", "%", "Ünï", "😀"]
const DOCUMENTS = ['{"a": 1}', '{"a": "x", "b": [1, 2]}', "[]", "null", "3.50", '"text"']
const BYTES = ["", "00", "61", "6162", "ff"]
const FLOATS = [0, -0, 0.5, 1.25, -3.75, 2, Number.NaN]
/** 2026-02-27T23:58:00Z: the rows lie around a midnight and the end of a month. */
export const START_US = BigInt(Date.UTC(2026, 1, 27, 23, 58)) * 1000n
export const SPAN_SECONDS = 240
const FIRST_DAY = Date.UTC(2026, 1, 27) / 86_400_000

/** Few values, so that rows meet: in joins, in groups, as duplicates. */
export function randomValue(kind: Kind, random: SeededRandom): Scalar {
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]!
  const number = random.below(9) - 4
  switch (kind) {
    case "boolean":
      return random.below(2) === 1
    case "int32":
      return number
    case "int64":
      return BigInt(number)
    case "decimal":
      return BigInt(number * 100 + pick([0, 25, 50, 99]))
    case "float64":
      return pick(FLOATS)
    case "string":
      return pick(WORDS)
    case "bytes":
      return Buffer.from(pick(BYTES), "hex")
    case "json":
      return pick(DOCUMENTS)
    case "timestamp":
      return START_US + BigInt(random.below(12) * 20) * 1_000_000n
    case "date":
      return FIRST_DAY + random.below(4)
  }
}

export function randomLiteral(kind: Kind, random: SeededRandom): string {
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]!
  const number = random.below(9) - 4
  switch (kind) {
    case "boolean":
      return random.below(2) === 1 ? "TRUE" : "FALSE"
    case "int32":
      return `(${number})`
    case "int64":
      return `CAST(${number} AS bigint)`
    case "decimal":
      return `CAST(${number}.${pick(["00", "25", "50", "99"])} AS numeric(10,2))`
    case "float64":
      return `CAST(${pick(["0", "0.5", "1.25", "-3.75", "'NaN'"])} AS double precision)`
    case "string":
      return `CAST('${pick(WORDS)}' AS text)`
    case "bytes":
      return `CAST('\\x${pick(BYTES)}' AS bytea)`
    case "json":
      return `CAST('${pick(DOCUMENTS)}' AS json)`
    case "timestamp":
      return `TIMESTAMP '2026-02-28 00:0${random.below(3)}:${pick(["00", "20", "40"])}'`
    case "date":
      return `DATE '2026-02-2${pick([7, 8])}'`
  }
}
