/**
 * Loops over decoded columns: filter and project, and aggregates per key and window, through the engine's own
 * generated functions; beside the same work done with a Map and an object per row.
 */

import type { Batch } from "../src/columns/batch.ts"
import { type Column, FLOAT64, INT64, TIMESTAMP } from "../src/columns/types.ts"
import { allocateVector, type Vector } from "../src/columns/vector.ts"
import { createEngine } from "../src/engine/create-engine.ts"
import type { AggregateSpec, Engine, OperatorSpec, SourceSlice } from "../src/engine/dataflow.ts"
import { aggregate, call, col, columnsOf, compare, lit } from "../src/engine/kit/expressions.ts"
import { SeededRandom } from "../src/std/random.ts"
import type { Bench } from "./figure.ts"

const EVENT: readonly Column[] = [
  { name: "user", type: INT64, nullable: true },
  { name: "amount", type: INT64, nullable: true },
  { name: "price", type: FLOAT64, nullable: true },
  { name: "time", type: TIMESTAMP, nullable: false },
]
const KEYS = 10_000
const BATCH_ROWS = 16_384
const BATCHES_PER_EPOCH = 16
const WINDOW_US = 10_000_000n

export const bench: Bench = {
  name: "loops",
  about:
    "Rows per second of one core through filter + project and through a 10 s windowed count, sum, max per " +
    "key (10,000 random keys, nullable columns, guards on), against a Map with an object per row.",
  async run(report, { scale }) {
    const epochs = Math.max(8, Math.round(24 * scale))
    const random = new SeededRandom(7)
    const input = Array.from({ length: epochs }, (_, epoch) => randomEpoch(random, epoch))
    report({
      metric: "filter and project",
      value: speed(input, runner(filterAndProject())),
      unit: "M rows/s",
      baseline: speed(input, naiveFilter),
    })
    for (const emit of ["final", "changes"] as const) {
      report({
        metric: `10 s windowed count, sum, max per key, emit ${emit}`,
        value: speed(input, runner(windowed(emit))),
        unit: "M rows/s",
        baseline: speed(input, naiveWindows()),
      })
    }
  },
}

type RunEpoch = (slices: readonly SourceSlice[], epoch: number) => unknown

/** Million rows per second of the median epoch, once the compiler is warm. */
function speed(epochs: readonly SourceSlice[][], run: RunEpoch): number {
  const times = epochs.map((slices, epoch) => {
    const start = process.hrtime.bigint()
    run(slices, epoch)
    return Number(process.hrtime.bigint() - start) / 1e3
  })
  const warm = times.slice(times.length >> 1).sort((a, b) => a - b)
  return (BATCHES_PER_EPOCH * BATCH_ROWS) / warm[warm.length >> 1]!
}

function runner(engine: Engine): RunEpoch {
  return (slices, epoch) => {
    const watermark = BigInt(epoch) * WINDOW_US - WINDOW_US
    engine.runEpoch({ epoch: epoch + 1, slices, watermarksUs: new Map([["events", watermark]]) })
  }
}

function filterAndProject(): Engine {
  const outputs = [
    col(EVENT, "user"),
    call("add", INT64, col(EVENT, "amount"), lit(1n, INT64)),
    call("multiply", FLOAT64, col(EVENT, "price"), lit(0.908, FLOAT64)),
  ]
  const columns = columnsOf(outputs, ["user", "amount", "euro"])
  // One row in a thousand comes through: the loop is measured, not the view behind it.
  const filter = compare("lt", col(EVENT, "amount"), lit(1n, INT64))
  return createEngine([
    { kind: "source", id: "events", columns: EVENT },
    { kind: "stage", id: "stage", input: "events", filter, window: null, outputs, columns },
    { kind: "view", id: "view", input: "stage", name: "cheap", columns, key: null },
  ])
}

