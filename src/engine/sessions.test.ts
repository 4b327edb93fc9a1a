/** Groups of sessions: what is out after each epoch. Numbers of trackers name where others went wrong. */
import assert from "node:assert/strict"
import { test } from "node:test"
import type { AggregateSpec } from "./dataflow.ts"
import { compareParts } from "./kit/compare-parts.ts"
import { compareSeed } from "./kit/compare-with-naive.ts"
import { EVENT, KEY, VALUE, WINDOWS } from "./kit/events.ts"
import { aggregate, col } from "./kit/expressions.ts"
import { groupBy, Harness, source, view } from "./kit/harness.ts"
import { randomChangingSessions } from "./kit/random-sessions.ts"

const TIME = col(EVENT, "time")
const START = col([...EVENT, ...WINDOWS], "window_start")
const END = col([...EVENT, ...WINDOWS], "window_end")
const SESSION = { time: TIME, gapUs: 10n, keys: [KEY] }

/** Per key: key, start, end, count, sum. */
function sessions(parts: Partial<AggregateSpec> = {}): Harness {
  const spec = groupBy("events", {
    session: SESSION,
    keys: [KEY, START, END],
    windowKeys: { start: 1, end: 2 },
    aggregates: [aggregate("count", null), aggregate("sum", VALUE)],
    ...parts,
  })
  return new Harness([source(EVENT), spec, view("visits", "groups", spec.columns, [0, 1, 2])], EVENT)
}

test("a session grows with each row, and its row is replaced", () => {
  const engine = sessions()
  assert.deepEqual(engine.epoch([["a", 1, 5n]]).changes, { visits: [[1, "a", 5n, 15n, 1n, 1n]] })
  assert.deepEqual(engine.epoch([["a", 2, 15n]]).changes, {
    visits: [
      [-1, "a", 5n, 15n, 1n, 1n],
      [1, "a", 5n, 25n, 2n, 3n],
    ],
  })
  assert.deepEqual(engine.epoch([["a", 4, 10n]]).changes, {
    visits: [
      [-1, "a", 5n, 25n, 2n, 3n],
      [1, "a", 5n, 25n, 3n, 7n],
    ],
  })
})

test("exactly one gap apart is one session, a tick more is two, also before 1970", () => {
  const engine = sessions()
  engine.epoch([
    ["a", 1, -10n],
    ["a", 1, 0n],
    ["a", 1, 11n],
    ["b", 1, -11n],
    ["b", 1, 0n],
  ])
  assert.deepEqual(engine.rows("visits"), [
    ["a", -10n, 10n, 2n, 2n],
    ["a", 11n, 21n, 1n, 1n],
    ["b", -11n, -1n, 1n, 1n],
    ["b", 0n, 10n, 1n, 1n],
  ])
})

test("a session that joins two takes both rows back, and fires once (FLINK-9201)", () => {
  const engine = sessions({ emit: "final", allowedLatenessUs: 100n })
  assert.deepEqual(
    engine.epoch(
      [
        ["a", 1, 0n],
        ["a", 2, 15n],
      ],
      30n,
    ).changes,
    {
      visits: [
        [1, "a", 0n, 10n, 1n, 1n],
        [1, "a", 15n, 25n, 1n, 2n],
      ],
    },
    "both closed",
  )
  const joined = engine.epoch([["a", 4, 8n]], 30n)
  assert.deepEqual(joined.changes, {
    visits: [
      [-1, "a", 15n, 25n, 1n, 2n],
      [-1, "a", 0n, 10n, 1n, 1n],
      [1, "a", 0n, 25n, 3n, 7n],
    ],
  })
  assert.deepEqual(engine.epoch([], 100n).changes, {}, "and does not fire again")
  const longer = engine.epoch([["a", 8, 25n]], 30n + 70n)
  assert.deepEqual(longer.verdicts, { visits: ["applied"] })
  assert.deepEqual(longer.changes, {
    visits: [
      [-1, "a", 0n, 25n, 3n, 7n],
      [1, "a", 0n, 35n, 4n, 15n],
    ],
  })
})

