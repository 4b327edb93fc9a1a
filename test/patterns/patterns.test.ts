/** What a pattern finds: literal rows and literal results for each thing that a definition can say. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { pattern } from "../../src/plan/pattern.ts"
import { view } from "../../src/plan/view.ts"
import type { CaseOptions } from "./run-pattern.ts"
import { definition, matches, PatternRun, steps } from "./run-pattern.ts"

type Case = readonly [about: string, options: CaseOptions, rows: string, expected: readonly string[]]

async function check(cases: readonly Case[]): Promise<void> {
  for (const [about, options, rows, expected] of cases) {
    assert.deepEqual(await matches(options, rows), expected, about)
  }
}

const path = (text: string, options: Partial<CaseOptions> = {}): CaseOptions => ({
  ...options,
  steps: steps(text),
})

test("quantifiers take as many rows as they say", () =>
  check([
    ["one", path("a b"), "a@1 b@2", ["1 2 2"]],
    ["a number", path("a b{2} c"), "a@1 b@2 b@3 c@4", ["1 4 4"]],
    ["too few", path("a b{2} c"), "a@1 b@2 c@4", []],
    ["too many", path("a b{2} c"), "a@1 b@2 b@3 b@4 c@5", []],
    ["at least", path("a b{2,} c"), "a@1 b@2 b@3 b@4 c@5", ["1 5 5"]],
    ["at most, greedy", path("a b{1,2}"), "a@1 b@2 b@3 b@4", ["1 3 3"]],
    ["at most, reluctant", path("a b{1,2}?"), "a@1 b@2 b@3 b@4", ["1 2 2"]],
    ["none needed, one there", path("a b{0,1} c"), "a@1 b@2 c@3", ["1 3 3"]],
    ["none needed, none there", path("a b{0,1} c"), "a@1 c@3", ["1 3 2"]],
    ["any number of the last step, greedy", path("a b{0,}"), "a@1 b@2 b@3 c@4", ["1 3 3"]],
    ["any number of the last step, reluctant", path("a b{0,}?"), "a@1 b@2 b@3 c@4", ["1 1 1"]],
  ]))

test("a row that suits two steps goes to the greedy one first, and back where that leads nowhere", () => {
  const both = (greedy: boolean): CaseOptions => ({
    steps: [
      { name: "x", where: "amount > 0", times: { atLeast: 1 }, greedy },
      { name: "y", where: "amount > 5" },
    ],
    select: "first(at) AS began, at AS ended, count(x.*) AS x",
  })
  return check([
    ["greedy", both(true), "a:1@1 a:9@2 a:9@3 a:1@4", ["1 3 2"]],
    ["reluctant", both(false), "a:1@1 a:9@2 a:9@3 a:1@4", ["1 2 1"]],
  ])
})

test("strict steps follow at once, relaxed ones pass over what nothing has a use for", () =>
  check([
    ["strict", path("a b"), "a@1 x@2 b@3", []],
    ["relaxed", path("a …b"), "a@1 x@2 b@3", ["1 3 2"]],
    ["relaxed repetition", path("a …b{2} …c"), "a@1 x@2 b@3 x@4 b@5 x@6 c@7", ["1 7 4"]],
    ["strict behind relaxed", path("a …b c"), "a@1 x@2 b@3 x@4 c@5", []],
    [
      "a strict repetition before a relaxed step ends where a row is passed over",
      path("a{1,} …b"),
      "a@1 a@2 x@3 a@4 b@5",
      ["1 5 3"],
    ],
    ["a row that can be taken is not passed over", path("a …b{1,} …c"), "a@1 b@2 b@3 c@4", ["1 4 4"]],
    ["the first row that suits decides", path("a …b"), "a@1 b@2 b@3", ["1 2 2"]],
    ["other keys lie in another order", path("a b"), "K/a@1 L/a@2 K/b@3 L/b@4", ["1 3 2", "2 4 2"]],
    ["NULL keys belong together", path("a b"), "a@1 b@2", ["1 2 2"]],
  ]))

test("what a not step forbids may not come between, nor behind the last row in time", () =>
  check([
    ["none came", path("a !x …b"), "a@1 y@2 b@3", ["1 3 2"]],
    ["one came", path("a !x …b"), "a@1 x@2 b@3", []],
    ["it came before", path("a !x …b"), "x@0 a@1 b@3", ["1 3 2"]],
    ["it came behind", path("a !x …b"), "a@1 b@3 x@4", ["1 3 2"]],
    ["two of them", path("a !x !y …b"), "a@1 y@2 b@3", []],
    ["another row begins anew", path("a !x …b"), "a@1 x@2 a@3 b@4", ["3 4 2"]],
    ["past an optional step", path("a !x …b{0,1} …c"), "a@1 x@2 b@3 c@4", []],
    ["at the end: none came in time", path("a !x", { within: "10 s" }), "a@1 x@20", ["1 1 1"]],
    ["at the end: one came in time", path("a !x", { within: "10 s" }), "a@1 y@4 x@9", []],
    ["at the end: one came just in time", path("a !x", { within: "10 s" }), "a@1 x@11", []],
    ["at the end: one came just too late", path("a !x", { within: "10 s" }), "a@1 x@12", ["1 1 1"]],
  ]))

test("within counts from the first row to the last, both included", () =>
  check([
    ["in time", path("a …b", { within: "10 s" }), "a@1 b@11", ["1 11 2"]],
    ["too late", path("a …b", { within: "10 s" }), "a@1 b@12", []],
    ["a later row begins a match", path("a …b", { within: "10 s" }), "a@1 a@5 b@12", ["5 12 2"]],
  ]))

test("after a match the search goes on where afterMatch says", () => {
  const rows = "a@1 a@2 b@3 b@4"
  const relaxed = "a …b{2}"
  return check([
    ["past last row", path(relaxed), `${rows} a@5 b@6 b@7`, ["1 4 3", "5 7 3"]],
    ["next row", path(relaxed, { afterMatch: "skip to next row" }), rows, ["1 4 3", "2 4 3"]],
    [
      "first of a step",
      path("a …b{2} …c", { afterMatch: "skip to first c" }),
      "a@1 b@2 a@3 b@4 c@5 b@6",
      ["1 5 4"],
    ],
    [
      "last of a step",
      path("a{2} …b", { afterMatch: "skip to last a" }),
      "a@1 a@2 a@3 b@4 a@5 b@6",
      ["1 4 3", "2 4 3"],
    ],
    [
      "overlapping falls and rises share their turning point",
      {
        steps: [
          { name: "up", where: "amount > prev(amount)", times: { atLeast: 1 } },
          { name: "down", where: "amount < prev(amount)", times: { atLeast: 1 } },
        ],
        afterMatch: "skip to last down",
        select: "first(at) AS began, last(up.at) AS top, at AS ended",
      },
      "a:1@1 a:2@2 a:3@3 a:2@4 a:1@5 a:5@6 a:4@7",
      ["2 3 5", "6 6 7"],
    ],
  ])
})

test("with timeout, what was there when time ran out comes out too", () =>
  check([
    ["none was complete", path("a …b", { within: "10 s", timeout: true }), "a@1 x@2", ["1 1 1 true"]],
    ["it broke before", path("a b", { within: "10 s", timeout: true }), "a@1 x@2", []],
    ["forbidden before", path("a !x …b", { within: "10 s", timeout: true }), "a@1 x@2", []],
    [
      "one of each",
      path("a …b", { within: "10 s", timeout: true }),
      "a@1 b@2 a@30",
      ["1 2 2 false", "30 30 1 true"],
    ],
    [
      "the search goes on behind it",
      path("a{2} …b", { within: "10 s", timeout: true }),
      "a@1 a@2 a@3",
      ["1 2 2 true", "3 3 1 true"],
    ],
    [
      "a step that has no rows is NULL",
      path("a …b", { within: "10 s", timeout: true, select: "a.at AS a, b.at AS b, count(b.*) AS n" }),
      "a@1",
      ["1 NULL 0 true"],
    ],
  ]))

test("conditions look at earlier rows", () => {
  const rows = "a:1@1 a:3@2 a:2@3 b:12@4"
  const on = (where: string): CaseOptions => ({
    steps: [
      { name: "a", where: "kind = 'a'", times: { atLeast: 1 } },
      { name: "b", where: `kind = 'b' AND ${where}` },
    ],
  })
  return check([
    ["the step's last row", on("a.amount = 2"), rows, ["1 4 4"]],
    ["last()", on("last(a.amount) = 2 AND last(a.amount, 1) = 3"), rows, ["1 4 4"]],
    ["first()", on("first(a.amount) = 1 AND first(a.amount, 1) = 3"), rows, ["1 4 4"]],
    ["first() over all rows", on("first(amount) = 1"), rows, ["1 4 4"]],
    ["prev()", on("prev(amount) = 2"), rows, ["1 4 4"]],
    ["an aggregate over a step", on("amount = 2 * sum(a.amount) AND count(a.*) = 3"), rows, ["1 4 4"]],
    [
      "an aggregate over all rows, its own included",
      on("sum(amount) = 18 AND max(amount) = 12"),
      rows,
      ["1 4 4"],
    ],
    ["an argument that is computed", on("avg(a.amount * 2) = 4"), rows, ["1 4 4"]],
    ["not true", on("amount > 10 * sum(a.amount)"), rows, []],
    ["NULL is not true", on("last(a.amount, 7) < 5"), rows, []],
    ["what cannot be computed is not true", on("amount / (a.amount - 2) > 0"), rows, []],
  ])
})

test("a select list looks at the match", () => {
  const select = (list: string): CaseOptions => ({ ...path("a{2} …b"), select: list })
  const rows = "a:5@1 a:6@2 x:1@3 b:9@4"
  return check([
    ["key, bare columns and steps", select("key, amount, a.amount AS a, b.at AS b"), rows, ["K 9 6 4"]],
    [
      "first and last",
      select("first(a.amount) AS f, last(a.amount) AS l, first(amount) AS all_first"),
      rows,
      ["5 6 5"],
    ],
    [
      "aggregates leave out what was passed over",
      select("sum(amount) AS s, count(*) AS n, max(a.amount) AS m"),
      rows,
      ["20 3 6"],
    ],
    [
      "expressions over them",
      select("b.amount - first(a.amount) AS rise, upper(key) || '!' AS k"),
      rows,
      ["4 K!"],
    ],
  ])
})

test("rows are in order of time, then id, whatever order they came in", async () => {
  const run = await PatternRun.of(definition(path("a b c")))
  assert.deepEqual(run.epoch("c@3 b@2", 0), [])
  assert.deepEqual(run.epoch("a@1", 3), [], "the row at 3 may not be the only one")
  assert.deepEqual(run.epoch("", 4), ["1 3 3"])
})

test("a match comes as soon as nothing can change it", async () => {
  const run = await PatternRun.of(definition(path("a{3,} …b", { within: "60 s" })))
  assert.deepEqual(run.epoch("a@1 a@2 a@3", 10), [])
  assert.deepEqual(run.epoch("b@11", 12), ["1 11 4"])
  const greedy = await PatternRun.of(definition(path("…a{2,}", { within: "60 s" })))
  assert.deepEqual(greedy.epoch("a@1 a@2", 61), [], "a third may come")
  assert.deepEqual(greedy.epoch("", 62), ["1 2 2"])
  const reluctant = await PatternRun.of(definition(path("…a{2,}?", { within: "60 s" })))
  assert.deepEqual(reluctant.epoch("a@1 a@2", 3), ["1 2 2"])
})

test("a row behind the watermark is late, and leaves matches as they are", async () => {
  const run = await PatternRun.of(definition(path("a b")))
  assert.deepEqual(run.verdicts("a@1 b@5", 5), ["applied", "applied"])
  assert.deepEqual(run.verdicts("x@4 x@5", 6), ["late", "applied"])
  assert.equal(run.engine.rowCount("found"), 1)
})

test("a row of which a condition about itself fails has failed", async () => {
  const failing = { steps: [{ name: "a", where: "10 / amount > 1" }] }
  const run = await PatternRun.of(definition(failing))
  assert.deepEqual(run.verdicts("a:0@1 a:5@2", 10), ["failed", "applied"])
  const guarded = path("a")
  const behind = { name: "b", where: "kind = 'b' AND amount > a.amount AND 10 / amount > 0" }
  const later = await PatternRun.of(definition({ ...guarded, steps: [...guarded.steps, behind] }))
  assert.deepEqual(later.verdicts("a:0@1 b:0@2", 10), ["applied", "applied"])
})

test("a row that suits no step is filtered where rows are passed over", async () => {
  const rows = "a@1 x@2 b@3"
  const loose = await PatternRun.of(definition(path("a …b")))
  assert.deepEqual(loose.verdicts(rows, 10), ["applied", "filtered", "applied"])
  const behind = { name: "b", where: "kind = 'b' AND count(*) = 2" }
  const around = await PatternRun.of(definition({ steps: [...steps("a"), behind], contiguity: "relaxed" }))
  assert.deepEqual(around.verdicts(rows, 10), ["applied", "filtered", "applied"])
  const strict = await PatternRun.of(definition(path("a b")))
  assert.deepEqual(strict.verdicts(rows, 10), ["applied", "applied", "applied"])
  const negated = await PatternRun.of(definition(path("a !x …b")))
  assert.deepEqual(negated.verdicts(rows, 10), ["applied", "applied", "applied"])
})

test("state goes: nothing is kept of keys whose time ran out", async () => {
  const run = await PatternRun.of(definition(path("a …b", { within: "10 s" })))
  run.epoch("", 0)
  const empty = run.engine.stateBytes()
  run.epoch(Array.from({ length: 500 }, (_, k) => `K${k}/a@${k % 20}`).join(" "), 1)
  assert.ok(run.engine.stateBytes() > empty)
  run.epoch("", 100)
  assert.equal(run.engine.stateBytes(), empty)
})

test("matches are rows like others: windows and other patterns read them", async () => {
  const found = definition(path("a …b", { within: "10 s", select: "key, at AS ended" }))
  const perMinute = view("per_minute", {
    sql: `SELECT window_end, count(*) AS n
          FROM tumble(found, ended, INTERVAL '1 minute') GROUP BY window_end`,
    emit: "final",
  })
  const twice = pattern("twice", {
    from: "found",
    key: "key",
    steps: [
      { name: "first_one", where: "true" },
      { name: "second_one", where: "true" },
    ],
    within: "1 minute",
    select: "key, first(ended) AS began, ended",
  })
  const run = await PatternRun.of(found, perMinute, twice)
  const rows = run.epoch("a@1 b@5 a@20 b@25 a@70 b@71", 1_000)
  assert.deepEqual(rows.sort(), ["120 1", "60 2", "K 25", "K 5", "K 5 25", "K 71"].sort())
})

const ALL = "kind = 'a'"

/** Five steps that all take an a, then one that takes nothing. */
const hopeless = (where: string): CaseOptions => ({
  steps: [
    ...["p", "q", "r", "s", "t"].map((name, k) => ({ name, where, times: { atLeast: k === 0 ? 1 : 0 } })),
    { name: "none", where: "kind = 'z'" },
  ],
})
const MANY = Array.from({ length: 60 }, (_, k) => `a@${k + 1}`).join(" ")

test("a way that leads nowhere is gone once, where rows are told apart by themselves", async () => {
  assert.deepEqual(await matches(hopeless(ALL), MANY), [])
  assert.deepEqual(await matches(hopeless(ALL), `${MANY} z@90`), ["1 90 61"])
})

test("a search without an end finds nothing, and is counted", async () => {
  const run = await PatternRun.of(definition(hopeless(`${ALL} AND count(*) > 0`)))
  assert.deepEqual(run.epoch(MANY.split(" ").slice(0, 28).join(" "), 1_000), [])
  assert.ok(run.engine.losses("found").failedChanges > 0)
})
