/**
 * An event that comes when only some of its overlapping windows are gone is in the others. The ledger says
 * so, and history gives what the live view has: random events, many of them late, over every such window.
 */
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { SeededRandom } from "../../src/std/random.ts"
import { type EmbeddedStore, openEmbeddedStore } from "../kit/embedded-store.ts"
import { openVerifyWorld, type VerifyWorld } from "./verify-world.ts"

const PROJECT = `# Sensors
event reading (id int64, at timestamp, device string, value int64 null) out of order 30s
view hops
SELECT window_start, device, count(*) AS n, sum(value) AS total
FROM hop(reading, at, INTERVAL '2 minutes', INTERVAL '10 minutes') GROUP BY window_start, device
view steps (emit final)
SELECT window_end, count(*) AS n FROM cumulate(reading, at, INTERVAL '3 minutes', INTERVAL '12 minutes')
GROUP BY window_end
view lenient (lateness 4 minutes)
WITH large AS (SELECT at, device, value FROM reading WHERE value > 10)
SELECT window_end, device, max(value) AS highest
FROM hop(large, at, INTERVAL '5 minutes', INTERVAL '20 minutes') GROUP BY window_end, device
view minutes
SELECT window_start, count(*) AS n FROM tumble(reading, at, INTERVAL '1 minute') GROUP BY window_start
view over_minutes (unbounded)
SELECT m.n, count(*) AS times FROM minutes m GROUP BY m.n
view places
SELECT * FROM (
  SELECT window_start, device, value,
    row_number() OVER (PARTITION BY window_start, device ORDER BY value DESC, id) AS place
  FROM hop(reading, at, INTERVAL '4 minutes', INTERVAL '12 minutes')) AS placed
WHERE place <= 2
`
const VIEWS = ["hops", "steps", "lenient", "minutes", "over_minutes", "places"]
const MINUTE_MS = 60_000
const FIRST_MS = Date.UTC(2026, 0, 1)

let store: EmbeddedStore
before(async () => {
  store = await openEmbeddedStore()
})
after(() => store[Symbol.asyncDispose]())

function randomPost(random: SeededRandom, firstId: number, nowMs: number): string {
  const lines = Array.from({ length: 1 + random.below(8) }, (_, k) => {
    const atMs = nowMs - random.below(random.below(2) === 0 ? 2 : 25) * MINUTE_MS - random.below(MINUTE_MS)
    const value = random.below(10) === 0 ? null : random.below(100)
    return JSON.stringify({
      id: firstId + k,
      at: new Date(atMs).toISOString(),
      device: `d${random.below(3)}`,
      value,
    })
  })
  return `${lines.join("\n")}\n`
}

/** Of rows that the view has in some of their windows only, the first of each run. */
async function partlyRows({ ledger, runtime }: VerifyWorld, view: string) {
  const places: { partition: number; offset: number }[] = []
  using cut = runtime.cut(view)
  for (const { topic, partition, end } of cut.positions) {
    const span = { topic, partition, from: 0, until: end }
    for await (const { offset } of ledger.partly(view, span)) places.push({ partition, offset })
  }
  return places
}

for (const seed of [1, 2, 3]) {
  test(`windows that were gone when an event came are left out of its history, seed ${seed}`, async () => {
    const { clickhouse } = store
    await using world = await openVerifyWorld({ clickhouse, project: PROJECT })
    const random = new SeededRandom(seed)
    let nowMs = FIRST_MS
    for (let post = 0; post < 25; post++) {
      nowMs += random.below(6 * MINUTE_MS)
      await world.send("reading", randomPost(random, post * 100, nowMs))
    }
    for (const view of VIEWS) {
      const result = await world.verifier.verify(view)
      assert.equal(result.verdict, "equal", `${view}: ${JSON.stringify(result)}`)
    }
    const [place] = await partlyRows(world, "hops")
    assert.ok(place !== undefined)
    for (const trail of [world.trail, world.trailWithoutMemory]) {
      const { views } = await trail.follow({ event: "reading", ...place })
      const { verdict, reason } = views.find(({ view }) => view === "hops")!
      assert.equal(verdict, "applied")
      assert.match(reason ?? "", /not in its windows that end at 202\S+Z or before/)
    }
  })
}
