/**
 * State that has more than its memory: a count per key and its view, any key next, so that nearly every row
 * needs a page that may be out. Beside the same engine with memory for everything. And what the process
 * takes.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { INT64 } from "../src/columns/types.ts"
import { allocateVector } from "../src/columns/vector.ts"
import { createEngine, type EngineOptions } from "../src/engine/create-engine.ts"
import type { Engine } from "../src/engine/dataflow.ts"
import { column } from "../src/engine/kit/batches.ts"
import { aggregate, col } from "../src/engine/kit/expressions.ts"
import { groupBy, source, view } from "../src/engine/kit/harness.ts"
import { DiskSpill } from "../src/runners/embedded/disk-spill.ts"
import { NodeDisk } from "../src/std/node/disk.ts"
import { SeededRandom } from "../src/std/random.ts"
import type { Bench, Figure } from "./figure.ts"

const EVENT = [column("key", INT64, false)]
/** At scale 1: some 500 MiB of state. */
const KEYS = 5_000_000
const BATCH_ROWS = 32_768
const BATCHES = 10
const SMALL_PART = 1 / 8

export const bench: Bench = {
  name: "spill",
  about:
    "A count per key and its view with 5 M keys at random, in half of the memory that they need and in an " +
    "eighth: rows per second of the thread's time, against memory for all of them.",
  async run(report, { scale }) {
    const directory = mkdtempSync(join(process.env["MILLRACE_BENCH_DIRECTORY"] ?? tmpdir(), "spill-"))
    try {
      measure(report, directory, Math.round(KEYS * scale))
    } finally {
      rmSync(directory, { recursive: true })
    }
  },
}

function measure(report: (figure: Figure) => void, directory: string, keys: number): void {
  // The small one first: memory that a process had once is no measure of what it needs.
  const stateBytes = filled({}, keys / 16).stateBytes() * 16
  const before = process.memoryUsage.rss()
  const speeds = [SMALL_PART, 1 / 2].map((part) => {
    using spill = new DiskSpill(new NodeDisk(), directory)
    const engine = filled({ maxStateBytes: Math.round(stateBytes * part), spill }, keys)
    if (part === SMALL_PART) reportMemory(report, engine, before, stateBytes * part)
    const { faults } = engine.spill()
    const speed = speedOf(engine, keys)
    return { speed, faults: (engine.spill().faults - faults) / (BATCHES * BATCH_ROWS) }
  })
  const baseline = speedOf(filled({}, keys), keys)
  for (const [k, memory] of ["an eighth", "half"].entries()) {
    const { speed, faults } = speeds[k]!
    report({ metric: `${memory} in memory`, value: speed, unit: "k rows/s", baseline })
    report({ metric: `${memory} in memory: pages a row`, value: faults, unit: "", baseline: null })
  }
}

function reportMemory(report: (figure: Figure) => void, engine: Engine, before: number, limit: number): void {
  const mebibytes = (metric: string, bytes: number) =>
    report({ metric, value: bytes / 2 ** 20, unit: "MiB", baseline: null })
  mebibytes("state", engine.stateBytes())
  mebibytes("an eighth of it", limit)
  mebibytes("the process grew by", process.memoryUsage.rss() - before)
}

function filled(options: EngineOptions, keys: number): Engine {
  const groups = groupBy("events", { keys: [col(EVENT, "key")], aggregates: [aggregate("count", null)] })
  const engine = createEngine([source(EVENT), groups, view("counts", "groups", groups.columns, [0])], options)
  for (let from = 0; from < keys; from += BATCH_ROWS) runRows(engine, (row) => from + row)
  return engine
}

/** Thousands of rows per second of this thread's time: other load on the machine does not count. */
function speedOf(engine: Engine, keys: number): number {
  const random = new SeededRandom(3)
  const start = process.threadCpuUsage()
  for (let batch = 0; batch < BATCHES; batch++) runRows(engine, () => random.below(keys))
  const { user, system } = process.threadCpuUsage(start)
  return (BATCHES * BATCH_ROWS) / ((user + system) / 1e3)
}

function runRows(engine: Engine, keyOf: (row: number) => number): void {
  const vector = allocateVector(INT64, BATCH_ROWS)
  for (let row = 0; row < BATCH_ROWS; row++) vector.values[row] = BigInt(keyOf(row))
  const batch = { length: BATCH_ROWS, vectors: [vector] }
  const slice = { source: "events", partition: 0, baseOffset: 0, batch, skip: null }
  engine.runEpoch({ epoch: engine.epoch + 1, slices: [slice], watermarksUs: new Map() })
}
