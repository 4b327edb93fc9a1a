/** Reads the text files of this folder: what stands in front of the first empty line is a remark. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { ViewOptions } from "../../../src/plan/view.ts"

export interface PlanCase {
  /** The line that begins with "# ", else the SQL. */
  readonly title: string
  readonly sql: string
  readonly options: Omit<ViewOptions, "sql">
  /** The indented lines below the SQL, without their indentation. */
  readonly expected: string
}

const INDENT = "    "

/** Cases of accepted.txt and refused.txt. */
export function readPlanCases(file: string): readonly PlanCase[] {
  const cases: PlanCase[] = []
  let head: string[] = []
  let expected: string[] = []
  const take = () => {
    if (expected.length > 0) cases.push(planCase(head, expected))
    head = []
    expected = []
  }
  for (const line of readLines(file)) {
    if (line.startsWith(INDENT)) expected.push(line.slice(INDENT.length))
    else {
      if (expected.length > 0) take()
      if (line !== "") head.push(line)
    }
  }
  take()
  return cases
}

function planCase(head: readonly string[], expected: readonly string[]): PlanCase {
  const sql = head.at(-1)!.replaceAll("⏎", "\n")
  const title = head.find((line) => line.startsWith("# "))?.slice(2)
  const options = head.find((line) => line.startsWith("{"))
  return { title: title ?? sql, sql, options: JSON.parse(options ?? "{}"), expected: expected.join("\n") }
}

/** The lines behind the remark. */
export function readLines(file: string): readonly string[] {
  const text = readFileSync(join(import.meta.dirname, file), "utf8")
  return text
    .slice(text.indexOf("\n\n") + 2)
    .trimEnd()
    .split("\n")
}
