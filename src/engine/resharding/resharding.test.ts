/** State of many keys that is divided anew, where random plans have few. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { INT32, STRING } from "../../columns/types.ts"
import { SeededRandom } from "../../std/random.ts"
import { createEngine } from "../create-engine.ts"
import type { Engine, EpochInput, OperatorSpec, RankSpec } from "../dataflow.ts"
import type { CheckpointPart } from "../engine-checkpoint.ts"
import type { Row } from "../kit/batches.ts"
import { column, rowKey, rowsOf, sliceOf } from "../kit/batches.ts"
import { groupBy, groupsWithValues, source, view } from "../kit/harness.ts"
import { MemorySpill } from "../kit/memory-spill.ts"

const EVENT = [column("key", STRING, true), column("text", STRING), column("value", INT32)]
const NULL_KEYS = 40

/** Groups with values of their own, top rows, and a join that keeps rows without a key. */
function graph(): OperatorSpec[] {
  const groups = groupsWithValues(EVENT)
  const newest: RankSpec = {
    ...{ kind: "rank", id: "newest", input: "events", partition: [0], function: "row_number" },
    order: [{ column: 2, descending: true, nullsFirst: false }],
    ...{ offset: 0n, limit: 1n, ranked: false, expiry: null, emit: "changes", columns: EVENT },
  }
  const side = (input: string, columns: OperatorSpec["columns"]) => ({
    input,
    columns,
    keys: [0],
    expiry: null,
  })
  const joined = [...EVENT, ...groups.columns].map((each, k) => ({ ...each, name: `c${k}`, nullable: true }))
  return [
    source(EVENT),
    groups,
    view("groups", "groups", groups.columns, [0]),
    newest,
    view("newest", "newest", EVENT, [0]),
    groupBy("events", { ...groups, id: "again" }),
    {
      ...{ kind: "join", id: "join", type: "left", condition: null, emit: "changes", columns: joined },
      left: side("events", EVENT),
      right: side("again", groups.columns),
    },
    view("joined", "join", joined, null),
  ]
}

function epoch(number: number, random: SeededRandom): EpochInput {
  const rows = Array.from({ length: 2_500 }, (_, k): Row => {
    const id = random.below(4_000)
    const key = k < NULL_KEYS ? null : `key ${id}`.repeat(1 + (id % 5))
    return [key, "y".repeat(random.below(900)) + random.below(900), random.below(1_000)]
  })
  const slices = [sliceOf("events", EVENT, rows, { baseOffset: number * rows.length })]
  return { epoch: number, slices, watermarksUs: new Map() }
}

function allRows(engine: Engine): string[] {
  return ["groups", "newest", "joined"].flatMap((name) => {
    using snapshot = engine.snapshot(name)
    return rowsOf(snapshot.select({ where: [], sort: [], offset: 0, limit: 1e9 }))
      .map(rowKey)
      .sort()
  })
}

function partsOf(engine: Engine): CheckpointPart[] {
  using checkpoint = engine.checkpoint()
  return [...checkpoint.parts()]
}

test("thousands of keys go on as they were in one, three, two and again one part", () => {
  const random = new SeededRandom(7)
  const steady = createEngine(graph())
  let engine = createEngine(graph())
  for (const [k, parts] of [3, 2, 1].entries()) {
    for (let number = 2 * k + 1; number <= 2 * k + 2; number++) {
      const input = epoch(number, random)
      steady.runEpoch(input)
      engine.runEpoch(input)
    }
    assert.deepEqual(allRows(engine), allRows(steady), `before ${parts} parts`)
    const saved = partsOf(engine)
    engine = createEngine(graph(), { parts })
    engine.restore(saved)
    assert.deepEqual(allRows(engine), allRows(steady), `as ${parts} parts`)
    const known = new Set(saved.map(({ page }) => page?.key))
    for (const { page, name } of partsOf(engine)) {
      assert.ok(page === undefined || !known.has(page.key), `${name} is no page of another engine`)
    }
  }
})

test("no page of one part has the key of another's, also after a restore", () => {
  const random = new SeededRandom(8)
  const engine = createEngine(graph(), { parts: 3 })
  engine.runEpoch(epoch(1, random))
  const saved = partsOf(engine)
  const keys = saved.flatMap(({ page }) => page?.key ?? [])
  assert.equal(new Set(keys).size, keys.length)
  const twin = createEngine(graph(), { parts: 3 })
  twin.restore(saved)
  const marks = partsOf(twin).flatMap(({ page }) => (page === undefined ? [] : [page]))
  assert.deepEqual(
    marks.map(({ key }) => key),
    keys,
  )
  assert.ok(marks.every(({ stamp }) => stamp === 0))
  const before = twin.checkpoint()
  twin.runEpoch({ epoch: 2, slices: [], watermarksUs: new Map() })
  const unchanged = partsOf(twin).every(({ page }) => page === undefined || page.stamp <= before.generation)
  before[Symbol.dispose]()
  assert.ok(unchanged, "pages that nothing was written to say so")
})

test("no key is lost while pages that come back make the memory grow that is copied from", () => {
  const [events, groups, totals] = graph()
  const specs = [events!, groups!, totals!]
  // Each large page has to find room of its own when it comes back.
  const rows = Array.from({ length: 2_000 }, (_, k): Row => [`key ${k}`, "z".repeat(k % 500 ? 99 : 6e6), k])
  const whole = createEngine(specs)
  whole.runEpoch({ epoch: 1, slices: [sliceOf("events", EVENT, rows)], watermarksUs: new Map() })
  // All pages are out at first.
  const spill = { openFile: () => new MemorySpill(), keepBytes: 0 }
  const engine = createEngine(specs, { parts: 2, spill })
  engine.restore(partsOf(whole))
  const groupsOf = (each: Engine) => each.work("groups").find(({ id }) => id === groups!.id)!.state.rows
  assert.equal(groupsOf(engine), groupsOf(whole))
})
