/**
 * Watermarks, idleness and late rows, numbers 1 to 14 and 23 to 26 of docs/regressions.md: ways in which
 * other stream processors were wrong, each with data of its own. Numbers with # are those of public trackers.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { z } from "zod"
import type { Batch } from "../../src/columns/batch.ts"
import { TIMESTAMP } from "../../src/columns/types.ts"
import { event } from "../../src/contracts/event.ts"
import { timestamp } from "../../src/contracts/field-types.ts"
import { NO_WATERMARK } from "../../src/engine/dataflow.ts"
import { bindProject } from "../../src/plan/bind-project.ts"
import { view } from "../../src/plan/view.ts"
import { SourceTime } from "../../src/runners/embedded/watermarks.ts"
import { partitionOf } from "../../src/wire/kafka/partitioner.ts"
import { batchOf } from "../kit/batch-of.ts"
import { reading, rows, SECOND } from "../kit/readings.ts"
import { SimMachine } from "../kit/sim-machine.ts"
import { SqlEngine } from "../kit/sql-engine.ts"

const PARTITIONS = 4
const IDLE_MS = 2_000
/** Long before the simulated clock, so that append time caps nothing. */
const BASE_MS = Date.UTC(2023, 0, 1)

const ping = event("ping", {
  schema: z.object({ id: z.string(), at: timestamp(), key: z.string() }),
  id: "id",
  time: "at",
  key: "key",
  partitions: PARTITIONS,
  outOfOrderness: "1 second",
  idle: "2 seconds",
})
const closed = view("closed", {
  sql: `SELECT window_end, count(*) AS n FROM tumble(ping, at, INTERVAL '10 seconds') GROUP BY window_end`,
  emit: "final",
})
/** A key in each partition. */
const KEYS = Array.from({ length: PARTITIONS }, (_, partition) => {
  for (let k = 0; ; k++) {
    const bytes = new TextEncoder().encode(`k${k}`)
    if (partitionOf(bytes, 0, bytes.length, PARTITIONS) === partition) return `k${k}`
  }
})

let sent = 0
const at = (partition: number, second: number) => {
  const key = KEYS[partition]!
  return { id: `${sent++}`, at: new Date(BASE_MS + second * 1_000).toISOString(), key }
}
const machineOf = () => SimMachine.of({ events: [ping], views: [closed] })
/** Seconds since BASE_MS. */
const watermarkOf = (machine: SimMachine) => {
  const { watermarkUs } = machine.event("ping")
  return watermarkUs === null ? null : Number(watermarkUs) / 1e6 - BASE_MS / 1e3
}

const SETTINGS = { partitions: 2, outOfOrdernessMs: 0, idleMs: 1_000, idleAdvance: false }
const FAR = 10_000_000
const times = (...seconds: number[]): Batch =>
  batchOf(
    [{ name: "at", type: TIMESTAMP, nullable: false }],
    seconds.map((second) => [BigInt(second) * SECOND]),
  )

// FLINK-8001 (flink#4967).
test("1: partitions that nothing came into do not take the watermark to the end of time", async () => {
  const machine = await machineOf()
  await machine.start()
  await machine.pass(10 * IDLE_MS)
  assert.equal(watermarkOf(machine), null, "all are idle, nothing is known of event time")
  await machine.post("ping", [at(1, 30)])
  await machine.pass(10 * IDLE_MS)
  assert.equal(watermarkOf(machine), 29)
  await machine.post("ping", [at(2, 35), at(3, 41)])
  assert.deepEqual(machine.view("closed").verdicts.late, 0)
})

// FLINK-20947 (flink#14679).
test("2: a partition that had rows and falls silent lets the watermark go after its idle time", async () => {
  const machine = await machineOf()
  await machine.start()
  await machine.post("ping", [at(0, 5), at(1, 60)])
  await machine.pass(IDLE_MS / 2)
  await machine.post("ping", [at(1, 61)])
  assert.equal(watermarkOf(machine), null, "partitions 2 and 3 may still bring older rows")
  await machine.pass(IDLE_MS / 2 + 300)
  assert.equal(watermarkOf(machine), 60)
  assert.equal(machine.rows("closed").length, 1, "no row was needed to close the window")
})

