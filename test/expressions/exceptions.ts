/** Where we differ from PostgreSQL on purpose. Each is documented in docs/functions.md. */
import type { Scalar } from "../../src/columns/types.ts"
import type { CatalogueEntry } from "../../src/expr/catalogue/entry.ts"
import type { ScalarResult } from "../../src/expr/compile/scalar.ts"
import type { Failure } from "../../src/expr/expression.ts"
import type { Answer } from "./expression-oracle.ts"

export interface Difference {
  readonly entry: CatalogueEntry
  readonly row: readonly Scalar[]
  readonly from: "columns" | "constants"
  readonly ours: ScalarResult
  readonly answer: Answer
}

export function isException(difference: Difference): boolean {
  return EXCEPTIONS.some((exception) => exception(difference))
}

const failed = (result: ScalarResult, failure: Failure) => "failure" in result && result.failure === failure
const textOf = (answer: Answer) => ("text" in answer ? (answer.text ?? "") : "")

/** The year 294200. */
const NEAR_THE_END = 9_221_895_000_000_000_000n
const FAR_DAY = 106_700_000
const nearTheEnd = (value: Scalar) =>
  typeof value === "bigint" ? value > NEAR_THE_END : typeof value === "number" && value > FAR_DAY

const EXCEPTIONS: readonly ((difference: Difference) => boolean)[] = [
  // Instants from the year 294247 on do not fit 64 bits of microseconds since 1970, and there is no infinity.
  ({ row, ours, answer }) =>
    failed(ours, "timestamp-out-of-range") &&
    (/^(-?infinity|29\d{4}-|\d{7}-)/.test(textOf(answer)) || row.some(nearTheEnd)),
  // There PostgreSQL rounds the epoch through a float; ours is exact.
  ({ entry, row }) => entry.name === "extract" && row.some(nearTheEnd),
  // Some patterns are refused, and groups in a replacement where they may be filled differently.
  ({ entry, ours }) => /match|regexp/.test(entry.signature) && failed(ours, "invalid-argument"),
  // A call with a constant NULL can be NULL at once; PostgreSQL looks at its other constants first.
  ({ from, row, ours }) =>
    from === "constants" && row.includes(null) && "value" in ours && ours.value === null,
  // Items that are not constants are looked at one after the other; here PostgreSQL sees constants only.
  ({ entry, answer }) => entry.name.endsWith("in") && "sqlState" in answer && answer.sqlState === "22003",
  // Decimals end at 38 digits.
  ({ ours, answer }) => failed(ours, "numeric-out-of-range") && textOf(answer).replace(/\D/g, "").length > 22,
]
