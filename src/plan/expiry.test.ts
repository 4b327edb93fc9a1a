/** When rows of joins can go: not before those of the other side have come. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { planOf } from "../../test/kit/plan-of.ts"
import { joinExpiry } from "./expiry.ts"
import { nodesOf } from "./nodes/rebuild.ts"
import type { JoinNode } from "./plan.ts"

const SECOND_US = 1_000_000n

async function joinsOf(sql: string): Promise<readonly JoinNode[]> {
  const { root } = await planOf(sql)
  return nodesOf(root).filter((node) => node.kind === "join")
}

test("a window's rows stay until the other side's window has closed, which may be later", async () => {
  const joins = await joinsOf(`
    WITH paired AS (
      SELECT f.scheduled_at, f.origin FROM flight AS f
      JOIN sample AS s ON s.at BETWEEN f.scheduled_at AND f.scheduled_at + INTERVAL '30 seconds'
    )
    SELECT a.window_end, a.origin, b.n
    FROM (SELECT window_end, origin FROM tumble(paired, scheduled_at, INTERVAL '1 minute')
          GROUP BY window_end, origin) AS a
    JOIN (SELECT window_end, name, count(*) AS n FROM tumble(sample, at, INTERVAL '1 minute')
          GROUP BY window_end, name) AS b ON a.window_end = b.window_end AND a.origin = b.name`)
  const join = joins.find(({ bound }) => bound?.kind === "windows")
  assert.ok(join)
  const [left, right] = [joinExpiry(join, "left", 0n), joinExpiry(join, "right", 0n)]
  assert.equal(join.left.delayUs, 30n * SECOND_US)
  assert.deepEqual([left?.lateUs, left?.keepUs], [30n * SECOND_US, 30n * SECOND_US])
  assert.deepEqual([right?.lateUs, right?.keepUs], [0n, 30n * SECOND_US])
})

test("rows within an interval stay as long as a partner may come", async () => {
  const [join] = await joinsOf(`
    SELECT f.origin, s.name FROM flight AS f
    JOIN sample AS s ON s.at >= f.scheduled_at - INTERVAL '5 seconds'
      AND s.at <= f.scheduled_at + INTERVAL '9 seconds'`)
  assert.ok(join)
  const [left, right] = [joinExpiry(join, "left", SECOND_US), joinExpiry(join, "right", SECOND_US)]
  assert.deepEqual([left?.lateUs, left?.keepUs], [SECOND_US + 1n, 10n * SECOND_US + 1n])
  assert.deepEqual([right?.lateUs, right?.keepUs], [SECOND_US + 1n, 6n * SECOND_US + 1n])
})
