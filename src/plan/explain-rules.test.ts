/** The planner's report: what each rule did, what append-only input made simpler, and what is read. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { planOf } from "../../test/kit/plan-of.ts"
import { planSteps } from "./explain.ts"
import { describeOperator, explainPlanner } from "./explain-rules.ts"
import { RULES } from "./rules/normalize.ts"

const UNBOUNDED = { state: "unbounded" } as const

async function did(sql: string): Promise<Readonly<Record<string, readonly string[]>>> {
  const { rules } = explainPlanner(await planOf(sql, UNBOUNDED))
  const busy = rules.filter((each) => each.did.length > 0)
  return Object.fromEntries(busy.map((each) => [each.rule, each.did.map(({ did }) => did)]))
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
    "push-filter-below-project": [
      "filter (d > 1): goes below project o = origin, d = (delay / distance), " +
        "as filter ((delay / distance) > 1) of scan event flight",
    ],
    "fold-project-into-aggregate": [
      "project o = origin, d = (delay / distance): goes into the aggregate above it, " +
        "now aggregate m = max((delay / distance)) by o = origin",
    ],
    "drop-identity-project": ["project o, m: left out"],
  })
  const both = `SELECT a FROM (SELECT origin AS a FROM flight UNION ALL SELECT name FROM sample) AS q
    WHERE a > 'A'`
  assert.deepEqual((await did(both))["push-filter-below-union-all"], [
    "filter (a > 'A'): goes below union all, " +
      "as filter (a > 'A') of project a = origin and filter (a > 'A') of project name",
  ])
})

test("a condition over a join is told with the side that it went to, and what became a key", async () => {
  const joined = `SELECT o FROM (
      SELECT f.origin AS o, f.delay AS d, s.name AS n, s.i4 AS i FROM flight f, sample s
    ) AS j WHERE o = n AND d > 1 AND i > 2 AND d <> i`
  const told = (await did(joined))["push-filter-into-join"]!
  assert.equal(told.length, 1)
  assert.match(told[0]!, /: filter \(delay > 1\) on the left side, filter \(i4 > 2\) on the right side, now /)
  assert.match(told[0]!, /now inner join on origin = name and \(delay <> i4\)$/)
})

test("the plan as data has each step once, with what its inputs are", async () => {
  const sql = `WITH h AS (SELECT origin, count(*) AS n FROM flight GROUP BY origin)
    SELECT a.origin, b.n FROM h a JOIN h b ON a.origin = b.origin`
  const steps = planSteps(explainPlanner(await planOf(sql, UNBOUNDED)).plan.root)
  assert.deepEqual(
    steps.map(({ step }) => step),
    [...steps.keys()],
  )
  const shared = steps.find(({ kind }) => kind === "aggregate")!
  assert.equal(steps.filter(({ kind }) => kind === "aggregate").length, 1)
  assert.deepEqual(shared.key, ["origin"])
  assert.equal(shared.changes, "upsert")
  assert.equal(shared.state, "every group ever seen")
  const join = steps.find(({ kind }) => kind === "join")!
  assert.ok(join.inputs.every((input) => input > join.step))
  assert.deepEqual(steps.at(-1)?.inputs, [])
})

test("columns that nobody reads are named, where they go and where they stay behind", async () => {
  const top = `SELECT * FROM (SELECT origin, delay,
      row_number() OVER (PARTITION BY origin ORDER BY delay DESC) AS place FROM flight) AS q WHERE place <= 3`
  const plan = await planOf(top, UNBOUNDED)
  const { rules, sources, appendOnly } = explainPlanner(plan)
  const pruned = rules.find(({ rule }) => rule === "prune-columns")!
  assert.deepEqual(
    pruned.did.map(({ columns }) => columns),
    [["flight_id", "destination", "distance", "processed_at"]],
  )
  const ranked = rules.find(({ rule }) => rule === "over-to-rank")!
  assert.match(ranked.did[0]!.did, /^filter \(row_number <= 3\): now row_number 1 to 3 per origin/)
  assert.deepEqual(sources, [
    {
      kind: "event",
      name: "flight",
      read: ["scheduled_at", "origin", "delay"],
      unread: ["flight_id", "destination", "distance", "processed_at"],
    },
  ])
  assert.match(appendOnly.join(), /^row_number 1 to 3.*: rows behind the last place are not kept$/)
})

test("what append-only input makes simpler is said where it does, and not of sessions", async () => {
  const simpler = async (sql: string) => {
    return explainPlanner(await planOf(sql, UNBOUNDED)).appendOnly.map((line) => line.replace(/^.*: /, ""))
  }
  const extremes = "min and max are one value a group"
  assert.deepEqual(await simpler("SELECT origin, max(delay) AS m FROM flight GROUP BY origin"), [extremes])
  assert.deepEqual(await simpler("SELECT origin, count(*) AS n FROM flight GROUP BY origin"), [])
  const sessions = `SELECT origin, max(delay) AS m, window_start
    FROM session(flight, scheduled_at, INTERVAL '1 hour', origin) GROUP BY origin, window_start, window_end`
  assert.deepEqual(await simpler(sessions), [])
  const again = `SELECT max(n) AS m FROM (SELECT origin, count(*) AS n FROM flight GROUP BY origin) AS q`
  assert.deepEqual(await simpler(again), [])
  const joined = "SELECT f.origin FROM flight f JOIN sample s ON f.origin = s.name"
  assert.deepEqual(await simpler(joined), [
    "there is no index of the rows of either side to find those that are taken back",
    "a row that is out stays, so that changes carry no sign",
  ])
  const half = `SELECT f.origin FROM flight f
    JOIN (SELECT name, count(*) AS n FROM sample GROUP BY name) AS s ON f.origin = s.name`
  assert.deepEqual(await simpler(half), [
    "there is no index of the rows of the left side to find those that are taken back",
  ])
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
