import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { INT32, STRING } from "../../../columns/types.ts"
import { createEngine, createEngineOf } from "../../../engine/create-engine.ts"
import type { EpochInput, OperatorSpec } from "../../../engine/dataflow.ts"
import { column, sliceOf } from "../../../engine/kit/batches.ts"
import { COUNTS, compareParts } from "../../../engine/kit/compare-parts.ts"
import { aggregate, col } from "../../../engine/kit/expressions.ts"
import { groupBy, source, view } from "../../../engine/kit/harness.ts"
import { MemorySpill } from "../../../engine/kit/memory-spill.ts"
import { randomJoins } from "../../../engine/kit/random-joins.ts"
import { randomPartitions } from "../../../engine/kit/random-partitions.ts"
import { randomPatterns } from "../../../engine/kit/random-patterns.ts"
import { randomGraph } from "../../../engine/kit/random-plans.ts"
import { randomSessions } from "../../../engine/kit/random-sessions.ts"
import { savedBytes } from "../../../engine/kit/saved-bytes.ts"
import { EngineWorkers } from "./engine-workers.ts"
import type { PartQuestion } from "./messages.ts"
import { PartHost } from "./part-host.ts"
import type { PartLink } from "./remote-part.ts"
import { ThreadedCrew } from "./threaded-crew.ts"

const SEEDS = 8

test("one, two and three threads give the same, also across a restore with another number", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-parts-"))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  await using two = await EngineWorkers.start(2, join(folder, "two"))
  await using three = await EngineWorkers.start(3, join(folder, "three"))
  let [shared, faulted] = [0, 0]
  const makers = [createEngine, two.createEngine.bind(two), three.createEngine.bind(three)]
  for (const graphOf of [randomGraph, randomJoins, randomPartitions, randomPatterns, randomSessions]) {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { isShared, faults } = compareParts(seed, graphOf, (specs, parts, options) => {
        return makers[COUNTS.indexOf(parts)]!(specs, options)
      })
      if (isShared) shared++
      if (faults > 0) faulted++
    }
  }
  assert.ok(shared >= SEEDS && faulted >= SEEDS, `${shared} plans were shared, ${faulted} had pages out`)
})

const EVENT = [column("key", INT32), column("value", INT32)]

function counts(): OperatorSpec[] {
  const groups = groupBy("events", { keys: [col(EVENT, "key")], aggregates: [aggregate("count", null)] })
  return [source(EVENT), groups, view("counts", "groups", groups.columns, [0])]
}

function epochOf(number: number, rows: number): EpochInput {
  const slice = sliceOf(
    "events",
    EVENT,
    Array.from({ length: rows }, (_, k) => [number * rows + k, k] as const),
  )
  return { epoch: number, slices: [slice], watermarksUs: new Map() }
}

const TEXTS = [column("key", INT32), column("text", STRING)]

/** More than goes from thread to thread at a time, with one text that alone is longer than that. */
function textsOf(number: number, count: number): EpochInput {
  const rows = Array.from({ length: count }, (_, k) => [k, `${"text".repeat(20)} ${number}`] as const)
  const long = [-number, "long ".repeat(400_000)] as const
  return { epoch: number, slices: [sliceOf("events", TEXTS, [...rows, long])], watermarksUs: new Map() }
}

test("many pages, and long ones, are the same in checkpoints of threads and of parts in one", async () => {
  const texts = groupBy("events", {
    keys: [col(TEXTS, "key")],
    aggregates: [aggregate("max", col(TEXTS, "text")), aggregate("count", null)],
  })
  const specs = [source(TEXTS), texts, view("texts", "groups", texts.columns, [0])]
  await using two = await EngineWorkers.start(2)
  await using three = await EngineWorkers.start(3)
  let pairs = [two.createEngine(specs, {}), createEngine(specs, { parts: 2 })]
  let before = -1
  const saved = (number: number, count: number) => {
    const [threads, parts] = pairs.map((engine) => {
      engine.runEpoch(textsOf(number, count))
      using checkpoint = engine.checkpoint()
      const changed = savedBytes(checkpoint.parts(({ stamp }) => stamp <= before))
      return { all: [...checkpoint.parts()], changed, generation: checkpoint.generation }
    })
    assert.deepEqual(threads!.changed, parts!.changed)
    assert.deepEqual(savedBytes(threads!.all), savedBytes(parts!.all))
    before = threads!.generation
    return threads!
  }
  saved(1, 40_000)
  const { all, changed } = saved(2, 50)
  const kept = changed.filter(([, bytes]) => bytes === "").length
  assert.ok(kept > 100 && changed.length - kept > 40, `${kept} of ${changed.length} were not sent`)
  pairs = [three.createEngine(specs, {}), createEngine(specs, { parts: 3 })]
  for (const engine of pairs) engine.restore(all)
  saved(3, 50)
})

test("a part that runs full fails the epoch with its own reason, and the threads still end", async () => {
  await using workers = await EngineWorkers.start(2)
  const engine = workers.createEngine(counts(), { maxStateBytes: 1 << 20 })
  const held = engine.checkpoint()
  assert.throws(
    () => {
      for (let number = 1; number < 100; number++) engine.runEpoch(epochOf(number, 2_000))
    },
    { code: "state-full" },
  )
  assert.throws(() => engine.runEpoch(epochOf(100, 1)), /not used again/)
  held[Symbol.dispose]()
})

test("a thread that is gone fails the epoch, and is not asked again", () => {
  const host = new PartHost({ nowMs: () => 0, openSpill: () => new MemorySpill() })
  let asked = 0
  let last: PartQuestion | null = null
  const link: PartLink = {
    ask: (question) => {
      asked++
      last = question
    },
    answer: () => {
      if (last!.kind !== "make") throw new Error("the thread ended by itself")
      return host.answer(last!)
    },
    spillDirectory: null,
  }
  const engine = createEngineOf(counts(), {}, (options) => new ThreadedCrew(options, [link]))
  assert.throws(() => engine.runEpoch(epochOf(1, 10)), {
    code: "worker-failed",
    message: /^Worker 2 of the engine failed: the thread ended by itself\. Restart/,
  })
  assert.equal(asked, 2)
  assert.equal(engine.work("counts").length, 3)
  assert.equal(asked, 2)
})
