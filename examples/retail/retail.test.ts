/** The whole file over HTTP, some of it twice, and every view against PostgreSQL's batch answer. */
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { setTimeout as sleep } from "node:timers/promises"
import { startPlatform } from "../../src/platform/start-platform.ts"
import type { VerificationAnswer } from "../../test/kit/verify-view.ts"
import { verifyView } from "../../test/kit/verify-view.ts"
import { compareViews } from "../flights/compare-views.ts"
import { feedOrderLines } from "./feed.ts"
import { expectedAnswers } from "./oracle.ts"
import { HOW_TO_GET_THE_FILE, orderFileIn } from "./order-lines.ts"

const path = orderFileIn(process.env["MILLRACE_TEST_DATA"])

test("revenue equals a batch computation by PostgreSQL", {
  skip: path === null && HOW_TO_GET_THE_FILE,
}, async (t) => {
  assert.ok(path !== null)
  // First: PostgreSQL keeps this thread for many seconds, and idle connections would be closed meanwhile.
  const { distinctLines, views } = await expectedAnswers(path)
  const data = mkdtempSync(join(tmpdir(), "millrace-retail-"))
  t.after(() => rmSync(data, { recursive: true, force: true }))
  await using platform = await startPlatform({
    projectDirectory: import.meta.dirname,
    dataDirectory: data,
    port: 0,
  })
  const checks: Promise<VerificationAnswer>[] = []
  const fed = await feedOrderLines({
    url: platform.url,
    path,
    onProgress: ({ received }) => {
      if (received === VERIFIED_AFTER) checks.push(verifyView(platform.url, "revenue_by_day_and_country"))
    },
  })
  for (const { verdict, reason, rows_compared: rows } of await Promise.all(checks)) {
    assert.equal(verdict, "equal", reason ?? "")
    assert.ok(rows > 10)
  }
  assert.equal(fed.accepted, distinctLines, "lines that are there twice are dropped")
  assert.equal(fed.accepted + fed.duplicates, fed.received)
  assert.ok(fed.duplicates > 1_000, `${fed.duplicates} lines are there twice`)
  const again = await feedOrderLines({ url: platform.url, path, limit: 10_000 })
  assert.deepEqual([again.accepted, again.duplicates], [0, 10_000])
  await settled(platform.url)
  const { compared, differences } = await compareViews(platform.url, views)
  assert.deepEqual(differences, [])
  assert.ok(Object.values(compared).every((rows) => rows > 100))
})

/** Lines behind which a view is held against ClickHouse's answer while more lines come. */
const VERIFIED_AFTER = 60_000

/** Until every view has ruled on every line; none may be late or fail. */
async function settled(url: string): Promise<void> {
  for (;;) {
    const { views } = (await (await fetch(`${url}/v1/views`)).json()) as {
      views: readonly { name: string; verdicts: Readonly<Record<string, number>> }[]
    }
    for (const { name, verdicts } of views)
      assert.deepEqual([verdicts["late"], verdicts["failed"]], [0, 0], name)
    if (views.every(({ verdicts }) => verdicts["pending"] === 0)) return
    await sleep(50)
  }
}
