import assert from "node:assert/strict"
import { test } from "node:test"
import { flight, sample } from "../../test/kit/plan-events.ts"
import { planOf, problemsOf } from "../../test/kit/plan-of.ts"
import { bindProject } from "./bind-project.ts"
import type { ViewDefinition } from "./view.ts"
import { view, viewInModule } from "./view.ts"

const events = [flight, sample]
const HOURLY =
  "SELECT window_end, origin, count(*) AS n FROM tumble(flight, scheduled_at, '1 hour') " +
  "GROUP BY window_end, origin"

async function bind(...views: readonly ViewDefinition[]) {
  const { plans, problems } = await bindProject({ events, views })
  return {
    plans,
    names: plans.map((plan) => plan.name),
    problems: problems.map(({ where, code, line, column }) => `${where} ${code} ${line}:${column}`),
  }
}

test("plans come in an order in which each stands behind what it reads", async () => {
  const { names, problems, plans } = await bind(
    view("c", { sql: "SELECT window_end, max(n) AS n FROM b GROUP BY window_end" }),
    view("b", { sql: "SELECT * FROM a WHERE n > 1" }),
    view("a", { sql: HOURLY }),
  )
  assert.deepEqual(problems, [])
  assert.deepEqual(names, ["a", "b", "c"])
  assert.deepEqual(
    plans.map(({ views: read, events: from }) => [...read, ...from]),
    [["flight"], ["a"], ["b"]],
  )
})

test("a view over a windowed view closes with its windows", async () => {
  const { plans } = await bind(
    view("hourly", { sql: HOURLY }),
    view("busiest", { sql: "SELECT window_end, max(n) AS n FROM hourly GROUP BY window_end" }),
    view("daily", {
      sql: `WITH h AS (SELECT window_end AS hour_end, n FROM hourly)
            SELECT window_end, sum(n) AS n FROM tumble(h, hour_end, '1 day') GROUP BY window_end`,
    }),
  )
  const [, busiest, daily] = plans
  assert.deepEqual([busiest?.state, busiest?.root.changes], [{ kind: "windows" }, "retract"])
  assert.deepEqual(busiest?.root.windowColumns, { start: null, end: 0, sizeUs: 3_600_000_000n })
  assert.deepEqual(daily?.root.windowColumns, { start: null, end: 0, sizeUs: 86_400_000_000n })
})

test("lateness is inherited from what is read, so that no correction comes too late", async () => {
  const { plans } = await bind(
    view("hourly", { sql: HOURLY, allowedLateness: "1 hour" }),
    view("through", { sql: "SELECT * FROM hourly" }),
    view("busiest", {
      sql: "SELECT window_end, max(n) AS n FROM through GROUP BY window_end",
      emit: "final",
    }),
  )
  assert.deepEqual(
    plans.map((plan) => plan.allowedLatenessMs),
    [3_600_000, 3_600_000, 3_600_000],
  )
  assert.notEqual(plans[2]?.root.changes, "append")
})

test("final rows of a view are append-only to the views that read it", async () => {
  const { plans } = await bind(
    view("hourly", { sql: HOURLY, emit: "final" }),
    view("busiest", { sql: "SELECT max(n) AS n FROM hourly" }),
  )
  assert.deepEqual(
    plans.map((plan) => [plan.root.changes, plan.state.kind]),
    [
      ["append", "windows"],
      ["upsert", "none"],
    ],
  )
})

test("a circle of views is reported once, and nothing on it is planned", async () => {
  const { names, problems } = await bind(
    view("outside", { sql: "SELECT x FROM a" }),
    view("a", { sql: "SELECT x FROM b" }),
    view("b", { sql: "SELECT x FROM c" }),
    view("c", { sql: "SELECT x FROM a" }),
    view("myself", { sql: "SELECT x FROM myself" }),
    view("good", { sql: "SELECT origin FROM flight" }),
  )
  assert.deepEqual(names, ["good"])
  assert.deepEqual(problems, [
    "outside depends-on-problem 1:15",
    "c view-cycle 1:15",
    "myself view-cycle 1:15",
  ])
})

test("names are unique across events and views", async () => {
  const { problems } = await bind(
    view("flight", { sql: "SELECT origin FROM sample" }),
    view("twice", { sql: "SELECT origin FROM flight" }),
    view("twice", { sql: "SELECT origin FROM flight" }),
  )
  assert.deepEqual(problems, ["flight duplicate-name null:null", "twice duplicate-name null:null"])
})

test("a WITH query stands in front of an event of the same name, and may read it", async () => {
  const plan = await planOf("WITH flight AS (SELECT origin AS o FROM flight) SELECT o FROM flight")
  assert.deepEqual(plan.events, ["flight"])
})

test("all problems of a project are found, in the order of its views and their text", async () => {
  const { problems } = await bind(
    view("first", { sql: "SELECT orign, uper(origin) AS u\nFROM flight WHERE dely > 1 ORDER BY 1" }),
    view("second", { sql: "SELECT nothing FROM first UNION ALL SELECT nothing FROM first" }),
    view("third", { sql: "SELECT FROM" }),
    view("fourth", { sql: "SELECT a FROM flight UNION ALL SELECT b FROM sample" }),
  )
  assert.deepEqual(problems, [
    "first unknown-column 1:8",
    "first unknown-function 1:15",
    "first unknown-column 2:19",
    "first unsupported-order-by 2:28",
    "second depends-on-problem 1:21",
    "third sql-syntax 1:12",
    "fourth unknown-column 1:8",
    "fourth unknown-column 1:39",
  ])
})

