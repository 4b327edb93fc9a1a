import assert from "node:assert/strict"
import { test } from "node:test"
import { INT32, INT64, STRING } from "../columns/types.ts"
import { isPlatformError, PlatformError } from "../std/errors.ts"
import { SeededRandom } from "../std/random.ts"
import { createEngine } from "./create-engine.ts"
import type { Engine, OperatorSpec } from "./dataflow.ts"
import type { Row } from "./kit/batches.ts"
import { column, rowKey, rowsOf, sliceOf, weightedRows } from "./kit/batches.ts"
import { compareSeed } from "./kit/compare-with-naive.ts"
import { groupsWithValues, source, view } from "./kit/harness.ts"
import { keepingNothing, MemorySpill } from "./kit/memory-spill.ts"
import { randomJoins } from "./kit/random-joins.ts"
import { randomPartitions } from "./kit/random-partitions.ts"
import { randomPatterns } from "./kit/random-patterns.ts"
import { randomGraph } from "./kit/random-plans.ts"
import { randomChangingSessions, randomSessions } from "./kit/random-sessions.ts"

const FAMILIES = [
  { name: "aggregates", graphOf: randomGraph, seeds: 40 },
  { name: "joins", graphOf: randomJoins, seeds: 30 },
  { name: "ranks and window functions", graphOf: randomPartitions, seeds: 30 },
  { name: "sessions", graphOf: randomSessions, seeds: 40 },
  { name: "sessions of rows that are taken back", graphOf: randomChangingSessions, seeds: 40 },
  { name: "patterns", graphOf: randomPatterns, seeds: 30 },
] as const

for (const { name, graphOf, seeds } of FAMILIES) {
  test(`${name} whose pages leave whenever they may give what they give that keep them`, () => {
    const files: MemorySpill[] = []
    const options = () => {
      const file = new MemorySpill()
      files.push(file)
      return keepingNothing(() => file)
    }
    for (let seed = 1; seed <= seeds; seed++) {
      try {
        compareSeed(seed, graphOf, options)
      } catch (cause) {
        throw new Error(`seed ${seed}`, { cause })
      }
    }
    assert.ok(files.filter(({ reads }) => reads > 0).length > seeds / 2, "pages left and came back")
  })
}

const EVENT = [column("key", INT32, false), column("text", STRING), column("value", INT64)]
const LIMIT = 2 << 20
const KEYS = 30_000

/** A group per key and a view of them: several times the limit. */
function graph(): OperatorSpec[] {
  const groups = groupsWithValues(EVENT)
  return [source(EVENT), groups, view("totals", "groups", groups.columns, [0])]
}

function epochOf(random: SeededRandom, rows = 2_000): Row[] {
  return Array.from({ length: rows }, () => {
    const key = random.below(KEYS)
    return [key, `text ${"x".repeat(random.below(90))}${key}`, BigInt(random.below(5))]
  })
}

/** Changes as text, in their order. */
function run(engine: Engine, epoch: number, rows: readonly Row[]): string[] {
  const { changes } = engine.runEpoch({
    epoch,
    slices: [sliceOf("events", EVENT, rows)],
    watermarksUs: new Map(),
  })
  return changes.flatMap(({ changes: batch }) => weightedRows(batch).map(([w, row]) => `${w} ${rowKey(row)}`))
}

function inMemory(engine: Engine): number {
  return engine.stateBytes() - engine.spill().spilledBytes
}

