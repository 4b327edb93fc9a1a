/**
 * Functions that stand where a table stands. Those that only make rows are allowed, all others are refused.
 */
import type { Refusal } from "./errors.ts"

const ALLOWED: ReadonlySet<string> = new Set(
  "numbers numbers_mt zeros zeros_mt generate_series generateSeries primes values SQLStandardValues".split(
    " ",
  ),
)

/** The first pattern that fits names the reason. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/cluster|^remote/i, "reads other servers over the network"],
  [
    /^(file|filesystem|sqlite|executable|arrowstream|icebergLocal|deltaLakeLocal|paimonLocal)$/i,
    "reads files",
  ],
  [/iceberg|deltaLake|paimon|hudi|hdfs|s3|gcs|oss|cosn|azure|url|ytsaurus/i, "reads the network"],
  [/^(mysql|postgresql|mongodb|redis|odbc|jdbc)$/i, "reads another database over the network"],
  [
    /^(dictionary|loop|merge|mergeTree\w+|view\w*|eval|timeSeries\w+|prometheus\w+)$/i,
    "reads tables in a way that no check of the statement sees",
  ],
  [/^(input|format|null)$/i, "is for inserting"],
  [/^(generateRandom|fuzzJSON|fuzzQuery)$/i, "makes rows without end"],
]

export function refusalOfTableFunction(name: string): Refusal | null {
  if (ALLOWED.has(name)) return null
  const found = REASONS.find(([pattern]) => pattern.test(name))
  return {
    construct: `the table function ${name}()`,
    reason: found?.[1] ?? "is none of those that queries may read",
    advice: adviceFor(name),
  }
}

function adviceFor(name: string): string {
  if (/^view/i.test(name)) return "write the SELECT itself, in parentheses"
  return "queries read the tables of events, views and lake"
}
