import assert from "node:assert/strict"
import { test } from "node:test"
import { REFUSED_SQL } from "../../test/fixtures/refused-sql.ts"
import { problemsOf } from "../../test/kit/plan-of.ts"
import { CONSTRUCT_CODES } from "./unsupported.ts"

interface Refused {
  readonly sql: string
  readonly options: object
  readonly expected: string
}

const REFUSED: readonly Refused[] = readCases(REFUSED_SQL)

function readCases(text: string): readonly Refused[] {
  const lines = text.split("\n").slice(1, -1)
  return Array.from({ length: lines.length / 2 }, (_, i) => {
    const [, options, sql] = /^(\{.*?\} )?(.*)$/.exec(lines[2 * i]!)!
    const expected = lines[2 * i + 1]!.trim()
    return { sql: sql!.replaceAll("⏎", "\n"), options: JSON.parse(options ?? "{}"), expected }
  })
}

test("what a view cannot say is refused once, with its place and what to write instead", async () => {
  for (const { sql, options, expected } of REFUSED) {
    const problems = await problemsOf(sql, options)
    const found = problems.map(({ code, line, column, suggestion }) => {
      const place = line === null ? "-" : `${line}:${column}`
      return `${place} ${code} | ${suggestion ?? "-"}`
    })
    assert.deepEqual(found, [expected], sql)
  }
})

test("every construct that is listed as unsupported is met by a case", () => {
  const met = new Set(REFUSED.map(({ expected }) => expected.split(" ")[1]))
  assert.deepEqual(
    CONSTRUCT_CODES.filter((code) => !met.has(code)),
    ["unsupported-expression"],
  )
})
