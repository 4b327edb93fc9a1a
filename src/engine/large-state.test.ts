import assert from "node:assert/strict"
import { test } from "node:test"
import { INT32, STRING } from "../columns/types.ts"
import { SeededRandom } from "../std/random.ts"
import { createEngine, type EngineOptions } from "./create-engine.ts"
import type { EpochInput, OperatorSpec, ViewSnapshot } from "./dataflow.ts"
import type { CheckpointPart, EngineCheckpoint } from "./engine-checkpoint.ts"
import type { Row } from "./kit/batches.ts"
import { column, rowKey, rowsOf, sliceOf } from "./kit/batches.ts"
import { aggregate, col } from "./kit/expressions.ts"
import { groupBy, source, view } from "./kit/harness.ts"
import { MemorySpill } from "./kit/memory-spill.ts"
import { NaiveEngine } from "./kit/naive-engine.ts"

const EVENT = [column("key", STRING), column("text", STRING), column("value", INT32)]
const EPOCHS = 7

/** Groups by long and short keys, then groups of groups: splits, replaced strings, removed groups. */
function graph(): OperatorSpec[] {
  const groups = groupBy("events", {
    keys: [col(EVENT, "key")],
    aggregates: [
      aggregate("count", null),
      aggregate("max", col(EVENT, "text")),
      aggregate("min", col(EVENT, "text")),
      aggregate("sum", col(EVENT, "value"), true),
    ],
  })
  const again = groupBy("view.first", {
    id: "again",
    keys: [col(groups.columns, "max1")],
    aggregates: [aggregate("count", null), aggregate("max", col(groups.columns, "key"))],
  })
  return [
    source(EVENT),
    groups,
    { ...view("first", "groups", groups.columns, [0]), id: "view.first" },
    again,
    view("second", "again", again.columns, [0]),
  ]
}

function randomRows(random: SeededRandom, count: number): Row[] {
  return Array.from({ length: count }, () => {
    const id = random.below(4_000)
    const long = random.below(2_000) === 0 ? "y".repeat(40_000) : "y".repeat(random.below(80))
    return [id % 17 === 0 ? `${id}`.repeat(20) : `k${id}`, `${long}${random.below(900)}`, random.below(50)]
  })
}

function lines(snapshot: ViewSnapshot): string[] {
  return rowsOf(snapshot.select({ where: [], sort: [], offset: 0, limit: 1e9 }))
    .map(rowKey)
    .sort()
}

test("thousands of groups agree with recomputing them, with snapshots and checkpoints held meanwhile", () => {
  compareLargeState(() => ({}))
})

test("so they do when most of their pages are out of memory", () => {
  compareLargeState(() => {
    return { spill: { openFile: () => new MemorySpill(), keepBytes: 1 << 20, crowdedBytes: 2 << 20 } }
  })
})

function compareLargeState(options: () => EngineOptions): void {
  const random = new SeededRandom(11)
  let engine = createEngine(graph(), options())
  const naive = new NaiveEngine(graph())
  const held: { snapshot: ViewSnapshot; expected: readonly string[] }[] = []
  let pending: {
    checkpoint: EngineCheckpoint
    parts: Iterator<CheckpointPart>
    read: CheckpointPart[]
  } | null = null
  const replay: EpochInput[] = []
  for (let epoch = 1; epoch <= EPOCHS; epoch++) {
    const rows = randomRows(random, 1_500)
    naive.runEpoch([{ source: "events", rows, skip: null }], new Map())
    const input: EpochInput = { epoch, slices: [sliceOf("events", EVENT, rows)], watermarksUs: new Map() }
    engine.runEpoch(input)
    for (const name of ["first", "second"]) {
      const snapshot = engine.snapshot(name)
      const expected = naive
        .rows(name)
        .entries()
        .map(([row]) => rowKey(row))
        .sort()
      assert.deepEqual(lines(snapshot), expected, `epoch ${epoch}, ${name}`)
      held.push({ snapshot, expected })
    }
    if (pending !== null) {
      replay.push(input)
      const next = pending.parts.next()
      if (!next.done) pending.read.push(next.value)
    }
    if (epoch === 2) {
      const checkpoint = engine.checkpoint()
      pending = { checkpoint, parts: checkpoint.parts()[Symbol.iterator](), read: [] }
    }
    if (epoch === 5 && pending !== null) {
      for (let next = pending.parts.next(); !next.done; next = pending.parts.next())
        pending.read.push(next.value)
      pending.checkpoint[Symbol.dispose]()
      const twin = createEngine(graph(), options())
      twin.restore(pending.read)
      for (const again of replay) twin.runEpoch(again)
      for (const { snapshot, expected } of held) assert.deepEqual(lines(snapshot), expected, "held snapshots")
      for (const { snapshot } of held.splice(0)) snapshot[Symbol.dispose]()
      pending = null
      engine = twin
    }
  }
  for (const { snapshot } of held) snapshot[Symbol.dispose]()
}
