/** Where an event went: one verdict a view, by memory, by the ledger, or by the view's conditions. */
import assert from "node:assert/strict"
import { test } from "node:test"
import type { EventTrail } from "../../src/runners/trail/event-trail.ts"
import { isPlatformError } from "../../src/std/errors.ts"
import { useShop } from "./shop.ts"

const shop = useShop({
  opened: async ({ world }) => {
    const late = { id: 6, at: "2026-01-01T00:00:40Z", item: "cup", packs: 1, price: "9.00" }
    await world.send("sale", JSON.stringify(late))
  },
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
  for (const { plan, verdicts: counts } of shop().world.runtime.views()) {
    if (plan.name === "refunds") continue
    const told: Record<string, number> = { applied: 0, filtered: 0, late: 0, failed: 0, duplicate: 0 }
    for (const row of EXPECTED) told[row[plan.name as keyof typeof row]]!++
    assert.deepEqual(told, counts, `${plan.name}: the verdicts add up to its counts`)
  }
  for (const [offset, expected] of EXPECTED.entries()) {
    assert.deepEqual(await verdicts(shop().world.trail, offset), expected, `offset ${offset}, remembered`)
    assert.deepEqual(
      await verdicts(shop().world.trailWithoutMemory, offset),
      expected,
      `offset ${offset}, forgotten`,
    )
  }
})

test("a reason is said where the verdict alone does not say it", async () => {
  for (const trail of [shop().world.trail, shop().world.trailWithoutMemory]) {
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
  const { views } = await shop().world.trailWithoutStore.follow({ event: "sale", partition: 0, offset: 4 })
  const [item, best, minute] = views
  assert.deepEqual([item?.verdict, best?.verdict, minute?.verdict], ["failed", "failed", null])
  assert.match(minute?.reason ?? "", /^applied or filtered: .*no store/)
})

test("the event comes with its bytes and its append time", async () => {
  const trail = await shop().world.trail.follow({ event: "sale", partition: 0, offset: 1 })
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
    await assert.rejects(shop().world.trail.follow({ event, partition, offset }), (error) => {
      assert.ok(isPlatformError(error, "unknown-record"))
      assert.match(error.message, words)
      return true
    })
  }
})