test("a closed session that a late row makes longer is out again only when it closes again", () => {
  const engine = sessions({ emit: "final", allowedLatenessUs: 100n })
  engine.epoch([["a", 1, 0n]], 12n)
  assert.deepEqual(engine.epoch([["a", 2, 9n]], 12n).changes, { visits: [[-1, "a", 0n, 10n, 1n, 1n]] })
  assert.deepEqual(engine.epoch([], 18n).changes, {})
  assert.deepEqual(engine.epoch([], 19n).changes, { visits: [[1, "a", 0n, 19n, 2n, 3n]] })
})

test("a row of a session that is gone is late and opens none of its own (FLINK-4994)", () => {
  const engine = sessions({ emit: "final" })
  assert.deepEqual(engine.epoch([["a", 1, 0n]], 10n).changes, { visits: [[1, "a", 0n, 10n, 1n, 1n]] })
  const late = engine.epoch(
    [
      ["a", 2, 10n],
      ["a", 2, 11n],
      ["b", 2, 10n],
    ],
    10n,
  )
  assert.deepEqual(late.verdicts, { visits: ["late", "applied", "applied"] })
  assert.deepEqual(engine.epoch([], 50n).changes, {
    visits: [
      [1, "b", 10n, 20n, 1n, 2n],
      [1, "a", 11n, 21n, 1n, 2n],
    ],
  })
})

test("a late row that lies between a session that is gone and one that lives joins neither", () => {
  const engine = sessions()
  engine.epoch([["a", 1, 0n]], 0n)
  engine.epoch([["a", 1, 16n]], 19n)
  // [0, 10) is gone so long that nothing would begin beside it any more; [16, 26) still lives.
  engine.epoch([], 21n)
  assert.deepEqual(engine.epoch([["a", 1, 8n]], 21n).verdicts, { visits: ["late"] })
  assert.deepEqual(engine.rows("visits"), [
    ["a", 0n, 10n, 1n, 1n],
    ["a", 16n, 26n, 1n, 1n],
  ])
})

test("a row that was over when its key's first session began does not lengthen it backwards", () => {
  const engine = sessions()
  engine.epoch([["a", 1, 0n]], 0n)
  engine.epoch([], 20n)
  // Nothing is known of [0, 10) any more.
  engine.epoch([["a", 1, 17n]], 20n)
  const verdicts = engine.epoch([10n, 11n, 8n].map((time) => ["a", 1, time])).verdicts
  assert.deepEqual(verdicts, { visits: ["late", "applied", "late"] })
})

test("one epoch's rows may cover several old sessions (FLINK-4589)", () => {
  const engine = sessions()
  engine.epoch([0n, 15n, 30n, 45n].map((time) => ["a", 1, time]))
  assert.equal(engine.rows("visits").length, 4)
  const covered = engine.epoch([40n, 8n, 24n].map((time) => ["a", 1, time]))
  assert.deepEqual(
    covered.changes["visits"]!.filter(([weight]) => weight === 1),
    [[1, "a", 0n, 55n, 7n, 7n]],
  )
  assert.deepEqual(engine.rows("visits"), [["a", 0n, 55n, 7n, 7n]])
})

test("a session that was joined still closes (FLINK-5717), and not a tick early (KAFKA-8289)", () => {
  const engine = sessions({ emit: "final" })
  engine.epoch(
    [
      ["a", 1, 0n],
      ["a", 1, 20n],
    ],
    5n,
  )
  assert.deepEqual(engine.epoch([["a", 1, 10n]], 29n).changes, {})
  assert.deepEqual(engine.epoch([], 30n).changes, { visits: [[1, "a", 0n, 30n, 3n, 3n]] })
})

