/** Where an event went: one verdict a view, by memory, by the ledger, or by the view's conditions. */
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import type { EventTrail } from "../../src/runners/trail/event-trail.ts"
import { isPlatformError } from "../../src/std/errors.ts"
import { type EmbeddedStore, openEmbeddedStore } from "../kit/embedded-store.ts"
import { openVerifyWorld, type VerifyWorld } from "./verify-world.ts"

const PROJECT = `# A shop
event sale (id int64, at timestamp, item string, price decimal(10,2), packs int32) out of order 1 minute
event refund (id int64, at timestamp, item string) out of order 1 minute
view per_item (unbounded)
SELECT item, count(*) AS sold, sum(price / packs) AS revenue FROM sale WHERE price > 1
GROUP BY item HAVING count(*) > 1
view best (unbounded)
SELECT count(*) AS items, max(sold) AS most FROM per_item
view per_minute
SELECT window_start, count(*) AS n FROM tumble(sale, at, INTERVAL '1 minute') GROUP BY window_start
view pots
SELECT id, item FROM sale WHERE item = 'pot' UNION ALL SELECT id, item FROM sale WHERE price > 19
view refunds
SELECT id, item FROM refund
rows sale
{"id":1,"at":"2026-01-01T00:00:00Z","item":"tea","price":"4.50","packs":1}
{"id":2,"at":"2026-01-01T00:00:30Z","item":"tea","price":6.25,"packs":2}
{"id":3,"at":"2026-01-01T00:01:10Z","item":"pot","price":"18.99","packs":1}
{"id":4,"at":"2026-01-01T00:05:00Z","item":"tea","price":"0.50","packs":1}
{"id":5,"at":"2026-01-01T00:05:00Z","item":"tea","price":"2.50","packs":0}
`

let store: EmbeddedStore
let world: VerifyWorld
before(async () => {
  store = await openEmbeddedStore()
  world = await openVerifyWorld({ clickhouse: store.clickhouse, project: PROJECT })
  const late = { id: 6, at: "2026-01-01T00:00:40Z", item: "cup", packs: 1, price: "9.00" }
  await world.send("sale", JSON.stringify(late))
})
after(async () => {
  await world?.[Symbol.asyncDispose]()
  await store[Symbol.asyncDispose]()
})

async function verdicts(trail: EventTrail, offset: number): Promise<Record<string, string | null>> {
  const { views } = await trail.follow({ event: "sale", partition: 0, offset })
  return Object.fromEntries(views.map(({ view, verdict }) => [view, verdict]))
}

/** By offset, one for each view that sales reach. */
const EXPECTED = [
  { per_item: "applied", best: "applied", per_minute: "applied", pots: "filtered" },
  { per_item: "applied", best: "applied", per_minute: "applied", pots: "filtered" },
  { per_item: "applied", best: "applied", per_minute: "applied", pots: "applied" },
  { per_item: "filtered", best: "filtered", per_minute: "applied", pots: "filtered" },
  { per_item: "failed", best: "failed", per_minute: "applied", pots: "filtered" },
  { per_item: "applied", best: "applied", per_minute: "late", pots: "filtered" },
]

test("what the engine remembers, and what ledger and conditions say without it, is the same", async () => {
  for (const { plan, verdicts: counts } of world.runtime.views()) {
    if (plan.name === "refunds") continue
    const told: Record<string, number> = { applied: 0, filtered: 0, late: 0, failed: 0, duplicate: 0 }
    for (const row of EXPECTED) told[row[plan.name as keyof typeof row]]!++
    assert.deepEqual(told, counts, `${plan.name}: the verdicts add up to its counts`)
  }
  for (const [offset, expected] of EXPECTED.entries()) {
    assert.deepEqual(await verdicts(world.trail, offset), expected, `offset ${offset}, remembered`)
    assert.deepEqual(
      await verdicts(world.trailWithoutMemory, offset),
      expected,
      `offset ${offset}, forgotten`,
    )
  }
})

test("a reason is said where the verdict alone does not say it", async () => {
  for (const trail of [world.trail, world.trailWithoutMemory]) {
    const reasons = async (offset: number) => {
      const { views } = await trail.follow({ event: "sale", partition: 0, offset })
      return new Map(views.map(({ view, reason }) => [view, reason]))
    }
    assert.match((await reasons(3)).get("per_item") ?? "", /^not true: .*price.*1/)
    assert.match((await reasons(3)).get("best") ?? "", /^per_item: not true: /)
    assert.match((await reasons(3)).get("pots") ?? "", /pot.*19/)
    assert.equal((await reasons(4)).get("per_item"), "division-by-zero")
    assert.match((await reasons(5)).get("per_minute") ?? "", /windows/)
    assert.equal((await reasons(0)).get("per_item"), null)
  }
})

test("without a store, late and failed are told, and applied or filtered is not guessed", async () => {
  const { views } = await world.trailWithoutStore.follow({ event: "sale", partition: 0, offset: 4 })
  const [item, best, minute] = views
  assert.deepEqual([item?.verdict, best?.verdict, minute?.verdict], ["failed", "failed", null])
  assert.match(minute?.reason ?? "", /^applied or filtered: .*no store/)
})

test("the event comes with its bytes and its append time", async () => {
  const trail = await world.trail.follow({ event: "sale", partition: 0, offset: 1 })
  const sent = '{"id":2,"at":"2026-01-01T00:00:30Z","item":"tea","price":6.25,"packs":2}'
  assert.equal(Buffer.from(trail.value).toString(), sent)
  assert.ok(Math.abs(trail.appendedMs - Date.now()) < 120_000)
})

test("a place without a record is refused, and what there is is said", async () => {
  const cases: readonly (readonly [event: string, partition: number, offset: number, words: RegExp])[] = [
    ["sale", 0, 99, /partition 0 has offsets 0 to 5/],
    ["sale", 7, 0, /its partitions are 0 to 0/],
    ["refund", 0, 0, /partition 0 is empty/],
  ]
  for (const [event, partition, offset, words] of cases) {
    await assert.rejects(world.trail.follow({ event, partition, offset }), (error) => {
      assert.ok(isPlatformError(error, "unknown-record"))
      assert.match(error.message, words)
      return true
    })
  }
})
