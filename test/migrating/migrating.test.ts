/**
 * Queries as engineers bring them from Flink SQL, ksqlDB, RisingWave and Materialize, and cannot have as they
 * are: each is refused with what it is and what to write instead. Those that run are golden cases
 * (migrating.case).
 */
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import { problemsOf } from "../kit/plan-of.ts"

const INDENT = "    "
const lines = readFileSync(new URL("./refused.txt", import.meta.url), "utf8").split("\n")

interface Case {
  readonly sql: string
  readonly expected: string[]
}

/** A query a line, and below it, indented, its problems: place, code, message, and what to write instead. */
function readCases(): readonly Case[] {
  const cases: Case[] = []
  for (const line of lines) {
    if (line.startsWith(INDENT)) cases.at(-1)!.expected.push(line.slice(INDENT.length))
    else if (line !== "" && !line.startsWith("#")) cases.push({ sql: line, expected: [] })
  }
  return cases
}

test("what other systems write is refused by its name, with what to write here", async () => {
  const cases = readCases()
  assert.ok(cases.length >= 50)
  for (const { sql, expected } of cases) {
    assert.ok(expected.length > 0, sql)
    const found = (await problemsOf(sql)).map(({ line, column, code, message, suggestion }) => {
      return `${line}:${column} ${code} | ${message} | ${suggestion}`
    })
    assert.deepEqual(found, expected, sql)
  }
})

test("every refusal says what to write instead", () => {
  assert.deepEqual(
    lines.filter((line) => line.startsWith(INDENT) && line.endsWith("| null")),
    [],
  )
})
