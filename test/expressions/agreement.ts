/** Whether our outcome and PostgreSQL's are the same: value, NULL or the same kind of error. */
import type { LogicalType } from "../../src/columns/types.ts"
import type { ScalarResult } from "../../src/expr/compile/scalar.ts"
import { divideRounded, powerOfTen } from "../../src/expr/decimal.ts"
import type { Answer } from "./expression-oracle.ts"
import { SQL_STATES } from "./expression-oracle.ts"
import { scalarText } from "./spell-postgres.ts"

/** Relative; only for functions whose last bits depend on the mathematics library. */
export const LIBRARY_TOLERANCE = 1e-14

export interface Strictness {
  /** Compare floats within LIBRARY_TOLERANCE. */
  readonly approximate: boolean
}

/** Null when they agree, else both in words. */
export function disagreement(
  ours: ScalarResult,
  answer: Answer,
  type: LogicalType,
  { approximate }: Strictness,
): string | null {
  if ("failure" in ours || "sqlState" in answer) {
    const same =
      "failure" in ours && "sqlState" in answer && SQL_STATES[ours.failure].includes(answer.sqlState)
    return same ? null : `ours ${show(ours, type)}, PostgreSQL ${showAnswer(answer)}`
  }
  const text = ours.value === null ? null : scalarText(ours.value, type)
  if (text === answer.text) return null
  const close = text !== null && answer.text !== null && sameNumber(text, answer.text, type, approximate)
  return close ? null : `ours ${show(ours, type)}, PostgreSQL ${showAnswer(answer)}`
}

function sameNumber(ours: string, theirs: string, type: LogicalType, approximate: boolean): boolean {
  if (type.kind === "decimal") return sameDecimal(ours, theirs)
  if (type.kind !== "float64" || !approximate) return false
  const [a, b] = [Number(ours), Number(theirs)]
  return Math.abs(a - b) <= LIBRARY_TOLERANCE * Math.abs(b)
}

/** Equal after rounding to the smaller scale. */
function sameDecimal(ours: string, theirs: string): boolean {
  const scale = Math.min(placesOf(ours), placesOf(theirs))
  return unscaled(ours, scale) === unscaled(theirs, scale)
}

const placesOf = (text: string) => text.split(".")[1]?.length ?? 0

function unscaled(text: string, scale: number): bigint {
  const places = placesOf(text)
  return divideRounded(BigInt(text.replace(".", "")), powerOfTen(places - scale))
}

function show(result: ScalarResult, type: LogicalType): string {
  if ("failure" in result) return result.failure
  return result.value === null ? "NULL" : `"${scalarText(result.value, type)}"`
}

function showAnswer(answer: Answer): string {
  if ("sqlState" in answer) return `error ${answer.sqlState}`
  return answer.text === null ? "NULL" : `"${answer.text}"`
}