test("rows of another group of the session change the bounds of all its groups", () => {
  const parts = {
    keys: [KEY, VALUE, END],
    windowKeys: { start: null, end: 2 },
    aggregates: [aggregate("count", null)],
  }
  const spec = groupBy("events", { session: SESSION, ...parts })
  const engine = new Harness([source(EVENT), spec, view("v", "groups", spec.columns, [0, 1, 2])], EVENT)
  engine.epoch([["a", 1, 0n]])
  assert.deepEqual(engine.epoch([["a", 2, 6n]]).changes, {
    v: [
      [-1, "a", 1, 10n, 1n],
      [1, "a", 2, 16n, 1n],
      [1, "a", 1, 16n, 1n],
    ],
  })
})

test("a row without a time is filtered, one at the end of time fails, NULL is a key", () => {
  const engine = sessions()
  const shown = engine.epoch([
    ["a", 1, null],
    ["a", 1, 2n ** 63n - 1n],
    [null, 1, 3n],
    [null, 2, 4n],
  ])
  const failed = "failed: timestamp-out-of-range"
  assert.deepEqual(shown.verdicts, { visits: ["filtered", failed, "applied", "applied"] })
  assert.deepEqual(engine.rows("visits"), [[null, 3n, 14n, 2n, 3n]])
})

test("state goes when sessions are gone", () => {
  const engine = sessions({ aggregates: [aggregate("count", VALUE, true), aggregate("min", VALUE)] })
  const empty = engine.engine.stateBytes()
  for (let round = 0n; round < 20n; round++) {
    const rows = Array.from({ length: 200 }, (_, k) => [`${round} ${k}`, k, round * 100n] as const)
    engine.epoch(rows, round * 100n)
  }
  const before = engine.engine.stateBytes()
  engine.epoch([], 10_000n)
  engine.epoch([], 10_000n)
  assert.equal(engine.rows("visits").length, 4_000)
  const rowBytes = engine.engine.stateBytes()
  assert.ok(rowBytes <= before, `${empty} bytes at first, ${before} with open sessions, ${rowBytes} without`)
  const again = engine.epoch([["0 0", 1, 20_000n]], 10_000n)
  assert.deepEqual(again.changes, { visits: [[1, "0 0", 20_000n, 20_010n, 1n, 1]] })
})

test("a session of more rows than an entry of a checkpoint has goes on after a restore", () => {
  const made = () => sessions({ aggregates: [aggregate("count", VALUE, true)] })
  const engine = made()
  const count = 25_000
  engine.epoch(Array.from({ length: count }, (_, k) => ["a", k, BigInt(k)] as const))
  const twin = made()
  using checkpoint = engine.engine.checkpoint()
  twin.engine.restore(checkpoint.parts())
  const last = BigInt(count - 1)
  twin.epoch([["a", -1, last + 10n]])
  assert.deepEqual(twin.rows("visits"), [["a", 0n, last + 20n, BigInt(count + 1)]])
})

test("sessions that outgrow the limit of state stop the engine with a message", () => {
  const spec = groupBy("events", {
    session: SESSION,
    keys: [KEY, END],
    windowKeys: { start: null, end: 1 },
    aggregates: [aggregate("count", VALUE, true)],
  })
  const specs = [source(EVENT), spec, view("v", "groups", spec.columns, [0, 1])]
  const epochOf = (keys: number) => {
    const engine = new Harness(specs, EVENT, { maxStateBytes: 2 ** 20 })
    return engine.epoch(Array.from({ length: 20_000 }, (_, k) => [`${k % keys}`, k, BigInt(k)] as const))
  }
  assert.throws(() => epochOf(1), { code: "state-full" }, "values and rows of one session")
  assert.throws(() => epochOf(20_000), { code: "state-full" }, "sessions of one epoch")
})

test("sessions of rows that are taken back agree with sorting all rows again", () => {
  for (let seed = 1; seed <= 60; seed++) compareSeed(seed, randomChangingSessions)
})

test("they are the same in one, two and three parts, also across a restore", () => {
  for (let seed = 1; seed <= 30; seed++) compareParts(seed, randomChangingSessions)
})
