/** What the page decides without a browser: sums, places of errors, examples, drafts. */
import assert from "node:assert/strict"
import { test } from "node:test"
import type { EventStream, View } from "../../studio/src/api/types.ts"
import { errorPlace } from "../../studio/src/ask/error-place.ts"
import { examplesOf } from "../../studio/src/ask/examples.ts"
import { doorBalance, steadyMissing, viewBalance } from "../../studio/src/balance/balance.ts"
import { timeRange } from "../../studio/src/charts/series.ts"
import { checkDraft, editable } from "../../studio/src/letters/draft-check.ts"

const EVENT: EventStream = {
  name: "flight",
  description: null,
  fields: [
    { name: "flight_id", type: "int64", nullable: false, optional: false },
    { name: "origin", type: "string", nullable: false, optional: false },
    { name: "note", type: "string", nullable: true, optional: true },
  ],
  id: "flight_id",
  time: "scheduled_at",
  key: "origin",
  out_of_orderness_ms: 0,
  received: 10,
  accepted: 6,
  duplicates: 1,
  rejected: 2,
  dead_lettered: 1,
  appended: 6,
  events_per_second: 0,
  watermark: null,
  watermark_partition: null,
  partitions: [],
}

const VIEW: View = {
  name: "hours",
  description: null,
  sql: "",
  columns: [{ name: "flights", type: "int64", nullable: false }],
  key: null,
  emit: "changes",
  epoch: 1,
  row_count: 1,
  watermark: null,
  lag: { events: 1, ms: 0 },
  verdicts: { applied: 3, filtered: 1, late: 1, pending: 1 },
  verification: null,
  events: ["flight"],
  views: [],
}

test("the door's parts make what was received; one that is lost is missing", () => {
  assert.equal(doorBalance(EVENT).missing.to, 0)
  assert.equal(doorBalance({ ...EVENT, dead_lettered: 0 }).missing.from, 1)
  assert.equal(doorBalance({ ...EVENT, accepted: 8 }).missing.to, -2)
})

test("a view rules on the rows of every event that it reads, through views as well, and once on each", () => {
  const above = { ...VIEW, name: "above", events: ["signup"], views: ["hours", "above"] }
  const appended = new Map([
    ["flight", { from: 6, to: 6 }],
    ["signup", { from: 4, to: 4 }],
  ])
  assert.equal(viewBalance(VIEW, [VIEW, above], appended).total, 6)
  assert.deepEqual(viewBalance(VIEW, [VIEW, above], appended).missing, { from: 0, to: 0 })
  assert.equal(viewBalance(above, [VIEW, above], appended).total, 10)
  assert.deepEqual(viewBalance(above, [VIEW, above], appended).missing, { from: 4, to: 4 })
})

test("the whole is a number that the log passed through while the page asked", () => {
  const cases: readonly (readonly [from: number, to: number, total: number])[] = [
    [6, 6, 6],
    [2, 900, 6],
    [7, 900, 7],
    [1, 4, 4],
  ]
  for (const [from, to, total] of cases) {
    const balance = viewBalance(VIEW, [VIEW], new Map([["flight", { from, to }]]))
    assert.deepEqual([balance.total, balance.missing], [total, { from: from - 6, to: to - 6 }])
  }
})

test("rows are missing when three looks prove it and none refutes it, however many flow meanwhile", () => {
  const exact = (...missing: number[]) => missing.map((count) => ({ from: count, to: count }))
  const flowing = { from: -400, to: 437 }
  const cases: readonly (readonly [looks: readonly { from: number; to: number }[], missing: number])[] = [
    [[], 0],
    [exact(37, 37), 0],
    [exact(37, 37, 37), 37],
    [[...exact(37), flowing, flowing, ...exact(37), flowing, { from: 30, to: 90 }], 37],
    [Array.from({ length: 30 }, () => flowing), 0],
    [exact(37, 37, 37, 0), 0],
    [exact(37, 37, 0, 37), 0],
    [exact(-2, -2, -2), -2],
    [exact(-2, -2, -2, 0), 0],
  ]
  for (const [looks, missing] of cases) assert.equal(steadyMissing(looks), missing, JSON.stringify(looks))
})

test("an error's place is found by line, by position in bytes, and by name", () => {
  const sql = "SELECT 'é', orign\nFROM events.flight"
  const cases: readonly (readonly [message: string, line: number, column: number, word: string])[] = [
    ["Syntax error: failed at position 20 (FROM) (line 2, col 1): FROM", 2, 1, "FROM"],
    ["Syntax error: failed at position 14 ('orign'): orign", 1, 13, "orign"],
    ["Unknown expression identifier `orign` in scope SELECT", 1, 13, "orign"],
    ["Unknown table expression identifier 'events.flight' in scope", 2, 13, "flight"],
  ]
  for (const [message, line, column, word] of cases) {
    const place = errorPlace(sql, message)
    assert.deepEqual([place?.line, place?.column], [line, column], message)
    assert.equal(sql.slice(place?.start, place?.end), word, message)
  }
  assert.equal(errorPlace(sql, "no words for it", 13)?.column, 13, "the platform's own position comes first")
  assert.equal(errorPlace(sql, "Memory limit exceeded"), null)
  assert.equal(errorPlace(sql, "failed (line 9, col 1)"), null, "a line that the query does not have")
})

test("examples come from the project's own names, quoted where they need it", () => {
  const examples = examplesOf([EVENT, { ...EVENT, name: "odd-name", key: null }], [VIEW])
  assert.deepEqual(
    examples.map(({ name }) => name),
    [
      "Newest flight",
      "flight by origin",
      "Newest odd-name",
      "odd-name by origin",
      "hours",
      "flight per minute",
    ],
  )
  assert.match(examples[2]?.sql ?? "", /FROM events\.`odd-name`/)
  assert.deepEqual(examplesOf([], []), [])
})

test("a draft is laid out without touching a digit, and held against the contract's fields", () => {
  const text = '{"flight_id":9007199254740993,"price":1.10,"tags":[],"note":"a{b,\\"c","nested":{"x":[1,2]}}'
  assert.equal(
    editable(text),
    '{\n  "flight_id": 9007199254740993,\n  "price": 1.10,\n  "tags": [],\n  "note": "a{b,\\"c",\n' +
      '  "nested": {\n    "x": [\n      1,\n      2\n    ]\n  }\n}',
  )
  assert.equal(editable('{"half'), '{"half')
  const check = checkDraft('{"flight_id": 1, "colour": "red"}', EVENT)
  assert.deepEqual(
    check.hints.map(({ field, role, state }) => [field.name, role, state]),
    [
      ["flight_id", "id", "there"],
      ["origin", "key", "missing"],
      ["note", null, "left out"],
    ],
  )
  assert.deepEqual(check.unknown, ["colour"])
  assert.equal(check.problem, null)
  assert.match(checkDraft("[1]", EVENT).problem ?? "", /JSON object/)
  assert.notEqual(checkDraft("{", EVENT).problem, null)
})

test("a single time stands in the middle of its day", () => {
  assert.deepEqual(timeRange([]), [0, 1])
  assert.deepEqual(timeRange([86_400]), [43_200, 129_600])
  assert.deepEqual(timeRange([86_400, 172_800, 259_200]), [86_400, 259_200])
})
