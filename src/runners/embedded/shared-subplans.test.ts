/** What views have in common is computed once, and only where nobody can tell. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { batchOf } from "../../../test/kit/batch-of.ts"
import { flight } from "../../../test/kit/plan-events.ts"
import { runEpochs } from "../../../test/kit/run-views.ts"
import { createEngine } from "../../engine/create-engine.ts"
import { bindProject } from "../../plan/bind-project.ts"
import type { ViewPlan } from "../../plan/plan.ts"
import { type ViewOptions, view } from "../../plan/view.ts"
import { eventColumns, lowerViews, sourceId } from "./lower.ts"

const PER_ORIGIN = "SELECT origin, count(*) AS n FROM flight GROUP BY origin"
const PER_DAY = `SELECT window_end, origin, count(*) AS n
  FROM tumble(flight, scheduled_at, INTERVAL '1 day') GROUP BY window_end, origin`

type Views = Readonly<Record<string, string | ViewOptions>>

async function plansOf(views: Views): Promise<readonly ViewPlan[]> {
  const definitions = Object.entries(views).map(([name, given]) =>
    view(name, { state: "unbounded", ...(typeof given === "string" ? { sql: given } : given) }),
  )
  const { plans, problems } = await bindProject({ events: [flight], views: definitions })
  assert.deepEqual(problems, [])
  return plans
}

/** Operators with state, and what internal views read. */
async function sharedBy(views: Views): Promise<{ operators: number; shared: readonly string[] }> {
  const specs = lowerViews([flight], await plansOf(views))
  const stateless = new Set(["source", "stage", "union", "view", "side"])
  return {
    operators: specs.filter(({ kind }) => !stateless.has(kind)).length,
    shared: specs.flatMap((spec) => (spec.kind === "view" && spec.isInternal ? [spec.input] : [])),
  }
}

test("views with one GROUP BY and different conditions share it", async () => {
  const shared = await sharedBy({
    busy: `${PER_ORIGIN} HAVING count(*) > 100`,
    quiet: `SELECT n, origin FROM (${PER_ORIGIN}) AS q WHERE n < 10 AND origin <> 'ATL'`,
    all: PER_ORIGIN,
  })
  assert.deepEqual(shared, { operators: 1, shared: ["shared:1/0:aggregate"] })
})

test("a chain is shared as far as it is the same, in one piece", async () => {
  const deep = `SELECT n, count(*) AS origins FROM (${PER_ORIGIN}) AS q GROUP BY n`
  const two = await sharedBy({ a: deep, b: `SELECT origins, n FROM (${deep}) AS r WHERE n > 3` })
  assert.deepEqual(two, { operators: 2, shared: ["shared:1/1:aggregate"] })
  const three = await sharedBy({ a: deep, b: deep, c: PER_ORIGIN })
  assert.deepEqual(three, { operators: 2, shared: ["shared:2/0:aggregate", "shared:1/0:aggregate"] })
})

test("lateness and emission tell subplans apart", async () => {
  const none = { operators: 2, shared: [] }
  assert.deepEqual(await sharedBy({ a: PER_DAY, b: { sql: PER_DAY, emit: "final" } }), none)
  assert.deepEqual(await sharedBy({ a: PER_DAY, b: { sql: PER_DAY, allowedLateness: "1 hour" } }), none)
})

test("a query that asks the same twice computes it once", async () => {
  const sql = `SELECT a.origin, a.n, b.most FROM (${PER_DAY}) AS a
    JOIN (SELECT window_end, max(n) AS most FROM (${PER_DAY}) AS c GROUP BY window_end) AS b
    ON a.window_end = b.window_end`
  assert.deepEqual(await sharedBy({ a: sql }), { operators: 3, shared: [] })
})

const RATIOS = `SELECT a.origin, a.n, b.ratio FROM (${PER_ORIGIN}) AS a
  JOIN (SELECT origin, sum(distance / delay) AS ratio FROM flight GROUP BY origin) AS b
  ON a.origin = b.origin`

test("what fails in another way of a view keeps its subplans its own", async () => {
  const views = { counts: PER_ORIGIN, ratios: RATIOS }
  assert.deepEqual((await sharedBy(views)).shared, [])
  const plans = await plansOf(views)
  const { rows } = runEpochs([flight], plans, { epochs: [[slice([10, 0, 5])]], restoreAfter: -1 })
  assert.deepEqual(
    rows.get("counts")?.map((row) => row[1]),
    ["3"],
  )
  assert.deepEqual(
    rows.get("ratios")?.map((row) => row[1]),
    ["2"],
  )
})

test("work and losses of what is shared are told for each view", async () => {
  const plans = await plansOf({ a: PER_ORIGIN, b: `SELECT n FROM (${PER_ORIGIN}) AS q WHERE n > 1` })
  const engine = createEngine(lowerViews([flight], plans))
  const { changes, verdicts } = engine.runEpoch({
    epoch: 1,
    slices: [slice([1, 2])],
    watermarksUs: new Map(),
  })
  assert.deepEqual(
    changes.map(({ view: name }) => name),
    ["a", "b"],
  )
  assert.deepEqual(
    verdicts.map(({ view: name }) => name),
    ["a", "b"],
  )
  for (const name of ["a", "b"]) {
    const shared = engine.work(name).find(({ id }) => id === "shared:1/0:aggregate")
    assert.equal(shared?.total.rowsIn, 2, name)
  }
})

/** Flights of one origin with these delays. */
function slice(delays: readonly number[]) {
  const columns = eventColumns(flight)
  const value = (name: string, k: number) => {
    switch (name) {
      case "delay":
        return delays[k]!
      case "distance":
        return 100
      case "origin":
        return "ATL"
      default:
        return null
    }
  }
  const rows = delays.map((_, k) => columns.map(({ name }) => value(name, k)))
  return {
    source: sourceId("flight"),
    partition: 0,
    baseOffset: 0,
    batch: batchOf(columns, rows),
    skip: null,
  }
}