// FLINK-40094 (flink-connector-kafka#283).
test("3: a partition that is not there any more is not waited for", () => {
  const before = new SourceTime({ ...SETTINGS, partitions: 3 }, 0)
  for (const partition of [0, 1, 2]) before.observe(partition, times(100 - partition), 0, FAR, 0)
  before.advance(0)
  const after = new SourceTime(SETTINGS, 0)
  after.restore(before.save())
  for (const partition of [0, 1]) after.observe(partition, times(200), 0, FAR, 10)
  assert.equal(after.advance(10), 200n * SECOND)
})

// FLINK-39586 (flink#29049).
test("4: when history was read, partitions without rows stop to cap the watermark", async () => {
  const machine = await machineOf()
  await machine.start()
  const history = Array.from({ length: 50 }, (_, k) => at(k % 2, k))
  await machine.post("ping", history)
  machine.kill()
  await machine.start()
  await machine.pass(IDLE_MS + 300)
  assert.equal(watermarkOf(machine), 47)
  await machine.post("ping", [at(0, 70), at(1, 71)])
  await machine.pass(IDLE_MS / 2)
  assert.equal(watermarkOf(machine), 69, "partitions 2 and 3 stay idle")
})

// FLINK-5479 (flink#5634).
test("5: a partition whose rows wait to be read is not idle, however long they wait", () => {
  const time = new SourceTime(SETTINGS, 0)
  for (let nowMs = 0; nowMs < 60_000; nowMs += 500) {
    time.observe(0, times(100 + nowMs), 0, FAR, nowMs)
    time.markBusy(1, nowMs)
    assert.equal(time.advance(nowMs), NO_WATERMARK)
  }
  time.observe(1, times(3), 0, FAR, 60_000)
  assert.equal(time.advance(60_000), 3n * SECOND, "its first row is no late row")
})

// beam#40176.
test("6: a partition that is read up, but not from its begin, does not hold for ever", async () => {
  const machine = await machineOf()
  await machine.start()
  await machine.post("ping", [at(0, 5), at(1, 6), at(2, 7), at(3, 8)])
  await machine.stop()
  await machine.start()
  await machine.pass(500)
  await machine.post("ping", [at(0, 50), at(1, 51), at(2, 52)])
  assert.equal(watermarkOf(machine), 7, "partition 3 is where the checkpoint has it")
  await machine.pass(IDLE_MS + 300)
  assert.equal(watermarkOf(machine), 49)
  await machine.post("ping", [at(0, 80), at(1, 81), at(2, 82)])
  assert.equal(watermarkOf(machine), 79)
})

// arroyo#222.
test("7: more partitions than there are keys do not stop progress", async () => {
  const machine = await machineOf()
  await machine.start()
  for (let second = 0; second < 40; second += 3) {
    await machine.post("ping", [at(3, second)])
    await machine.pass(500)
  }
  assert.equal(machine.rows("closed").length, 3)
})

const HOPS = view("hops", {
  sql: `SELECT window_end, key, count(*) AS n
        FROM hop(reading, at, INTERVAL '2 seconds', INTERVAL '6 seconds') GROUP BY window_end, key`,
  emit: "final",
  allowedLateness: "2 seconds",
})

// FLINK-36663 (flink#26766), FLINK-24501 (flink#17509), volga#169.
for (const [name, what] of [
  ["8", "sliding windows put out nothing twice"],
  ["9", "late rows are counted the same"],
  ["10", "rows in time are not called late"],
] as const) {
  test(`${name}: after a restore ${what} as without it`, async () => {
    const steady = await SqlEngine.of([reading], [HOPS])
    const restarted = await SqlEngine.of([reading], [HOPS])
    const seen: string[] = []
    for (let epoch = 0; epoch < 40; epoch++) {
      const time = (back: number) => Math.max(0, epoch - back)
      const list = rows(["a", time(0), 1], ["b", time(epoch % 9), 1], ["c", time(1 + (epoch % 14)), 1])
      const watermark = BigInt(Math.max(0, epoch - 3)) * SECOND
      const expected = steady.epoch(list, watermark)
      assert.deepEqual(restarted.epoch(list, watermark), expected, `epoch ${epoch}`)
      seen.push(...expected.verdicts["hops"]!)
      restarted.restart()
    }
    const counts = { late: seen.filter((verdict) => verdict === "late").length, rows: seen.length }
    assert.ok(counts.late > 3 && counts.late < 20, JSON.stringify(counts))
    assert.deepEqual(restarted.rows("hops"), steady.rows("hops"))
  })
}

