import assert from "node:assert/strict"
import { test } from "node:test"
import { isPlatformError } from "../std/errors.ts"
import { view, viewInModule } from "./view.ts"

const sql = "SELECT 1"

test("a definition is frozen data with its defaults filled in", () => {
  const definition = view("per_day", { sql, description: "What a day adds up to." })
  assert.ok(Object.isFrozen(definition))
  assert.deepEqual(definition, {
    kind: "view",
    name: "per_day",
    sql,
    description: "What a day adds up to.",
    emit: "changes",
    allowedLatenessMs: 0,
    state: "bounded",
    pattern: null,
    process: null,
    module: null,
  })
  const full = view("v", { sql, emit: "final", allowedLateness: "10 minutes", state: "unbounded" })
  assert.deepEqual([full.emit, full.allowedLatenessMs, full.state], ["final", 600_000, "unbounded"])
  const { state } = view("v", { sql, state: { timeToLive: "1 day" } })
  assert.deepEqual(state, { timeToLiveUs: 86_400_000_000n })
})

test("names are snake_case, 1 to 63 characters", () => {
  for (const name of ["a", "a1_b", "x".repeat(63)]) assert.equal(view(name, { sql }).name, name)
  for (const name of ["", "A", "1a", "_a", "a-b", "a b", "é", "x".repeat(64)]) {
    assert.throws(
      () => view(name, { sql }),
      (error) => isPlatformError(error, "invalid-view"),
      name,
    )
  }
})

test("options that do not exist or have no meaning are refused by name", () => {
  const cases: [options: object, code: string, words: RegExp][] = [
    [{ sql: 1 }, "invalid-view", /sql is a string/],
    [{ sql, emit: "sometimes" }, "invalid-view", /emit is/],
    [{ sql, state: "bounded" }, "invalid-view", /state is/],
    [{ sql, state: null }, "invalid-view", /state is/],
    [{ sql, state: { ttl: "1 day" } }, "invalid-view", /state is/],
    [{ sql, state: { timeToLive: 5 } }, "invalid-view", /state is/],
    [{ sql, state: { timeToLive: "0 s" } }, "invalid-view", /longer than zero/],
    [{ sql, state: { timeToLive: "soon" } }, "invalid-duration", /state.timeToLive of view v/],
    [{ sql, lateness: "1 s" }, "invalid-view", /no option lateness/],
    [{ sql, allowedLateness: "later" }, "invalid-duration", /allowedLateness of view v/],
    [{ sql, allowedLateness: "32 days" }, "invalid-view", /at most 31 days/],
  ]
  for (const [options, code, words] of cases) {
    const call = () => view("v", options as { sql: string })
    assert.throws(call, (error) => isPlatformError(error, code) && words.test(error.message), words.source)
  }
})

test("a definition can know its module", () => {
  const module = { path: "views.ts", text: "…" }
  assert.deepEqual(viewInModule(view("v", { sql }), module).module, module)
})
