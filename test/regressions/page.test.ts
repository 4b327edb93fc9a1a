/** docs/regressions.md has all of its rows, and each names a test that is there, or a reason. */
import assert from "node:assert/strict"
import { existsSync, readFileSync } from "node:fs"
import { join, normalize } from "node:path"
import { test } from "node:test"
import { assertNone } from "../repo/none-of.ts"
import { ROOT } from "../repo/source-files.ts"

const ROWS = 70
const PAGE = "docs/regressions.md"
const REASON = /^Cannot occur: .{30,}\.$/

interface Row {
  readonly number: number
  readonly trackers: readonly string[]
  readonly cells: readonly string[]
  /** Of the test, below the root; null where a reason stands. */
  readonly path: string | null
}

const rows: readonly Row[] = readFileSync(join(ROOT, PAGE), "utf8")
  .split("\n")
  .filter((line) => /^\| \d+ \|/.test(line))
  .map((line) => {
    const cells = line.split(" | ").map((cell) => cell.replaceAll(/^\| | \|$/g, "").trim())
    const link = /^\[[a-z-]+\.test\.ts\]\(([^)]+)\)$/.exec(cells[4] ?? "")
    return {
      number: Number(cells[0]),
      trackers: cells[1]!.split(", "),
      cells,
      path: link === null ? null : normalize(join("docs", link[1]!)),
    }
  })

test("the page has the rows 1 to 70, each once, in order and without an empty cell", () => {
  assert.deepEqual(
    rows.map(({ number }) => number),
    Array.from({ length: ROWS }, (_, k) => k + 1),
  )
  assertNone(
    rows.filter(({ cells }) => cells.length !== 5 || cells.includes("")).map(({ number }) => `row ${number}`),
    "each row says what went wrong, what holds, and what shows it",
  )
})

test("each row names a test that bears its number or its tracker's, or says why there can be none", () => {
  const broken = rows.flatMap(({ number, trackers, cells, path }) => {
    if (path === null) return REASON.test(cells[4]!) ? [] : [`row ${number}: neither a test nor a reason`]
    if (!existsSync(join(ROOT, path))) return [`row ${number}: ${path} is not there`]
    const text = readFileSync(join(ROOT, path), "utf8")
    const isNamed = text.includes(`test("${number}: `) || trackers.some((tracker) => text.includes(tracker))
    return isNamed ? [] : [`row ${number}: nothing in ${path} bears its name`]
  })
  assertNone(broken, `${PAGE} names tests that are there`)
})
