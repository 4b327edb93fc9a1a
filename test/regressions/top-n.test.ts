/**
 * First rows and window functions, numbers 53 to 58 of docs/regressions.md: ways in which other stream
 * processors were wrong, each with data of its own. Numbers with # are those of public trackers.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import type { Scalar } from "../../src/columns/types.ts"
import { view } from "../../src/plan/view.ts"
import { SeededRandom } from "../../src/std/random.ts"
import { latest, present, reading, row, rows, SECOND } from "../kit/readings.ts"
import { SqlEngine } from "../kit/sql-engine.ts"

const unbounded = (name: string, sql: string) => view(name, { sql, state: "unbounded" })
const over = (...views: Parameters<typeof SqlEngine.of>[1]) => SqlEngine.of([reading], views)

const firstTwo = unbounded("first_two", "SELECT key, n FROM present ORDER BY n DESC, key LIMIT 2")
const placed = unbounded(
  "placed",
  `SELECT key, n, place FROM (
     SELECT key, n, row_number() OVER (ORDER BY n DESC, key) AS place FROM present) AS t
   WHERE place <= 2`,
)

// FLINK-20271, FLINK-20272 (flink#14173), FLINK-18376.
test("53: rows that go from the last place, or from behind it, change no other place", async () => {
  const engine = await over(latest, present, firstTwo, placed)
  engine.epoch(rows(["a", 1, 9], ["b", 1, 8], ["c", 1, 7], ["d", 1, 6]))
  assert.deepEqual(engine.epoch(rows(["d", 2, -1])).changes["first_two"] ?? [], [], "d was in no place")
  assert.deepEqual(engine.epoch(rows(["c", 2, 5])).changes["first_two"] ?? [], [], "nor is c, then as now")
  engine.epoch(rows(["b", 2, -1]))
  assert.deepEqual(engine.rows("placed").toSorted(), [
    ["a", 9, 1n],
    ["c", 5, 2n],
  ])
  engine.epoch(rows(["c", 3, -1]))
  assert.deepEqual(engine.rows("first_two"), [["a", 9]])
  assert.deepEqual(engine.rows("placed"), [["a", 9, 1n]])
})

// FLINK-23142 (flink#16284).
test("54: who reads changes one by one never sees two rows in one place", async () => {
  const engine = await over(latest, present, placed)
  const byPlace = new Map<Scalar, string>()
  const byKey = new Map<Scalar, string>()
  const random = new SeededRandom(1)
  for (let at = 1; at < 60; at++) {
    const list = ["a", "b", "c", "d"].map((key): [string, number, number] => [key, at, random.below(9) - 1])
    const changes = engine.epoch(rows(...list)).changes["placed"] ?? []
    for (const [weight, key, n, place] of changes) {
      const text = `${key} ${n} ${place}`
      for (const [held, by] of [[byPlace, place] as const, [byKey, key] as const]) {
        if (weight === 1) assert.ok(!held.has(by!), `${text} comes while ${held.get(by!)} is there`)
        else assert.equal(held.get(by!), text)
        if (weight === 1) held.set(by!, text)
        else held.delete(by!)
      }
    }
    const shown = engine.rows("placed").map((found) => found.join(" "))
    assert.deepEqual([...byPlace.values()].toSorted(), shown.toSorted())
  }
})

// FLINK-27418 (flink#19778).
test("55: a row that left the first places and then goes is gone when places come free again", async () => {
  const engine = await over(latest, present, firstTwo)
  engine.epoch(rows(["a", 1, 1], ["b", 1, 2]))
  engine.epoch(rows(["c", 1, 3]))
  assert.deepEqual(engine.rows("first_two").toSorted(), [
    ["b", 2],
    ["c", 3],
  ])
  engine.epoch(rows(["a", 2, -1]))
  engine.restart()
  engine.epoch(rows(["b", 2, -1]))
  assert.deepEqual(engine.rows("first_two"), [["c", 3]], "a does not come back")
  engine.epoch(rows(["c", 2, -1]))
  assert.deepEqual(engine.rows("first_two"), [])
})

// FLINK-28019 (flink#19942).
test("56: what comes when a window's places are gone is late, and takes nothing back", async () => {
  const perKey = view("per_key", {
    sql: `SELECT window_end, key, count(*) AS n FROM tumble(reading, at, INTERVAL '10 seconds')
          GROUP BY window_end, key`,
  })
  const best = view("best", {
    sql: `SELECT window_end, key, n FROM (
            SELECT window_end, key, n,
              row_number() OVER (PARTITION BY window_end ORDER BY n DESC, key) AS place
            FROM per_key) AS t
          WHERE place <= 1`,
  })
  const engine = await over(perKey, best)
  engine.epoch(rows(["a", 1, 1], ["b", 2, 1], ["b", 3, 1]), 9n * SECOND)
  assert.deepEqual(engine.rows("best"), [[10n * SECOND, "b", 2n]])
  engine.epoch({}, 10n * SECOND)
  const late = engine.epoch(rows(["a", 4, 1], ["a", 5, 1], ["a", 6, 1], ["a", 11, 1]))
  const expected = ["late", "late", "late", "applied"]
  assert.deepEqual(late.verdicts, { per_key: expected, best: expected })
  assert.deepEqual(late.changes, {
    per_key: [[1, 20n * SECOND, "a", 1n]],
    best: [[1, 20n * SECOND, "a", 1n]],
  })
  assert.deepEqual(engine.losses("best").lateChanges, 0)
})

// risingwave#11602, #8570, and its limit_topn_tie_breaker.slt.
test("57: ties are broken the same way in whatever order rows came, also after some went", async () => {
  const ties = unbounded("ties", "SELECT key, n FROM present ORDER BY n LIMIT 3")
  const ranks = unbounded(
    "ranks",
    "SELECT key, row_number() OVER (ORDER BY n) AS place, rank() OVER (ORDER BY n) AS tied FROM present",
  )
  const random = new SeededRandom(7)
  const answers = new Set<string>()
  for (let run = 0; run < 8; run++) {
    const engine = await over(latest, present, ties, ranks)
    const keys = ["a", "b", "c", "d", "e", "f"].map((key) => ({ key, order: random.below(1_000) }))
    for (const { key } of keys.toSorted((a, b) => a.order - b.order)) {
      engine.epoch(rows([key, 1, 5]))
      if (run % 2 === 1) engine.restart()
    }
    // The first ones go, in one epoch or one by one, and others must move up from behind the cache.
    const gone = [rows(["b", 2, -1]), rows(["a", 2, -1])]
    if (run % 3 === 0) engine.epoch(rows(["a", 2, -1], ["b", 2, -1]))
    else for (const epoch of gone) engine.epoch(epoch)
    const sorted = [engine.rows("ties").toSorted(), engine.rows("ranks").map(String).toSorted()]
    answers.add(JSON.stringify(sorted))
  }
  assert.deepEqual(
    [...answers].map((text) => JSON.parse(text)),
    [
      [
        [
          ["c", 5],
          ["d", 5],
          ["e", 5],
        ],
        ["c,1,1", "d,2,1", "e,3,1", "f,4,1"],
      ],
    ],
  )
})

// FLINK-26819.
test("58: OFFSET counts rows that are there, of input that only comes too", async () => {
  const second = unbounded("second", "SELECT id, n FROM reading ORDER BY n DESC, id LIMIT 2 OFFSET 1")
  const paged = unbounded(
    "paged",
    `SELECT key, n FROM (SELECT key, n, row_number() OVER (PARTITION BY key ORDER BY n DESC, id) AS place
       FROM reading) AS t WHERE place BETWEEN 2 AND 3`,
  )
  const engine = await over(second, paged)
  const random = new SeededRandom(3)
  const all: number[] = []
  for (let at = 1; at <= 40; at++) {
    const n = random.below(1_000)
    all.push(n)
    engine.epoch({ reading: [row({ id: `r${at}`, at, n })] })
    if (at % 9 === 0) engine.restart()
    const expected = all.toSorted((a, b) => b - a).slice(1, 3)
    const found = (name: string) => engine.rows(name).map(([, value]) => value as number)
    assert.deepEqual(
      found("second").toSorted((a, b) => b - a),
      expected,
    )
    assert.deepEqual(
      found("paged").toSorted((a, b) => b - a),
      expected,
    )
  }
})
