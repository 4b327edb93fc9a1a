import assert from "node:assert/strict"
import { test } from "node:test"
import { openEmbeddedStore } from "../kit/embedded-store.ts"
import { askRandomly } from "./random-why.ts"

/** `node test/verify/random-why.ts --count 200` asks more. */
const PROJECTS = 8

test("the events that why gives for a row make that row again", async () => {
  await using store = await openEmbeddedStore()
  let rows = 0
  let events = 0
  for (let seed = 1; seed <= PROJECTS; seed++) {
    const report = await askRandomly(store.clickhouse, seed)
    rows += report.rows
    events += report.events
  }
  assert.ok(rows > PROJECTS && events > rows, `${rows} rows of ${events} events`)
})
