import assert from "node:assert/strict"
import { test } from "node:test"
import { INT32, INT64, STRING, TIMESTAMP } from "../../columns/types.ts"
import { createEngine } from "../create-engine.ts"
import type { OperatorSpec } from "../dataflow.ts"
import type { CheckpointPart } from "../engine-checkpoint.ts"
import { column } from "../kit/batches.ts"
import { aggregate, col } from "../kit/expressions.ts"
import { groupBy, Harness, source, view } from "../kit/harness.ts"

const EVENT = [column("key", STRING), column("value", INT32), column("time", TIMESTAMP)]
const END = { kind: "column", index: 4, name: "window_end", type: TIMESTAMP, nullable: false } as const

function specs(emit: "changes" | "final"): OperatorSpec[] {
  const groups = groupBy("events", {
    window: { kind: "tumble", time: col(EVENT, "time"), sizeUs: 10n, slideUs: 10n },
    keys: [END, col(EVENT, "key")],
    windowKeys: { start: null, end: 0 },
    aggregates: [aggregate("count", null), aggregate("count", col(EVENT, "value"), true)],
    emit,
    allowedLatenessUs: 10n,
  })
  const again = groupBy("groups", {
    id: "again",
    keys: [col(groups.columns, "key")],
    aggregates: [
      aggregate("max", col(groups.columns, "count0")),
      aggregate("min", col(groups.columns, "key")),
    ],
  })
  return [source(EVENT), groups, again, view("best", "again", again.columns, [0])]
}

function partsOf(harness: Harness): CheckpointPart[] {
  using checkpoint = harness.engine.checkpoint()
  return [...checkpoint.parts()]
}

function restored(emit: "changes" | "final", parts: readonly CheckpointPart[]): Harness {
  const harness = new Harness(specs(emit), EVENT)
  harness.engine.restore(parts)
  return harness
}

test("late decisions, closed windows and multisets go on after a restore", () => {
  for (const emit of ["changes", "final"] as const) {
    const steady = new Harness(specs(emit), EVENT)
    steady.epoch(
      [
        ["a", 1, 3n],
        ["a", 1, 4n],
        ["b", 2, 14n],
        ["a", 3, 25n],
      ],
      21n,
    )
    const twin = restored(emit, partsOf(steady))
    assert.equal(twin.engine.epoch, 1)
    assert.deepEqual(twin.rows("best"), steady.rows("best"))
    for (const [rows, watermark] of [
      [
        [
          ["a", 5, 12n],
          ["b", 1, 9n],
        ],
        24n,
      ],
      [[["a", 5, 26n]], 60n],
      [[], 61n],
    ] as const) {
      const [expected, found] = [steady.epoch(rows, watermark), twin.epoch(rows, watermark)]
      assert.deepEqual(found, expected, emit)
    }
  }
})

test("parts have unique names and hold the state of their epoch, however late they are read", () => {
  const harness = new Harness(specs("changes"), EVENT)
  const rows = (count: number, salt: string) =>
    Array.from({ length: count }, (_, k) => [`${salt}${k}`, k, 5n] as const)
  harness.epoch(rows(3_000, "early "), 5n)
  const before = harness.rows("best")
  const checkpoint = harness.engine.checkpoint()
  const iterator = checkpoint.parts()[Symbol.iterator]()
  const parts = [iterator.next().value as CheckpointPart]
  harness.epoch(rows(3_000, "late "), 6n)
  harness.epoch(rows(3_000, "early "), 40n)
  for (let next = iterator.next(); !next.done; next = iterator.next()) parts.push(next.value)
  checkpoint[Symbol.dispose]()
  assert.equal(new Set(parts.map((part) => part.name)).size, parts.length)
  const twin = restored("changes", parts)
  assert.equal(twin.engine.epoch, 1)
  assert.deepEqual(twin.rows("best"), before)
})

test("a checkpoint that was put aside gives its pages back", () => {
  const harness = new Harness(specs("changes"), EVENT)
  const rows = Array.from({ length: 2_000 }, (_, k) => [`key ${k}`, k, 5n] as const)
  harness.epoch(rows)
  const bytes = harness.engine.stateBytes()
  const checkpoint = harness.engine.checkpoint()
  harness.epoch(rows)
  assert.ok(harness.engine.stateBytes() > bytes, "changed pages exist twice")
  checkpoint[Symbol.dispose]()
  assert.ok(harness.engine.stateBytes() < bytes * 1.1)
})

test("other operators, another format, missing and short parts are refused", () => {
  const harness = new Harness(specs("changes"), EVENT)
  harness.epoch([["a", 1, 3n]])
  const parts = partsOf(harness)
  const fresh = () => createEngine(specs("changes"))
  assert.throws(() => createEngine(specs("final")).restore(parts), { code: "checkpoint-mismatch" })
  const meta = parts.find((part) => part.name === "$engine/meta")!
  const older = new TextEncoder().encode(
    new TextDecoder().decode(meta.bytes).replace(/"format":\d+/, '"format":1'),
  )
  assert.throws(() => fresh().restore([{ ...meta, bytes: older }]), { code: "checkpoint-mismatch" })
  for (const part of parts) {
    const others = parts.filter((other) => other !== part)
    assert.throws(() => fresh().restore(others), { code: "checkpoint-damaged" }, `${part.name} is missing`)
    const short = { name: part.name, bytes: part.bytes.subarray(0, part.bytes.length - 1) }
    assert.throws(
      () => fresh().restore([...others, short]),
      { code: "checkpoint-damaged" },
      `${part.name} is short`,
    )
  }
  assert.throws(() => harness.engine.restore(parts), /only an engine that has run nothing/)
})

test("an engine without any epoch can be checkpointed and restored", () => {
  const calls = [aggregate("count", null)]
  const all = groupBy("events", { keys: [], aggregates: calls })
  const graph = [
    source(EVENT),
    all,
    view("all", "groups", [{ name: "count0", type: INT64, nullable: false }], []),
  ]
  const parts = partsOf(new Harness(graph, EVENT))
  const twin = new Harness(graph, EVENT)
  twin.engine.restore(parts)
  assert.deepEqual(twin.epoch([]).changes, { all: [[1, 0n]] })
})