// risingwave#25547, #9730.
test("11: a restored watermark is the same one, before 1970 and over descending orders too", async () => {
  for (const second of [-100, -1, 0, 1, 4_000_000_000]) {
    const time = new SourceTime({ ...SETTINGS, partitions: 1 }, 0)
    time.observe(0, times(second), 0, 1e15, 0)
    time.advance(0)
    const restored = new SourceTime({ ...SETTINGS, partitions: 1 }, 0)
    restored.restore(JSON.parse(JSON.stringify(time.save())))
    assert.deepEqual([restored.watermarkUs, restored.advance(0)], Array(2).fill(BigInt(second) * SECOND))
  }
  const newest = view("newest", {
    sql: `SELECT window_end, key, n FROM (
            SELECT window_end, key, n, row_number() OVER (PARTITION BY window_end ORDER BY key DESC) AS place
            FROM tumble(reading, at, INTERVAL '10 seconds')) AS t
          WHERE place <= 1`,
    emit: "final",
  })
  const engine = await SqlEngine.of([reading], [newest])
  engine.epoch(rows(["a", 1, 1], ["b", 11, 1]), 10n * SECOND)
  engine.restart()
  const shown = engine.epoch(rows(["z", 9, 9], ["c", 12, 2]), 20n * SECOND)
  assert.deepEqual(shown.verdicts, { newest: ["late", "applied"] })
  assert.deepEqual(shown.changes, { newest: [[1, 20n * SECOND, "c", 2]] })
})

// risingwave#8440.
test("12: a start from a checkpoint goes well where some partitions have no watermark", async () => {
  const machine = await machineOf()
  await machine.start()
  await machine.post("ping", [at(2, 5)])
  await machine.stop()
  await machine.start()
  assert.deepEqual(machine.reports, [])
  await machine.post("ping", [at(2, 31)])
  await machine.pass(IDLE_MS - 600)
  await machine.post("ping", [at(2, 32)])
  await machine.pass(1_000)
  assert.deepEqual(machine.rows("closed").length, 1)
  assert.equal(watermarkOf(machine), 31)
})

// risingwave#9950.
test("13: a time that LEAD found is no event time, and windows over it are refused", async () => {
  const moved = view("moved", {
    sql: "SELECT key, lead(at) OVER (PARTITION BY key ORDER BY at) AS next_at FROM reading",
    state: "unbounded",
  })
  const windows = view("windows", {
    sql: `SELECT window_end, count(*) AS n FROM tumble(moved, next_at, INTERVAL '10 seconds')
          GROUP BY window_end`,
  })
  const { problems } = await bindProject({ events: [reading], views: [moved, windows] })
  assert.deepEqual(
    problems.map(({ code }) => code),
    ["window-time"],
  )
})

// FLINK-33524 (flink#23699).
test("14: a row at the watermark is in time, one tick before it is late, for every operator", async () => {
  const perWindow = view("per_window", {
    sql: `SELECT window_end, count(*) AS n FROM tumble(reading, at, INTERVAL '1 second') GROUP BY window_end`,
  })
  const pairs = view("pairs", {
    sql: `SELECT a.id AS a, b.id AS b FROM reading AS a JOIN reading AS b
          ON a.key = b.key AND b.at BETWEEN a.at AND a.at`,
  })
  const engine = await SqlEngine.of([reading], [perWindow, pairs])
  engine.epoch({}, 10n * SECOND)
  const atIt = rows(["a", 10, 1]).reading[0]!
  const before = atIt.map((cell) => (cell === 10n * SECOND ? 10n * SECOND - 1n : cell))
  const { verdicts } = engine.epoch({ reading: [atIt, before] }, 10n * SECOND)
  assert.deepEqual(verdicts, { per_window: ["applied", "late"], pairs: ["applied", "late"] })
})