function windowed(emit: "changes" | "final"): Engine {
  const windowEnd = {
    kind: "column",
    index: 5,
    name: "window_end",
    type: TIMESTAMP,
    nullable: false,
  } as const
  const keys = [windowEnd, col(EVENT, "user")]
  const amount = col(EVENT, "amount")
  const aggregates = [aggregate("count", null), aggregate("sum", amount), aggregate("max", amount)]
  const columns = [
    ...columnsOf(keys, ["window_end", "user"]),
    ...aggregates.map(({ name, type, nullable }) => ({ name, type, nullable })),
  ]
  const groups: AggregateSpec = {
    kind: "aggregate",
    id: "groups",
    input: "events",
    filter: null,
    window: { kind: "tumble", time: col(EVENT, "time"), sizeUs: WINDOW_US, slideUs: WINDOW_US },
    keys,
    aggregates,
    windowKeys: { start: null, end: 0 },
    windowSizeUs: null,
    emit,
    allowedLatenessUs: 0n,
    columns,
  }
  const specs: OperatorSpec[] = [
    { kind: "source", id: "events", columns: EVENT },
    groups,
    { kind: "view", id: "view", input: "groups", name: "totals", columns, key: [0, 1] },
  ]
  return createEngine(specs)
}

/** One epoch is one window of time, rows out of order within it. */
function randomEpoch(random: SeededRandom, epoch: number): SourceSlice[] {
  return Array.from({ length: BATCHES_PER_EPOCH }, (_, k) => ({
    source: "events",
    partition: 0,
    baseOffset: (epoch * BATCHES_PER_EPOCH + k) * BATCH_ROWS,
    batch: randomBatch(random, BigInt(epoch) * WINDOW_US),
    skip: null,
  }))
}

function randomBatch(random: SeededRandom, fromUs: bigint): Batch {
  const vectors = EVENT.map((column) => allocateVector(column.type, BATCH_ROWS))
  const [user, amount, price, time] = vectors.map((vector) => vector.values)
  for (let row = 0; row < BATCH_ROWS; row++) {
    user![row] = BigInt(random.below(KEYS)) * 1_000_003n
    amount![row] = BigInt(random.below(1_000))
    price![row] = random.float() * 100
    time![row] = fromUs + BigInt(random.below(Number(WINDOW_US)))
    for (const vector of vectors.slice(0, 3)) vector.nulls[row] = random.below(50) === 0 ? 1 : 0
  }
  return { length: BATCH_ROWS, vectors }
}

interface EventRow {
  readonly user: bigint | null
  readonly amount: bigint | null
  readonly price: number | null
  readonly time: bigint
}

function* rowObjects(slices: readonly SourceSlice[]): Generator<EventRow[]> {
  for (const { batch } of slices) {
    const [user, amount, price, time] = batch.vectors
    const read = (vector: Vector, row: number) => (vector.nulls[row] === 1 ? null : vector.values[row]!)
    yield Array.from({ length: batch.length }, (_, row) => ({
      user: read(user!, row) as bigint | null,
      amount: read(amount!, row) as bigint | null,
      price: read(price!, row) as number | null,
      time: time!.values[row] as bigint,
    }))
  }
}

function naiveFilter(slices: readonly SourceSlice[]): number {
  let kept = 0
  for (const rows of rowObjects(slices)) {
    kept += rows
      .filter((row) => row.amount !== null && row.amount < 1n)
      .map((row) => ({ user: row.user, amount: row.amount! + 1n, euro: (row.price ?? 0) * 0.908 })).length
  }
  return kept
}

/** Groups stay, as they do in a Map that nobody cleans. */
function naiveWindows(): RunEpoch {
  const groups = new Map<string, { count: number; sum: bigint; max: bigint | null }>()
  return (slices) => {
    for (const rows of rowObjects(slices)) {
      for (const { user, amount, time } of rows) {
        const key = `${time - (time % WINDOW_US)}/${user}`
        let group = groups.get(key)
        if (group === undefined) {
          group = { count: 0, sum: 0n, max: null }
          groups.set(key, group)
        }
        group.count++
        if (amount === null) continue
        group.sum += amount
        if (group.max === null || amount > group.max) group.max = amount
      }
    }
  }
}
