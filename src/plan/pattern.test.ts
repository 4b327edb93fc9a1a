/** What pattern() and the binding of a pattern refuse, and where they say that it stands. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { flight } from "../../test/kit/plan-events.ts"
import { isPlatformError } from "../std/errors.ts"
import { bindProject } from "./bind-project.ts"
import { explain } from "./explain.ts"
import { embeddedOnly } from "./pattern/match-recognize.ts"
import type { PatternOptions } from "./pattern.ts"
import { pattern } from "./pattern.ts"
import { view, viewInModule } from "./view.ts"

const FINE: PatternOptions = {
  from: "flight",
  key: "origin",
  steps: [
    { name: "late", where: "delay > 60", times: { atLeast: 2 } },
    { name: "gone", where: "delay IS NULL" },
  ],
  within: "1 hour",
  select: "origin, count(late.*) AS late, scheduled_at",
}

const [A, B] = [
  { name: "a", where: "delay > 1" },
  { name: "b", where: "delay > 2" },
]

test("pattern() refuses what cannot be, and says what is taken", () => {
  const cases: readonly [options: object, message: RegExp][] = [
    [{ form: "flight" }, /no option form/],
    [{ from: 1 }, /from is the name/],
    [{ key: [] }, /key is the column/],
    [{ select: undefined }, /select is a string/],
    [{ within: undefined }, /within is needed, such as within: "10 minutes"/],
    [{ within: "0 s" }, /above zero/],
    [{ within: "400 days" }, /at most 366 days/],
    [{ timeout: "yes" }, /timeout is true or false/],
    [{ steps: [] }, /at least one step/],
    [{ steps: Array.from({ length: 21 }, (_, k) => ({ ...A, name: `s${k}` })) }, /at most 20/],
    [{ steps: [A, A] }, /two steps are called a/],
    [{ steps: [{ ...A, name: "A" }] }, /"A" is not snake_case/],
    [{ steps: [{ ...A, when: "true" }] }, /step a: there is no option when/],
    [{ steps: [{ name: "a", where: true }] }, /step a: where is a string/],
    [{ steps: [{ ...A, times: 0 }] }, /times is a whole number above zero/],
    [{ steps: [{ ...A, times: {} }] }, /atLeast: 2, atMost: 5/],
    [{ steps: [{ ...A, times: { atLeast: 3, atMost: 2 } }] }, /not below atLeast/],
    [{ steps: [{ ...A, times: { atLeast: 0 } }, B] }, /the first step takes at least one/],
    [{ steps: [{ ...A, not: true }, B] }, /cannot be a not step/],
    [{ steps: [A, { ...B, not: true, times: 2 }] }, /leave times out/],
    [{ steps: [A, { ...B, not: true, contiguity: "relaxed" }] }, /leave contiguity out/],
    [{ steps: [A, { ...B, contiguity: "loose" }] }, /contiguity is "strict" or "relaxed"/],
    [{ afterMatch: "no skip" }, /afterMatch is "skip past last row"/],
    [{ afterMatch: "skip to last c" }, /afterMatch is/],
    [{ afterMatch: "skip to first late" }, /would be found again/],
    [{ steps: [A, { ...B, times: { atLeast: 0 } }], afterMatch: "skip to last b" }, /may have taken no row/],
  ]
  assert.equal(pattern("p", FINE).kind, "view")
  assert.throws(
    () => pattern("P", FINE),
    (error) => isPlatformError(error, "invalid-pattern"),
  )
  for (const [options, message] of cases) {
    assert.throws(
      () => pattern("p", { ...FINE, ...options } as PatternOptions),
      (error) => isPlatformError(error, "invalid-pattern") && message.test((error as Error).message),
      message.source,
    )
  }
})

async function problemsOf(options: Partial<PatternOptions>) {
  const counts = view("counts", {
    sql: "SELECT origin, count(*) AS n FROM flight GROUP BY origin",
    state: "unbounded",
  })
  const views = [counts, pattern("p", { ...FINE, ...options })]
  return (await bindProject({ events: [flight], views })).problems
}

const step = (where: string): Partial<PatternOptions> => ({
  steps: [A, { name: "b", where }],
  select: "origin",
})

test("binding refuses what a pattern cannot mean, with a code and a place", async () => {
  const cases: readonly [options: Partial<PatternOptions>, code: string, column: number | null][] = [
    [{ from: "flihgt" }, "unknown-source", 1],
    [{ from: "counts" }, "pattern-input", 1],
    [{ key: "orign" }, "unknown-column", 1],
    [{ key: "scheduled_at" }, "pattern-key", 1],
    [step("dely > 1"), "unknown-column", 1],
    [step("delay > "), "sql-syntax", 9],
    [step("delay"), "type-mismatch", 1],
    [step(""), "pattern-text", 1],
    [step("true, false"), "unsupported-row", 1],
    [step("c.delay > 1"), "unknown-qualifier", 1],
    [step("next(delay) > 1"), "pattern-reference", 1],
    [step("prev(a.delay) > 1"), "pattern-reference", 1],
    [step("EXISTS (SELECT 1 FROM flight)"), "subquery-place", 1],
    [step("now() > scheduled_at"), "not-deterministic", 1],
    [{ steps: [{ name: "a", where: "b.delay > 1" }, B], select: "origin" }, "pattern-reference", 1],
    [{ steps: [A, { ...B, not: true }], select: "b.delay AS d" }, "pattern-reference", 1],
    [{ select: "origin FROM flight" }, "pattern-text", null],
    [{ select: "*" }, "pattern-text", 1],
    [{ select: "origin, orign" }, "unknown-column", 9],
    [{ select: "origin, 1 + 1" }, "unnamed-column", 9],
    [{ select: "origin, origin" }, "duplicate-column", 9],
    [{ select: "prev(delay) AS d" }, "pattern-reference", 1],
    [{ select: "first(late.delay + gone.delay) AS d" }, "pattern-reference", 1],
    [{ select: "sum(first(delay)) AS d" }, "pattern-reference", 5],
    [{ select: "sum(DISTINCT delay) AS d" }, "no-overload", 1],
    [{ select: "stddev(delay) AS d" }, "no-overload", 1],
    [{ select: "origin, delay > 1 AS timed_out", timeout: true }, "duplicate-column", null],
  ]
  assert.deepEqual(await problemsOf({}), [])
  for (const [options, code, column] of cases) {
    const found = await problemsOf(options)
    const shown = found.map((problem) => [problem.code, problem.column])
    assert.deepEqual(shown, [[code, column]], JSON.stringify(options))
    assert.notEqual(found[0]!.message, "")
  }
})

test("MATCH_RECOGNIZE in a view is told to be a pattern", async () => {
  const sql = "SELECT * FROM flight MATCH_RECOGNIZE (ORDER BY scheduled_at PATTERN (a b))"
  const { problems } = await bindProject({ events: [flight], views: [view("v", { sql })] })
  assert.deepEqual(
    problems.map(({ code }) => code),
    ["sql-syntax"],
  )
  assert.match(problems[0]!.suggestion!, /pattern\(\)/)
})

test("a problem has the place of its text in the module", async () => {
  const text = [
    "export const p = pattern('p', {",
    "  from: 'flight',",
    "  key: 'origin',",
    "  steps: [{ name: 'a', where: 'dely > 1' }],",
    "})",
  ].join("\n")
  const definition = pattern("p", { ...FINE, steps: [{ name: "a", where: "dely > 1" }], select: "origin" })
  const views = [viewInModule(definition, { path: "p.ts", text })]
  const { problems } = await bindProject({ events: [flight], views })
  assert.deepEqual(
    problems.map(({ file, line, column, suggestion }) => [file, line, column, suggestion]),
    [["p.ts", 4, 32, "did you mean delay?"]],
  )
})

async function planOf(options: Partial<PatternOptions>) {
  const { plans, problems } = await bindProject({
    events: [flight],
    views: [pattern("p", { ...FINE, ...options })],
  })
  assert.deepEqual(problems, [])
  return plans[0]!
}

test("a plan says what a pattern keeps, and its fingerprint what it means", async () => {
  const plan = await planOf({})
  assert.equal(plan.state.kind, "intervals")
  assert.equal(plan.root.changes, "append")
  assert.equal(plan.root.delayUs, 3_600_000_000n)
  assert.equal(plan.columns[plan.root.timeColumn!]!.name, "scheduled_at")
  assert.match(explain(plan), /match late\{2,\} gone within 1 hour per origin/)
  const [late, gone] = FINE.steps
  const same = await planOf({
    steps: [{ ...late!, name: "tardy" }, gone!],
    select: FINE.select.replace("late.*", "tardy.*"),
  })
  assert.equal(same.fingerprint, plan.fingerprint, "names of steps say nothing")
  const others: readonly Partial<PatternOptions>[] = [
    { within: "2 hours" },
    { contiguity: "relaxed" },
    { afterMatch: "skip to next row" },
    { steps: [{ ...late!, times: 2 }, gone!] },
    { steps: [{ ...late!, greedy: false }, gone!] },
    { steps: [late!, { ...gone!, where: "delay < 0" }] },
    { steps: [late!, { ...gone!, not: true }] },
  ]
  const prints = await Promise.all(others.map(async (options) => (await planOf(options)).fingerprint))
  assert.equal(new Set([plan.fingerprint, ...prints]).size, others.length + 1)
})

test("what MATCH_RECOGNIZE cannot say is embedded-only", async () => {
  const [late, gone] = FINE.steps
  assert.deepEqual(embeddedOnly(await planOf({})), [])
  assert.deepEqual(embeddedOnly(await planOf({ contiguity: "relaxed" })), ["relaxed contiguity"])
  assert.deepEqual(embeddedOnly(await planOf({ steps: [late!, { ...gone!, not: true }], timeout: true })), [
    "negation",
    "time-out output",
  ])
})