test("a view that only breaks a rule does not hide the problems of those that read it", async () => {
  const { problems } = await bind(
    view("growing", { sql: "SELECT origin, count(*) AS n FROM flight GROUP BY origin" }),
    view("reader", { sql: "SELECT m FROM growing" }),
  )
  assert.deepEqual(problems, ["growing unbounded-state 1:51", "reader unknown-column 1:8"])
})

test("problems name file and line of the module, when the SQL is found in it", async () => {
  const sql = "SELECT origin,\n  dely FROM flight"
  const text = `import { view } from "millrace"\n\nexport const v = view("v", {\n  sql: \`${sql}\`,\n})\n`
  const definition = viewInModule(view("v", { sql, emit: "final" }), { path: "views.ts", text })
  const { problems } = await bindProject({ events, views: [definition] })
  const [found] = problems
  assert.deepEqual([found?.file, found?.line, found?.column], ["views.ts", 5, 3])

  const elsewhere = viewInModule(view("v", { sql }), { path: "views.ts", text: "const sql = load()" })
  const [unplaced] = (await bindProject({ events, views: [elsewhere] })).problems
  assert.deepEqual([unplaced?.file, unplaced?.line, unplaced?.column], [null, 2, 3])
})

test("problems of a whole view stand at its definition", async () => {
  const sql = "SELECT origin FROM flight"
  const text = `\nview("v", { emit: "final", sql: \`${sql}\` })`
  const definition = viewInModule(view("v", { sql, emit: "final" }), { path: "views.ts", text })
  const [found] = (await bindProject({ events, views: [definition] })).problems
  assert.deepEqual([found?.code, found?.file, found?.line], ["final-needs-window", "views.ts", 2])
})

test("SQL beyond the limits is refused, not parsed for ever", async () => {
  const cases: [sql: string, code: string][] = [
    ["", "sql-empty"],
    [" \n", "sql-empty"],
    ["SELECT origin\0 FROM flight", "sql-syntax"],
    [`SELECT '${"x".repeat(100_000)}' AS a FROM flight`, "sql-too-long"],
    [`SELECT ${"(".repeat(40_000)}1${")".repeat(40_000)} AS a FROM flight`, "sql-too-deep"],
    [`SELECT delay${"+1".repeat(5_000)} AS a FROM flight`, "sql-too-deep"],
    [`SELECT a FROM ${"(SELECT a FROM ".repeat(2_000)}flight${")".repeat(2_000)}`, "sql-too-deep"],
  ]
  for (const [sql, code] of cases) {
    const problems = await problemsOf(sql)
    assert.deepEqual(
      problems.map((problem) => problem.code),
      [code],
      sql.slice(0, 60),
    )
  }
  const doubling = (from: (name: string) => string) => {
    const queries = Array.from({ length: 40 }, (_, i) => `w${i + 1} AS (${from(`w${i}`)})`)
    return `WITH w0 AS (SELECT delay AS x FROM flight), ${queries.join(", ")} SELECT x FROM w40`
  }
  const growing = [
    doubling((name) => `SELECT x FROM ${name} UNION ALL SELECT x FROM ${name}`),
    doubling((name) => `SELECT x + x AS x FROM ${name}`),
  ]
  for (const sql of growing) {
    assert.deepEqual(
      (await problemsOf(sql)).map((problem) => problem.code),
      ["plan-too-large"],
    )
  }
  const deep = `SELECT delay${"+1".repeat(400)} AS a FROM flight`
  assert.deepEqual(await problemsOf(deep), [])
})

test("nullability is what can be proven", async () => {
  const cases: [expression: string, nullable: boolean][] = [
    ["delay", false],
    ["distance", true],
    ["delay + 1", false],
    ["delay + distance", true],
    ["NULLIF(delay, 1)", true],
    ["COALESCE(distance, 0)", false],
    ["COALESCE(distance, NULL)", true],
    ["CASE WHEN delay > 1 THEN 1 END", true],
    ["CASE WHEN delay > 1 THEN 1 ELSE 2 END", false],
    ["CASE WHEN delay > 1 THEN distance ELSE 2 END", true],
    ["distance IS NULL", false],
    ["distance IS DISTINCT FROM 1", false],
    ["distance > 1 AND true", true],
    ["NOT delay > 1", false],
    ["concat(distance)", false],
    ["distance::text", true],
  ]
  for (const [expression, nullable] of cases) {
    const { columns } = await planOf(`SELECT ${expression} AS x FROM flight`)
    assert.equal(columns[0]?.nullable, nullable, expression)
  }
  const { columns } = await planOf(
    "SELECT count(distance) AS n, sum(delay) AS s, min(delay) AS m FROM flight",
  )
  assert.deepEqual(
    columns.map((column) => column.nullable),
    [false, true, true],
  )
})
