/** A part of a pattern's SQL, parsed on its own: a condition, or a SELECT list. */
import type { Node, ResTarget, SelectStmt } from "libpg-query"
import type { Finding } from "../errors.ts"
import { Refused } from "../errors.ts"
import { parseSelect } from "../sql/parse.ts"
import { offsetOfByte } from "../sql/places.ts"
import { patternFindings } from "./errors.ts"

/** Where a finding is: an index into the part's text; null when it is about the whole. */
export type ReportPart = (finding: Finding, offset: number | null, text: string) => void

const SELECT = "SELECT "
const CONDITION = "SELECT ("

/** One part, and how its problems are reported: bytes of what was parsed become offsets in the part. */
export class Fragment {
  readonly text: string
  readonly #prefix: string
  readonly #report: ReportPart

  constructor(text: string, prefix: "list" | "condition", report: ReportPart) {
    this.text = text
    this.#prefix = prefix === "list" ? SELECT : CONDITION
    this.#report = report
  }

  get #parsed(): string {
    // The line break ends a comment.
    return `${this.#prefix}${this.text}${this.#prefix === CONDITION ? "\n)" : ""}`
  }

  report(finding: Finding, byte: number | null): void {
    this.#reportAt(finding, byte === null ? null : offsetOfByte(this.#parsed, byte))
  }

  /** Null when it was refused, which is reported. */
  targets(): readonly ResTarget[] | null {
    const isCondition = this.#prefix === CONDITION
    const [what, form] = isCondition
      ? ["where", "one SQL condition, such as amount < 2"]
      : ["select", "the columns of a match, such as card, count(*) AS payments"]
    if (this.text.trim() === "") {
      this.#report(patternFindings.text(what, "is empty", form), 0, this.text)
      return null
    }
    const parsed = parseSelect(this.#parsed)
    if (!parsed.ok) {
      this.#reportAt(parsed.finding, parsed.offset)
      return null
    }
    const targets = (parsed.select.targetList ?? []).flatMap((node) =>
      "ResTarget" in node ? [node.ResTarget] : [],
    )
    const isWhole = hasClauses(parsed.select) || (isCondition && targets.length !== 1)
    if (!isWhole) return targets
    const why = isCondition ? "holds more than a condition" : "holds more than a list of columns"
    this.report(patternFindings.text(what, why, form), null)
    return null
  }

  #reportAt(finding: Finding, offset: number | null): void {
    const own = offset === null ? null : offset - this.#prefix.length
    this.#report(finding, own === null ? null : Math.max(0, Math.min(own, this.text.length)), this.text)
  }
}

/** What may stand in a SELECT besides its list. */
function hasClauses(select: SelectStmt): boolean {
  const { targetList: _, limitOption: __, op: ___, ...rest } = select
  const isSetOperation = select.op !== undefined && select.op !== "SETOP_NONE"
  return (
    isSetOperation ||
    Object.values(rest).some((clause) =>
      Array.isArray(clause) ? clause.length > 0 : typeof clause === "object",
    )
  )
}

/** The expression of a target. @throws Refused */
export function expressionOf(target: ResTarget): Node {
  const { val } = target
  const isStar =
    val !== undefined && "ColumnRef" in val && (val.ColumnRef.fields ?? []).some((f) => "A_Star" in f)
  if (val !== undefined && !isStar) return val
  const finding = patternFindings.text("select", "takes no *", "each column of a match by its name")
  throw new Refused(finding, target.location ?? null)
}