test("state of many times the limit stays within it, and its checkpoint is restored within it", () => {
  const random = new SeededRandom(5)
  const limited = () =>
    createEngine(graph(), { maxStateBytes: LIMIT, spill: { openFile: () => new MemorySpill() } })
  const free = createEngine(graph())
  let engine = limited()
  for (let epoch = 1; epoch <= 8; epoch++) {
    const rows = epochOf(random)
    assert.deepEqual(run(engine, epoch, rows), run(free, epoch, rows), `epoch ${epoch}`)
    assert.ok(inMemory(engine) <= LIMIT, `epoch ${epoch}: ${inMemory(engine)} bytes`)
    if (epoch % 4 !== 0) continue
    using checkpoint = engine.checkpoint()
    const during = epochOf(random)
    assert.deepEqual(run(engine, 100 + epoch, during), run(free, 100 + epoch, during))
    const parts = [...checkpoint.parts()]
    assert.ok(inMemory(engine) <= LIMIT, `epoch ${epoch}: with a checkpoint held`)
    engine = limited()
    engine.restore(parts)
    assert.ok(inMemory(engine) <= LIMIT, "restored")
    assert.deepEqual(
      run(engine, 100 + epoch, during),
      rows.length === 0 ? [] : replayed(parts, epoch, during),
    )
  }
  assert.ok(engine.stateBytes() > 3 * LIMIT, `${engine.stateBytes()} bytes in all`)
  using ours = engine.snapshot("totals")
  using theirs = free.snapshot("totals")
  for (const offset of [0, 50, 700]) {
    const query = { where: [], sort: [{ column: 2, descending: true }], offset, limit: 40 }
    assert.deepEqual(rowsOf(ours.select(query)), rowsOf(theirs.select(query)), `from row ${offset}`)
  }
  for (const key of [0, 1, 77, 29_999]) {
    assert.deepEqual(engine.lookup("totals", [key]), free.lookup("totals", [key]))
  }
})

/** What an engine without a limit gives that was restored from the same parts. */
function replayed(parts: Parameters<Engine["restore"]>[0], epoch: number, rows: readonly Row[]): string[] {
  const twin = createEngine(graph())
  twin.restore(parts)
  return run(twin, 100 + epoch, rows)
}

test("a page that leaves as it came back is not written again", () => {
  const file = new MemorySpill()
  const engine = createEngine(
    graph(),
    keepingNothing(() => file),
  )
  run(engine, 1, epochOf(new SeededRandom(3), 500))
  const lookups = () => [1, 2, 3].forEach((key) => void engine.lookup("totals", [key]))
  lookups()
  const { writes, reads } = file
  lookups()
  assert.ok(file.reads > reads)
  assert.equal(file.writes, writes)
})

function diskError(code: "disk-full" | "disk-failed"): PlatformError {
  return new PlatformError({ code, domain: "external", message: `write of /data: ${code}` })
}

test("a disk that is full or fails ends the epoch and says what to do; the checkpoint is good", () => {
  for (const [code, expected, text] of [
    [
      "disk-full",
      "state-full",
      /limit is 2\.0 MiB\), and the disk is full; .*groups \(\d.*make room on the disk/,
    ],
    [
      "disk-failed",
      "spill-failed",
      /could not be written \(write of \/data: disk-failed\); .*nothing is lost/,
    ],
  ] as const) {
    const random = new SeededRandom(8)
    const file = new MemorySpill()
    const engine = createEngine(graph(), { maxStateBytes: LIMIT, spill: { openFile: () => file } })
    const free = createEngine(graph())
    let epoch = 0
    for (; epoch < 3; ) {
      const rows = epochOf(random)
      assert.deepEqual(run(engine, ++epoch, rows), run(free, epoch, rows))
    }
    const parts = [...engine.checkpoint().parts()]
    file.before = (what) => {
      if (what === "write") throw diskError(code)
    }
    const rows = epochOf(random, 10_000)
    assert.throws(
      () => run(engine, epoch + 1, rows),
      (error) => isPlatformError(error, expected) && text.test(error.message),
    )
    assert.throws(() => run(engine, epoch + 1, []), /is not used again/)
    const next = createEngine(graph(), { maxStateBytes: LIMIT, spill: { openFile: () => new MemorySpill() } })
    next.restore(parts)
    assert.deepEqual(run(next, epoch + 1, rows), run(free, epoch + 1, rows))
  }
})

test("a page that cannot be read back ends the epoch, whatever else there is room for", () => {
  const file = new MemorySpill()
  const engine = createEngine(
    graph(),
    keepingNothing(() => file),
  )
  const rows = epochOf(new SeededRandom(2), 50)
  run(engine, 1, rows)
  file.before = (what) => {
    if (what === "read") throw diskError("disk-failed")
  }
  assert.throws(() => run(engine, 2, rows), { code: "spill-failed" })
})

test("where nothing can leave, the message says what holds how much", () => {
  const engine = createEngine(graph(), { maxStateBytes: LIMIT })
  assert.throws(
    () => run(engine, 1, epochOf(new SeededRandom(1), 20_000)),
    (error) =>
      isPlatformError(error, "state-full") &&
      /its limit is 2\.0 MiB; most is of groups \(\d+\.\d MiB\).*raise state\.memoryBytes/.test(
        error.message,
      ),
  )
})
