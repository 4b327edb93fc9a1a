/**
 * Flights over HTTP into a platform of their own, and every view against PostgreSQL: two days of them, and
 * with MILLRACE_ALL_FLIGHTS=1 all three million, which takes a few minutes and 2 GB of memory.
 */
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { setTimeout as sleep } from "node:timers/promises"
import { startPlatform } from "../../src/platform/start-platform.ts"
import { compareViews } from "./compare-views.ts"
import { feedFlights } from "./feed.ts"
import type { FlightsRange } from "./flights-file.ts"
import { expectedViews } from "./oracle.ts"

const whole = process.env["MILLRACE_ALL_FLIGHTS"] === "1"

test("two days of flights give PostgreSQL's answers, row by row", async (t) => {
  await feedAndCompare(t, { from: "2001-01-01", until: "2001-01-03" }, 31_678)
})

test("all three million flights do", { skip: !whole && "MILLRACE_ALL_FLIGHTS is not 1" }, async (t) => {
  await feedAndCompare(t, {}, 3_000_000)
})

async function feedAndCompare(t: TestContext, range: FlightsRange, flights: number): Promise<void> {
  // First: PostgreSQL keeps this thread for many seconds, and idle connections would be closed meanwhile.
  const expected = await expectedViews({ range })
  const data = mkdtempSync(join(tmpdir(), "millrace-flights-"))
  t.after(() => rmSync(data, { recursive: true, force: true }))
  await using platform = await startPlatform({
    projectDirectory: import.meta.dirname,
    dataDirectory: data,
    port: 0,
  })
  const fed = await feedFlights({ url: platform.url, range, pace: { kind: "full" } })
  assert.deepEqual([fed.accepted, fed.duplicates, fed.rejected], [flights, 0, 0])
  await settled(platform.url, flights)
  const { compared, differences } = await compareViews(platform.url, expected)
  assert.deepEqual(differences, [])
  assert.ok(Object.values(compared).every((rows) => rows > 0))
}

interface Progress {
  readonly views: readonly { readonly name: string; readonly verdicts: Readonly<Record<string, number>> }[]
}

/** Every view has ruled on every flight, and took them all: none late, none failed. */
async function settled(url: string, flights: number): Promise<void> {
  for (;;) {
    const { views } = (await (await fetch(`${url}/v1/views`)).json()) as Progress
    const ruled = views.map(({ verdicts: { pending, ...ruling } }) =>
      Object.values(ruling).reduce((sum, count) => sum + count, 0),
    )
    if (ruled.every((count) => count >= flights)) {
      for (const { name, verdicts } of views) assert.equal(verdicts["applied"], flights, name)
      return
    }
    await sleep(50)
  }
}