// ksql#4579.
test("23: a late row is ruled late and counted, however late it is, and changes nothing", async () => {
  const machine = await machineOf()
  await machine.start()
  await machine.post(
    "ping",
    [0, 1, 2, 3].map((partition) => at(partition, 100_000)),
  )
  await machine.post("ping", [at(0, 5), at(0, 99_000), at(0, 100_001)])
  const { verdicts, imbalance } = machine.view("closed")
  assert.deepEqual([verdicts.late, verdicts.applied, imbalance], [2, 5, 0])
  await machine.stop()
  await machine.start()
  assert.equal(machine.view("closed").verdicts.late, 2)
  const { verdicts: again } = machine.view("closed")
  assert.deepEqual(again, verdicts)
})

const tumbling = (emit: "changes" | "final", allowedLateness: string) =>
  view("per_window", {
    sql: `SELECT window_end, sum(n) AS n FROM tumble(reading, at, INTERVAL '10 seconds') GROUP BY window_end`,
    emit,
    allowedLateness,
  })

// feldera#3164.
test("24: a final row is taken back for the right one while lateness is allowed, not after", async () => {
  const engine = await SqlEngine.of([reading], [tumbling("final", "5 seconds")])
  const end = 10n * SECOND
  assert.deepEqual(engine.epoch(rows(["a", 1, 1]), 9n * SECOND).changes, {}, "not before it closes")
  assert.deepEqual(engine.epoch({}, end).changes, { per_window: [[1, end, 1n]] })
  assert.deepEqual(engine.epoch(rows(["a", 2, 2]), 14n * SECOND).changes, {
    per_window: [
      [-1, end, 1n],
      [1, end, 3n],
    ],
  })
  assert.deepEqual(engine.epoch(rows(["a", 3, 4]), 15n * SECOND).verdicts, { per_window: ["applied"] })
  const over = engine.epoch(rows(["a", 4, 8]))
  assert.deepEqual([over.verdicts, over.changes], [{ per_window: ["late"] }, {}])
  assert.deepEqual(engine.rows("per_window"), [[end, 7n]])
})

// feldera#1675.
test("25: rows within the bounds are never late, whatever the epochs; cuts are the same again", async () => {
  const seconds = [12, 4, 9, 15, 7, 22, 14, 17, 31, 24, 29]
  const answers = new Set<string>()
  for (const size of [1, 2, 3, 5, 11]) {
    const engine = await SqlEngine.of([reading], [tumbling("final", "0 s")])
    let highest = 0
    for (let from = 0; from < seconds.length; from += size) {
      const list = seconds.slice(from, from + size)
      highest = Math.max(highest, ...list)
      const { verdicts } = engine.epoch(
        rows(...list.map((each) => ["a", each, 1] as const)),
        BigInt(highest - 8) * SECOND,
      )
      assert.ok(verdicts["per_window"]!.every((verdict) => verdict === "applied"))
    }
    engine.epoch({}, 1_000n * SECOND)
    answers.add(engine.rows("per_window").map(String).toSorted().join(" "))
  }
  assert.equal(answers.size, 1, [...answers].join("\n"))

  // Beyond the bounds the cut decides, once: a start without a checkpoint runs the journaled cuts again.
  const machine = await machineOf()
  await machine.start()
  for (let k = 0; k < 12; k++) {
    await machine.post(
      "ping",
      [0, 1, 2, 3].map((partition) => at(partition, k * 7)),
    )
    await machine.post("ping", [at(k % 4, Math.max(0, k * 7 - 15)), at((k + 1) % 4, k * 5)])
  }
  const before = machine.view("closed")
  assert.ok(before.verdicts.late > 0)
  machine.kill()
  await machine.start()
  assert.deepEqual(machine.view("closed").verdicts, before.verdicts)
})

// RisingWave's gap_fill tests say what others ask for; here it is not asked for.
test("26: windows without rows have no row, and a global count has one of 0", async () => {
  const total = view("total", { sql: "SELECT count(*) AS n, sum(n) AS sum FROM reading" })
  const engine = await SqlEngine.of([reading], [tumbling("changes", "0 s"), total])
  engine.epoch({}, 0n)
  assert.deepEqual([engine.rows("per_window"), engine.rows("total")], [[], [[0n, null]]])
  engine.epoch(rows(["a", 1, 1], ["a", 55, 2]), 1_000n * SECOND)
  assert.deepEqual(engine.rows("per_window"), [
    [10n * SECOND, 1n],
    [60n * SECOND, 2n],
  ])
})
