import assert from "node:assert/strict"
import { test } from "node:test"
import { setTimeout as wait } from "node:timers/promises"
import { openEmbeddedStore } from "../../../test/kit/embedded-store.ts"

/** The grace of running statements is 3 s; after 6 s the parent would help, which an orphan does not have. */
const LONGEST_END_MS = 5_000

test("a host that is let go ends after its grace, whatever statement runs", async () => {
  const store = await openEmbeddedStore()
  const statement = store.clickhouse.command(
    "SELECT sum(sipHash64(number)) FROM numbers_mt(1e13) FORMAT Null",
  )
  const cut = assert.rejects(statement)
  await wait(300)
  const startedMs = performance.now()
  await store[Symbol.asyncDispose]()
  assert.ok(performance.now() - startedMs < LONGEST_END_MS, `it took ${performance.now() - startedMs} ms`)
  await cut
})
