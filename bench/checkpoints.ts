/**
 * Checkpoints of a count per key and its view, keys in random order: how long epochs have to wait, what is
 * written when one key in a hundred changed since the one before, and what a restart takes to read it. Beside
 * what a checkpoint writes and costs that has none before it: everything.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { STRING } from "../src/columns/types.ts"
import { allocateVector } from "../src/columns/vector.ts"
import { createEngine } from "../src/engine/create-engine.ts"
import type { Engine, OperatorSpec, SourceSlice } from "../src/engine/dataflow.ts"
import { column } from "../src/engine/kit/batches.ts"
import { aggregate, col } from "../src/engine/kit/expressions.ts"
import { groupBy, source, view } from "../src/engine/kit/harness.ts"
import { type CheckpointManifest, CheckpointStore } from "../src/runners/embedded/checkpoint-store.ts"
import { NodeDisk } from "../src/std/node/disk.ts"
import { SeededRandom } from "../src/std/random.ts"
import type { Bench, Figure } from "./figure.ts"

const EVENT = [column("key", STRING, false)]
/** At scale 1. */
const KEYS = 10_000_000
const BATCH_ROWS = 32_768
const CHANGED_SHARE = 0.01
/** Behind the first one. */
const CHECKPOINTS = 12
/** As the checkpointer's: bytes between two turns of other work. */
const STEP_BYTES = 1 << 20
const MANIFEST: CheckpointManifest = {
  ...{ epoch: 0, history: 1, generation: "bench", journalOffset: 0, logId: "bench" },
  ...{ positions: {}, sources: {}, verdicts: {}, counters: {}, changelogs: {} },
}

export const bench: Bench = {
  name: "checkpoints",
  about:
    "A count per key and its view with 10 M keys in random order: pause, bytes and CPU of the main thread " +
    "for a checkpoint after 1 % of the keys changed, and a restore, against one that writes everything.",
  async run(report, { scale }) {
    const directory = mkdtempSync(join(process.env["MILLRACE_BENCH_DIRECTORY"] ?? tmpdir(), "checkpoints-"))
    try {
      await measure(report, directory, Math.round(KEYS * scale))
    } finally {
      rmSync(directory, { recursive: true })
    }
  },
}

async function measure(report: (figure: Figure) => void, directory: string, keys: number): Promise<void> {
  const engine = createEngine(specs())
  const random = new SeededRandom(3)
  for (let from = 0; from < keys; from += BATCH_ROWS) {
    runRows(engine, Math.min(BATCH_ROWS, keys - from), (row) => from + row)
  }
  const store = new CheckpointStore(new NodeDisk(), directory)
  const first = await checkpoint(engine, store, directory)
  const next: Taken[] = []
  for (let k = 0; k < CHECKPOINTS; k++) {
    for (let left = Math.round(keys * CHANGED_SHARE); left > 0; left -= BATCH_ROWS) {
      runRows(engine, Math.min(BATCH_ROWS, left), () => random.below(keys))
    }
    next.push(await checkpoint(engine, store, directory))
  }
  const median = (pick: (taken: Taken) => number) => {
    return next.map(pick).sort((a, b) => a - b)[next.length >> 1]!
  }
  const most = (pick: (taken: Taken) => number) => Math.max(...next.map(pick))
  const figure = (metric: string, value: number, unit: string, baseline: number | null) =>
    report({ metric, value, unit, baseline })
  figure("state", engine.stateBytes() / 1e6, "MB", null)
  figure(
    "pause, median",
    median(({ pauseMs }) => pauseMs),
    "ms",
    first.pauseMs,
  )
  figure(
    "pause, longest",
    most(({ pauseMs }) => pauseMs),
    "ms",
    null,
  )
  figure("written, median", median(({ writtenBytes }) => writtenBytes) / 1e6, "MB", first.writtenBytes / 1e6)
  figure(
    "written, mean",
    next.reduce((sum, { writtenBytes }) => sum + writtenBytes, 0) / next.length / 1e6,
    "MB",
    null,
  )
  figure(
    "CPU of the main thread, median",
    median(({ cpuMs }) => cpuMs),
    "ms",
    first.cpuMs,
  )
  figure(
    "longest step, median",
    median(({ longestMs }) => longestMs),
    "ms",
    first.longestMs,
  )
  figure("on disk, two checkpoints", most(({ diskBytes }) => diskBytes) / 1e6, "MB", first.diskBytes / 1e6)
  const restore = restoreMs(store)
  figure("restore", restore.wallMs, "ms", null)
  figure("restore, CPU", restore.cpuMs, "ms", null)
}

interface Taken {
  /** CPU time of this thread for which no epoch can run. */
  readonly pauseMs: number
  readonly cpuMs: number
  readonly longestMs: number
  readonly writtenBytes: number
  readonly diskBytes: number
}

async function checkpoint(engine: Engine, store: CheckpointStore, directory: string): Promise<Taken> {
  const before = new Set(readdirSync(directory))
  const start = performance.now()
  const held = engine.checkpoint()
  const pauseMs = performance.now() - start
  const cpuStart = cpuMs()
  let longestMs = 0
  const writer = store.begin(held)
  let stepBytes = 0
  let stepStart = performance.now()
  for (const part of held.parts((page) => writer.isHeld(page))) {
    writer.write(part)
    stepBytes += Math.max(1_024, part.bytes.length)
    if (stepBytes < STEP_BYTES) continue
    stepBytes = 0
    longestMs = Math.max(longestMs, performance.now() - stepStart)
    await writer.flush()
    stepStart = performance.now()
  }
  stepStart = performance.now()
  const finished = writer.finish({ ...MANIFEST, epoch: held.epoch })
  longestMs = Math.max(longestMs, performance.now() - stepStart)
  await finished
  held[Symbol.dispose]()
  const sizes = readdirSync(directory).map((name) => ({ name, bytes: statSync(join(directory, name)).size }))
  const sum = (files: typeof sizes) => files.reduce((all, { bytes }) => all + bytes, 0)
  const writtenBytes = sum(sizes.filter(({ name }) => !before.has(name)))
  return { pauseMs, cpuMs: cpuMs() - cpuStart, longestMs, writtenBytes, diskBytes: sum(sizes) }
}

function restoreMs(store: CheckpointStore): { readonly wallMs: number; readonly cpuMs: number } {
  const { path } = store.list()[0]!
  const start = performance.now()
  const cpuStart = cpuMs()
  store.manifest(path)
  createEngine(specs()).restore(store.parts(path), { readPages: (targets) => store.readPages(path, targets) })
  return { wallMs: performance.now() - start, cpuMs: cpuMs() - cpuStart }
}

function specs(): OperatorSpec[] {
  const groups = groupBy("events", { keys: [col(EVENT, "key")], aggregates: [aggregate("count", null)] })
  return [source(EVENT), groups, view("counts", "groups", groups.columns, [0])]
}

function runRows(engine: Engine, count: number, keyOf: (row: number) => number): void {
  const data = Buffer.alloc(count * 16)
  const vector = allocateVector(STRING, count, data)
  for (let row = 0, at = 0; row < count; row++) {
    vector.values[row] = at
    at += data.write(`user-${keyOf(row)}`, at, "latin1")
    vector.ends[row] = at
  }
  const batch = { length: count, vectors: [vector] }
  const slice: SourceSlice = { source: "events", partition: 0, baseOffset: 0, batch, skip: null }
  engine.runEpoch({ epoch: engine.epoch + 1, slices: [slice], watermarksUs: new Map() })
}

/** Of this thread: other load on the machine does not count. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1e3
}
