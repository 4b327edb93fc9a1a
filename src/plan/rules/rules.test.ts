/** Each rule by itself: the tree before, the tree after, and a plan that it leaves alone. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { planOf } from "../../../test/kit/plan-of.ts"
import { explain } from "../explain.ts"
import { nodesOf } from "../nodes/rebuild.ts"
import type { PlanNode, ViewPlan } from "../plan.ts"
import { normalize, RULES } from "./normalize.ts"
import type { Rule } from "./rule.ts"

function treeText(plan: ViewPlan, root: PlanNode): string {
  const lines = explain({ ...plan, root })
    .split("\n")
    .slice(3)
  return lines.map((line) => line.replace(/ *\|.*$/, "")).join("\n")
}

const text = (template: string) => template.replaceAll(/^ {8}/gm, "").trim()

function ruleOf(name: string): Rule {
  const rule = RULES.find((candidate) => candidate.name === name)
  assert.ok(rule, name)
  return rule
}

interface RuleCase {
  readonly rule: string
  /** What brings the nodes together that the rule is about; `before` is the tree behind it. */
  readonly first?: string
  readonly sql: string
  readonly before: string
  readonly after: string
  readonly untouched: string
}

const CASES: readonly RuleCase[] = [
  {
    rule: "share-subplans",
    sql: `SELECT a.n FROM (SELECT origin AS o, count(*) AS n FROM flight GROUP BY origin) AS a
      JOIN (SELECT count(*) AS m, origin AS p FROM flight GROUP BY origin) AS b ON a.o = b.p`,
    before: `
        project n
        └ inner join on o = p
          ├ project o = origin, n
          │ └ aggregate n = count(*) by origin
          │   └ scan event flight
          └ project m, p = origin
            └ aggregate m = count(*) by origin
              └ scan event flight`,
    after: `
        project n
        └ inner join on o = p
          ├ project o = origin, n
          │ └ #1 aggregate n = count(*) by origin
          │   └ scan event flight
          └ project m, p = origin
            └ project origin, m = n
              └ the same as #1`,
    untouched: "SELECT a.origin FROM flight AS a JOIN flight AS b ON a.origin = b.origin",
  },
  {
    rule: "push-filter-below-project",
    sql: "SELECT o FROM (SELECT origin AS o, delay / distance AS d FROM flight) WHERE d > 1 AND o > 'A'",
    before: `
        project o
        └ filter ((d > 1) and (o > 'A'))
          └ project o = origin, d = (delay / distance)
            └ scan event flight`,
    after: `
        project o
        └ project o = origin, d = (delay / distance)
          └ filter (((delay / distance) > 1) and (origin > 'A'))
            └ scan event flight`,
    untouched: "SELECT origin FROM flight WHERE delay > 1",
  },
  {
    rule: "push-filter-below-union-all",
    sql: "SELECT a FROM (SELECT origin AS a FROM flight UNION ALL SELECT name FROM sample) WHERE a > 'A'",
    before: `
        project a
        └ filter (a > 'A')
          └ union all
            ├ project a = origin
            │ └ scan event flight
            └ project name
              └ scan event sample`,
    after: `
        project a
        └ union all
          ├ filter (a > 'A')
          │ └ project a = origin
          │   └ scan event flight
          └ filter (a > 'A')
            └ project name
              └ scan event sample`,
    untouched: "SELECT origin FROM flight WHERE delay > 1 UNION ALL SELECT name FROM sample",
  },
  {
    rule: "push-filter-into-join",
    sql: `SELECT o, n FROM (
      SELECT f.origin AS o, f.delay AS d, s.name AS n, s.i4 AS i FROM flight f, sample s
    ) AS j WHERE o = n AND d > 1 AND i > 2 AND d <> i`,
    before: `
        project o, n
        └ project o = origin, d = delay, n = name, i = i4
          └ filter ((origin = name) and (delay > 1) and (i4 > 2) and (delay <> i4))
            └ inner join on true
              ├ scan event flight
              └ scan event sample`,
    after: `
        project o, n
        └ project o = origin, d = delay, n = name, i = i4
          └ inner join on origin = name and (delay <> i4)
            ├ filter (delay > 1)
            │ └ scan event flight
            └ filter (i4 > 2)
              └ scan event sample`,
    untouched: "SELECT origin FROM flight LEFT JOIN sample ON origin = name WHERE i4 > 2 OR i4 IS NULL",
    first: "push-filter-below-project",
  },
  {
    rule: "over-to-rank",
    sql: `SELECT origin, n FROM (
      SELECT origin, row_number() OVER (PARTITION BY origin ORDER BY delay) AS n
      FROM (SELECT origin, delay FROM flight) AS f
    ) AS t WHERE n <= 3 AND n > 1 AND origin > 'A'`,
    before: `
        project origin, n
        └ project origin, n = row_number
          └ filter ((row_number <= 3) and (row_number > 1) and (origin > 'A'))
            └ over row_number = row_number() per origin by delay
              └ project origin, delay
                └ scan event flight`,
    after: `
        project origin, n
        └ project origin, n = row_number
          └ filter (origin > 'A')
            └ project origin, delay, row_number = row_rank
              └ row_number 2 to 3 per origin by delay
                └ project origin, delay
                  └ scan event flight`,
    untouched: `SELECT n FROM (
      SELECT row_number() OVER w AS n, count(*) OVER w AS c FROM flight WINDOW w AS (ORDER BY delay)
    ) AS t WHERE n <= 3`,
    first: "push-filter-below-project",
  },
  {
    rule: "compose-projects",
    sql: "SELECT d * d AS e FROM (SELECT delay + 1 AS d, origin FROM flight)",
    before: `
        project e = (d * d)
        └ project d = (delay + 1), origin
          └ scan event flight`,
    after: `
        project e = ((delay + 1) * (delay + 1))
        └ scan event flight`,
    untouched: "SELECT origin FROM flight",
  },
  {
    rule: "drop-identity-project",
    sql: "SELECT origin, delay FROM (SELECT origin, delay FROM flight)",
    before: `
        project origin, delay
        └ project origin, delay
          └ scan event flight`,
    after: `
        project origin, delay
        └ scan event flight`,
    untouched: "SELECT delay, origin FROM (SELECT origin, delay FROM flight)",
  },
  {
    rule: "fold-project-into-aggregate",
    sql: `SELECT o, max(d) AS m FROM (
            SELECT upper(origin) AS o, delay + 1 AS d, window_end FROM tumble(flight, scheduled_at, '1 hour')
          ) GROUP BY o, window_end`,
    before: `
        project o, m
        └ aggregate m = max(d) by o, window_end
          └ project o = upper(origin), d = (delay + 1), window_end
            └ tumble scheduled_at of 1 hour
              └ scan event flight`,
    after: `
        project o, m
        └ aggregate m = max((delay + 1)) by o = upper(origin), window_end
          └ tumble scheduled_at of 1 hour
            └ scan event flight`,
    untouched: "SELECT count(*) AS n FROM flight WHERE delay > 1",
  },
  {
    rule: "prune-columns",
    sql: `WITH h AS (
            SELECT window_end, origin AS o, count(*) AS n, sum(delay) AS s
            FROM tumble(flight, scheduled_at, '1 hour') GROUP BY window_end, origin
          ) SELECT window_end, max(n) AS m FROM h GROUP BY window_end`,
    before: `
        project window_end, m
        └ aggregate m = max(n) by window_end
          └ project window_end, o = origin, n, s
            └ aggregate n = count(*), s = sum(delay) by window_end, origin
              └ tumble scheduled_at of 1 hour
                └ scan event flight`,
    after: `
        project window_end, m
        └ aggregate m = max(n) by window_end
          └ project window_end, n
            └ aggregate n = count(*) by window_end, origin
              └ tumble scheduled_at of 1 hour
                └ scan event flight`,
    untouched: "SELECT origin, delay FROM flight WHERE distance > 1",
  },
  {
    rule: "prune-columns",
    sql: "SELECT a FROM (SELECT delay AS b, origin AS a FROM flight UNION ALL SELECT i4, name FROM sample)",
    before: `
        project a
        └ union all
          ├ project b = delay, a = origin
          │ └ scan event flight
          └ project i4, name
            └ scan event sample`,
    after: `
        project a
        └ union all
          ├ project a = origin
          │ └ scan event flight
          └ project name
            └ scan event sample`,
    untouched: "SELECT origin, delay FROM flight UNION ALL SELECT name, i4 FROM sample",
  },
  {
    rule: "prune-columns",
    sql: `WITH h AS (SELECT distance AS e, delay AS d, origin AS o FROM flight)
          SELECT o AS x FROM h UNION ALL SELECT o FROM h WHERE d > 1`,
    before: `
        union all
        ├ project x = o
        │ └ #1 project e = distance, d = delay, o = origin
        │   └ scan event flight
        └ project o
          └ filter (d > 1)
            └ the same as #1`,
    after: `
        union all
        ├ project x = o
        │ └ #1 project d = delay, o = origin
        │   └ scan event flight
        └ project o
          └ filter (d > 1)
            └ the same as #1`,
    untouched: "SELECT count(*) AS n FROM flight",
  },
  {
    rule: "prune-columns",
    sql: "SELECT count(*) AS n FROM (SELECT delay / 0 AS x, origin FROM flight)",
    before: `
        project n
        └ aggregate n = count(*)
          └ project x = (delay / 0), origin
            └ scan event flight`,
    after: `
        project n
        └ aggregate n = count(*)
          └ project origin
            └ scan event flight`,
    untouched: "SELECT 1 AS x FROM (SELECT count(*) AS n FROM flight)",
  },
]

