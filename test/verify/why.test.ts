/** why names the events behind a row, and those that are not in it, with the reason. */
import assert from "node:assert/strict"
import { test } from "node:test"
import type { Explanation } from "../../src/runners/clickhouse/explainer.ts"
import { useShop } from "./shop.ts"

const shop = useShop({
  opened: async ({ world }) => {
    const row = { packs: 1, item: "tea", price: "9.00" }
    await world.send("sale", JSON.stringify({ id: 6, at: "2026-01-01T00:00:40Z", ...row }))
    await world.send("sale", JSON.stringify({ id: 7, at: "2026-01-01T00:05:40Z", ...row }))
  },
})

const ids = (events: readonly { value: Uint8Array }[]) =>
  events.map(({ value }) => (JSON.parse(Buffer.from(value).toString()) as { id: number }).id)

function why(
  view: string,
  column: number,
  value: Explanation["row"] extends infer _ ? string | bigint : never,
) {
  return shop().world.explainer.why({ view, key: [{ column, value }], limit: 10 })
}

test("the events behind a group, and those that a condition or the ledger leaves out", async () => {
  const answer = await why("per_item", 0, "tea")
  assert.deepEqual(answer.row?.slice(0, 2), ["tea", 4n])
  assert.deepEqual(ids(answer.events).sort(), [1, 2, 6, 7])
  const left = answer.leftOut.map((event) => [...ids([event]), event.verdict, event.reason])
  assert.deepEqual(left, [
    [5, "failed", "division-by-zero"],
    [4, "filtered", answer.leftOut[1]!.reason],
  ])
  assert.match(answer.leftOut[1]!.reason, /price.*1/)
})

test("a row that HAVING keeps out has no events, and the condition is named", async () => {
  const answer = await why("per_item", 0, "pot")
  assert.equal(answer.row, null)
  assert.deepEqual(answer.events, [])
  assert.deepEqual(ids(answer.leftOut), [3])
  assert.match(answer.leftOut[0]!.reason, /1/)
})

test("through a view over a view, and a late event of a window that is gone", async () => {
  const best = await shop().world.explainer.why({ view: "best", key: [], limit: 10 })
  assert.deepEqual(ids(best.events).sort(), [1, 2, 6, 7])
  const minute = await why("per_minute", 0, BigInt(Date.UTC(2026, 0, 1)) * 1000n)
  assert.deepEqual(ids(minute.events).sort(), [1, 2])
  assert.deepEqual(
    minute.leftOut.map((event) => [...ids([event]), event.verdict]),
    [[6, "late"]],
  )
})

test("limits say that there is more", async () => {
  const answer = await shop().world.explainer.why({
    view: "per_item",
    key: [{ column: 0, value: "tea" }],
    limit: 2,
  })
  assert.equal(answer.events.length, 2)
  assert.equal(answer.moreEvents, true)
})
