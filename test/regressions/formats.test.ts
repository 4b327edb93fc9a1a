/**
 * What comes in and goes out, numbers 68 to 70 of docs/regressions.md: ways in which other stream processors
 * were wrong, each with data of its own. Numbers with # are those of public trackers.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { z } from "zod"
import { event } from "../../src/contracts/event.ts"
import { int32, timestamp } from "../../src/contracts/field-types.ts"
import { view } from "../../src/plan/view.ts"
import { keyed } from "../../src/testing/plain-records.ts"
import { reading, row, rows, SECOND } from "../kit/readings.ts"
import { SimMachine } from "../kit/sim-machine.ts"
import { SqlEngine } from "../kit/sql-engine.ts"

const click = event("click", {
  schema: z.object({ id: z.string(), at: timestamp(), page: z.string().nullable(), n: int32() }),
  id: "id",
  time: "at",
  key: "page",
  partitions: 3,
})
const perPage = view("per_page", {
  sql: "SELECT page, count(*) AS n, sum(n) AS total FROM click GROUP BY page",
  state: "unbounded",
})

const text = (id: string, page: string | null, n = 1) =>
  JSON.stringify({ id, at: "2023-01-01T00:00:00Z", page, n })

// FLINK-18700, FLINK-20321, FLINK-11820.
test("68: a row that is null is told and left out, and a tombstone in the log is passed over", async () => {
  const machine = await SimMachine.of({ events: [click], views: [perPage] })
  await machine.start()
  const answer = await machine.postText(
    "click",
    ["null", text("a", "home"), "", "{}", text("b", "home")].join("\n"),
  )
  assert.deepEqual([answer.accepted, answer.rejectedCount, answer.received], [2, 2, 4])
  assert.deepEqual(
    answer.rejected.map(({ index, code }) => [index, code]),
    [
      [0, "not-an-object"],
      [2, "missing-field"],
    ],
  )
  const { partitions } = machine.event("click")
  const partition = partitions.findIndex(({ durableEnd }) => durableEnd > 0)
  machine.kill()
  await machine.start(async (log) => {
    await log.append({ topic: "click", partition, records: keyed({ key: "home", value: null }) })
  })
  await machine.post("click", [JSON.parse(text("c", "home"))])
  assert.deepEqual(machine.rows("per_page"), ["home 3 3"])
  const { verdicts, imbalance, pendingEvents } = machine.view("per_page")
  assert.deepEqual([verdicts.applied, verdicts.failed, pendingEvents], [3, 0, 0])
  // No door appends a tombstone to an event's topic. The books go by offsets, and show that one is there.
  assert.equal(imbalance, 1)
  machine.kill()
  await machine.start()
  await machine.pass(0)
  assert.deepEqual(machine.rows("per_page"), ["home 3 3"])
})

// FLINK-8544.
test("69: rows whose key is NULL are taken, are one group, and come back after a restart", async () => {
  const machine = await SimMachine.of({ events: [click], views: [perPage] })
  await machine.start()
  const pages = [null, "home", null, "", null]
  await machine.postText("click", pages.map((page, k) => text(`r${k}`, page, k)).join("\n"))
  const expected = [" 1 3", "home 1 1", "null 3 6"]
  assert.deepEqual(machine.rows("per_page"), expected)
  await machine.stop()
  await machine.start()
  assert.deepEqual(machine.rows("per_page"), expected)
  await machine.postText("click", text("r9", null, 4))
  assert.deepEqual(machine.rows("per_page"), [" 1 3", "home 1 1", "null 4 10"])
})

// ksql#2978.
test("70: the first row of a window is out with its values, as every later one", async () => {
  for (const emit of ["changes", "final"] as const) {
    const engine = await SqlEngine.of(
      [reading],
      [
        view("per_window", {
          sql: `SELECT window_start, window_end, key, count(*) AS n, sum(n) AS total, max(x) AS high
              FROM tumble(reading, at, INTERVAL '10 seconds') GROUP BY window_start, window_end, key`,
          emit,
        }),
      ],
    )
    const first = engine.epoch({ reading: [row({ at: 3, key: "a", n: 4, x: 0.5 })] }, 10n * SECOND)
    assert.deepEqual(first.changes, { per_window: [[1, 0n, 10n * SECOND, "a", 1n, 4n, 0.5]] }, emit)
    engine.restart()
    const second = engine.epoch(rows(["a", 12, 5], ["b", 13, null]), 20n * SECOND)
    assert.deepEqual(
      second.changes["per_window"]!.map(String).toSorted(),
      ["1,10000000,20000000,a,1,5,", "1,10000000,20000000,b,1,,"],
      emit,
    )
  }
})
