import assert from "node:assert/strict"
import { test } from "node:test"
import { flight } from "../../test/kit/plan-events.ts"
import { planOf } from "../../test/kit/plan-of.ts"
import { bindProject } from "./bind-project.ts"
import { view } from "./view.ts"

const print = async (sql: string, options = {}) => (await planOf(sql, options)).fingerprint

const BASE = "SELECT origin, delay + 1 AS d FROM flight WHERE delay > 15"

test("spelling that means the same keeps the fingerprint", async () => {
  const expected = await print(BASE)
  assert.match(expected, /^[0-9a-f]{16}$/)
  const same = [
    "select  ORIGIN, (delay+1) as d from flight where delay > 15 -- a comment",
    "SELECT f.origin, f.delay + 1 AS d FROM flight AS f WHERE f.delay > 15",
    "SELECT a AS origin, b + 1 AS d FROM flight AS f(x, y, a, z, b) WHERE b > 15",
  ]
  for (const sql of same) assert.equal(await print(sql), expected, sql)
  assert.equal(await print(BASE, { description: "What it is for" }), expected)
})

test("whatever changes an answer changes the fingerprint", async () => {
  const window = "FROM tumble(flight, scheduled_at, '1 hour') GROUP BY window_end"
  const different = [
    BASE,
    "SELECT origin, delay + 2 AS d FROM flight WHERE delay > 15",
    "SELECT origin, delay + 1 AS e FROM flight WHERE delay > 15",
    "SELECT destination AS origin, delay + 1 AS d FROM flight WHERE delay > 15",
    "SELECT origin, delay + 1::bigint AS d FROM flight WHERE delay > 15",
    "SELECT origin, delay + 1 AS d FROM flight WHERE delay >= 15",
    "SELECT origin, delay + 1 AS d FROM flight",
    "SELECT '1' AS x FROM flight",
    "SELECT 1 AS x FROM flight",
    "SELECT name AS origin, i4 + 1 AS d FROM sample WHERE i4 > 15",
    `SELECT window_end, count(delay) AS n ${window}`,
    `SELECT window_end, count(DISTINCT delay) AS n ${window}`,
    `SELECT window_end, count(delay) AS n ${window.replace("1 hour", "2 hours")}`,
    "SELECT window_end, count(delay) AS n " +
      "FROM hop(flight, scheduled_at, '30 minutes', '1 hour') GROUP BY window_end",
  ]
  const prints = await Promise.all(different.map((sql) => print(sql)))
  const windowed = `SELECT window_end, count(delay) AS n ${window}`
  prints.push(await print(windowed, { emit: "final" }))
  prints.push(await print(windowed, { allowedLateness: "1 s" }))
  assert.equal(new Set(prints).size, prints.length)
})

test("a change of what is read, at any distance, is a change of the view", async () => {
  const prints = async (fingerprint: string, filter: string) => {
    const { plans } = await bindProject({
      events: [{ ...flight, fingerprint }],
      views: [
        view("a", { sql: `SELECT origin FROM flight WHERE ${filter}` }),
        view("b", { sql: "SELECT origin FROM a" }),
        view("c", { sql: "SELECT origin FROM b" }),
      ],
    })
    return plans.map((plan) => plan.fingerprint)
  }
  const before = await prints("0000000000000000", "delay > 1")
  assert.deepEqual(await prints("0000000000000000", "delay > 1"), before)
  for (const changed of [
    await prints("1111111111111111", "delay > 1"),
    await prints("0000000000000000", "delay > 2"),
  ]) {
    for (const [i, fingerprint] of changed.entries()) assert.notEqual(fingerprint, before[i])
  }
})