const UNBOUNDED = { state: "unbounded" } as const

for (const { rule: name, first, sql, before, after, untouched } of CASES) {
  test(`${name}: ${sql.replaceAll(/\s+/g, " ")}`, async () => {
    const rule = ruleOf(name)
    const plan = await planOf(sql, UNBOUNDED)
    const root = first === undefined ? plan.root : ruleOf(first).apply(plan.root)
    assert.equal(treeText(plan, root), text(before))
    const rewritten = rule.apply(root)
    assert.equal(treeText(plan, rewritten), text(after))
    assert.deepEqual(
      rewritten.columns.map((column) => column.name),
      plan.columns.map((column) => column.name),
    )
    const other = await planOf(untouched, UNBOUNDED)
    assert.equal(rule.apply(other.root), other.root, "the same object when nothing is to be done")
  })
}

const HAVING_TWICE = `SELECT window_end, n FROM (
    SELECT window_end, count(*) AS n FROM tumble(flight, scheduled_at, '1 hour')
    GROUP BY window_end HAVING sum(distance) > 1
  ) WHERE 100 / n > 2`

test("merge-filters: the inner condition first, asked IS TRUE where the outer one can fail", async () => {
  const plan = await planOf(HAVING_TWICE)
  const pushed = ruleOf("push-filter-below-project").apply(plan.root)
  const merged = ruleOf("merge-filters").apply(pushed)
  assert.match(treeText(plan, pushed), /filter \(\(100 \/ n\) > 2\)\n +└ filter \(sum > 1\)\n/)
  assert.match(
    treeText(plan, merged),
    /filter \(is_true\(\(sum > 1\)\) and \(\(100 \/ n\) > 2\)\)\n +└ aggregate/,
  )
  assert.equal(ruleOf("merge-filters").apply(merged), merged)
})

test("normalize runs all rules to the end and tells what each did", async () => {
  const plan = await planOf(HAVING_TWICE)
  const { plan: normal, trace } = normalize(plan)
  assert.deepEqual(
    trace.map((step) => step.rule),
    ["push-filter-below-project", "merge-filters", "compose-projects"],
  )
  assert.equal(trace[0]?.before, plan.root)
  assert.equal(trace.at(-1)?.after, normal.root)
  assert.equal(normal.fingerprint, plan.fingerprint)
  assert.deepEqual(normal.columns, plan.columns)
  assert.deepEqual(normalize(normal).trace, [])
})

test("inlining stops before expressions explode", async () => {
  const doubled = Array.from({ length: 12 }, (_, i) => `w${i + 1} AS (SELECT x + x AS x FROM w${i})`)
  const plan = await planOf(
    `WITH w0 AS (SELECT delay AS x FROM flight), ${doubled.join(", ")} SELECT x FROM w12`,
  )
  const { plan: normal } = normalize(plan)
  const kinds = nodesOf(normal.root).map((node) => node.kind)
  assert.deepEqual(kinds, ["scan", "project", "project"])
})
