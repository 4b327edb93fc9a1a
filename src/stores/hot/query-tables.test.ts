import assert from "node:assert/strict"
import { test } from "node:test"
import { isPlatformError } from "../../std/errors.ts"
import { databaseOf, joined, lakeTables, missingTable, readCatalog, withLake } from "./query-tables.ts"

const stored = readCatalog("events\tclick\nviews\tclicks_per_plan\n")
const declared = new Map([
  ["events", new Set(["click", "purchase"])],
  ["views", new Set<string>()],
])
const lake = new Set(["click", "purchase", "_ledger"])

function statementOf(...names: string[]) {
  const tables = names.map((written) => {
    const [first = "", second] = written.split(".")
    return second === undefined ? { database: null, name: first } : { database: first, name: second }
  })
  const named = { columns: null, shape: "", groupBy: null }
  return { sql: "", tables, perhapsTables: [], parameters: [], named }
}

test("a bare name is the event also while the store has yet to make its table, and not the lake's", () => {
  const catalog = withLake(joined(stored, declared), lake)
  const cases: readonly (readonly [names: string[], database: string | null, missing: string | null])[] = [
    [["click"], "events", null],
    [["purchase"], "events", "events.purchase"],
    [["events.purchase", "lake.purchase"], null, "events.purchase"],
    [["clicks_per_plan"], "views", null],
    [["_ledger"], "lake", null],
    [["lake.click"], null, null],
    [[], null, null],
  ]
  for (const [names, database, missing] of cases) {
    const statement = statementOf(...names)
    assert.equal(databaseOf(statement, catalog), database, names.join())
    assert.equal(missingTable(statement, database, stored), missing, names.join())
  }
})

test("what is neither stored nor declared nor in the lake is unknown", () => {
  const catalog = withLake(joined(stored, declared), lake)
  for (const name of ["refund", "events.refund", "views.click", "lake.refund"]) {
    assert.throws(
      () => databaseOf(statementOf(name), catalog),
      (error) => isPlatformError(error, "unknown-table"),
      name,
    )
  }
})

test("the lake's tables of a statement are those that are named so, or that it runs among", () => {
  assert.deepEqual(lakeTables(statementOf("lake.click", "events.click", "lake.click"), null, lake), ["click"])
  assert.deepEqual(lakeTables(statementOf("_ledger", "click"), "lake", lake), ["_ledger", "click"])
  assert.deepEqual(lakeTables(statementOf("click"), "events", lake), [])
  const perhaps = { ...statementOf("_ledger"), perhapsTables: ["click", "reason"] }
  assert.deepEqual(lakeTables(perhaps, "lake", lake), ["_ledger", "click"])
})
