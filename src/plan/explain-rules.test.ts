/** The planner's report: what each rule did, what append-only input made simpler, and what is read. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { planOf } from "../../test/kit/plan-of.ts"
import { describeOperator, explainPlanner } from "./explain-rules.ts"
import { RULES } from "./rules/normalize.ts"

const UNBOUNDED = { state: "unbounded" } as const

async function did(sql: string): Promise<Readonly<Record<string, readonly string[]>>> {
  const { rules } = explainPlanner(await planOf(sql, UNBOUNDED))
  return Object.fromEntries(rules.flatMap((each) => (each.did.length === 0 ? [] : [[each.rule, each.did]])))
}

test("every rule is listed in its order, with what it is for", async () => {
  const { rules } = explainPlanner(await planOf("SELECT origin FROM flight"))
  assert.deepEqual(
    rules.map(({ rule }) => rule),
    RULES.map(({ name }) => name),
  )
  assert.ok(rules.every(({ about }) => about.length > 0))
  assert.deepEqual(
    rules.flatMap((rule) => rule.did),
    [],
  )
})

test("pushed conditions, folded and dropped steps are told with what they were", async () => {
  const filtered = `SELECT o, max(d) AS m FROM (SELECT origin AS o, delay / distance AS d FROM flight) AS q
    WHERE d > 1 GROUP BY o`
  assert.deepEqual(await did(filtered), {
    "push-filter-below-project": ["filter (d > 1) is below project"],
    "fold-project-into-aggregate": [
      "project o = origin, d = (delay / distance) is computed by the aggregate",
    ],
    "drop-identity-project": ["project o, m is left out"],
  })
  const both = `SELECT a FROM (SELECT origin AS a FROM flight UNION ALL SELECT name FROM sample) AS q
    WHERE a > 'A'`
  assert.deepEqual((await did(both))["push-filter-below-union-all"], ["filter (a > 'A') is below union all"])
})

test("columns that nobody reads are named, where they go and where they stay behind", async () => {
  const top = `SELECT * FROM (SELECT origin, delay,
      row_number() OVER (PARTITION BY origin ORDER BY delay DESC) AS place FROM flight) AS q WHERE place <= 3`
  const plan = await planOf(top, UNBOUNDED)
  const { rules, sources, appendOnly } = explainPlanner(plan)
  const pruned = rules.find(({ rule }) => rule === "prune-columns")!
  assert.deepEqual(pruned.did, ["rank is without flight_id, destination, distance, processed_at"])
  const ranked = rules.find(({ rule }) => rule === "over-to-rank")!
  assert.match(ranked.did[0]!, /^filter \(row_number <= 3\) is row_number 1 to 3 per origin/)
  assert.deepEqual(sources, [
    {
      source: "event flight",
      read: ["scheduled_at", "origin", "delay"],
      unread: ["flight_id", "destination", "distance", "processed_at"],
    },
  ])
  assert.match(appendOnly.join(), /^row_number 1 to 3.*: rows behind the last place are not kept$/)
})

test("an operator is told with the steps that run in its loop", async () => {
  const sql = "SELECT origin, count(*) + 1 AS n FROM flight WHERE delay > 3 GROUP BY origin"
  const { plan } = explainPlanner(await planOf(sql, UNBOUNDED))
  assert.equal(plan.root.kind, "project")
  assert.deepEqual(describeOperator(plan.root, true), {
    what: "rows of the view",
    steps: ["project origin, n = (count + 1)"],
  })
  const aggregate = plan.root.kind === "project" ? plan.root.input : plan.root
  assert.deepEqual(describeOperator(aggregate, false), {
    what: "aggregate count = count(*) by origin",
    steps: ["scan event flight", "filter (delay > 3)"],
  })
})
