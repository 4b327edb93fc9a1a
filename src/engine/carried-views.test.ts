/**
 * An engine whose views changed: those that did not go on with their state, the others are built from the
 * rows that came before, and from then on all are what they would be had they been there from the beginning.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { SeededRandom } from "../std/random.ts"
import { createEngine } from "./create-engine.ts"
import type { AggregateSpec, Engine, EpochInput, EpochResult, OperatorSpec } from "./dataflow.ts"
import { VERDICTS } from "./dataflow.ts"
import type { CheckpointPart } from "./engine-checkpoint.ts"
import type { Row } from "./kit/batches.ts"
import { rowKey, rowsOf, sliceOf } from "./kit/batches.ts"
import { EVENT, KEY, TUMBLE, VALUE } from "./kit/events.ts"
import { aggregate, col } from "./kit/expressions.ts"
import { groupBy, source, view } from "./kit/harness.ts"

const ROWS = 400
const OUT_OF_ORDER_US = 30n

const counts = (id: string): AggregateSpec =>
  groupBy("events", { id, keys: [KEY], aggregates: [aggregate("count", null)] })
const sums = (id: string): AggregateSpec =>
  groupBy("events", { id, keys: [KEY], aggregates: [aggregate("sum", VALUE)] })
const windows = (id: string): AggregateSpec =>
  groupBy("events", { id, keys: [KEY], aggregates: [aggregate("max", VALUE)], window: TUMBLE, emit: "final" })

/** A view of one operator. */
function over(name: string, operator: AggregateSpec): OperatorSpec[] {
  return [operator, view(name, operator.id, operator.columns, [0])]
}

/** How many keys have each count: a view that reads the view `counted`. */
function spread(): OperatorSpec[] {
  const { columns } = counts("")
  const keys = [col(columns, columns[1]!.name)]
  return over(
    "spread",
    groupBy("view counted", { id: "spreads", keys, aggregates: [aggregate("count", null)] }),
  )
}

function epoch(number: number, random: SeededRandom): EpochInput {
  const at = (number - 1) * 100
  const rows = Array.from({ length: ROWS }, (_, k): Row => {
    const time = BigInt(at + random.below(100) - (k % 50 === 0 ? 90 : 0))
    return [`key ${random.below(40)}`, random.below(1_000), time]
  })
  const watermarkUs = BigInt(number * 100) - OUT_OF_ORDER_US
  return {
    epoch: number,
    slices: [sliceOf("events", EVENT, rows, { baseOffset: number * ROWS })],
    watermarksUs: new Map([["events", watermarkUs]]),
  }
}

function partsOf(engine: Engine): CheckpointPart[] {
  using checkpoint = engine.checkpoint()
  return [...checkpoint.parts()].map((part) => ({ ...part, bytes: part.bytes.slice() }))
}

function allRows(engine: Engine, views: readonly string[]): Record<string, string[]> {
  return Object.fromEntries(
    views.map((name) => {
      using snapshot = engine.snapshot(name)
      const rows = rowsOf(snapshot.select({ where: [], sort: [], offset: 0, limit: 1e9 }))
      return [name, rows.map(rowKey).sort()]
    }),
  )
}

function rulings({ verdicts }: EpochResult): Record<string, string[]> {
  return Object.fromEntries(
    verdicts.map(({ view: name, verdicts: each }) => [name, Array.from(each, (code) => VERDICTS[code]!)]),
  )
}

interface Change {
  readonly before: readonly OperatorSpec[]
  readonly after: readonly OperatorSpec[]
  /** Views of `after` that go on. */
  readonly kept: readonly string[]
  readonly parts?: number
}

function prove({ before, after, kept, parts = 1 }: Change): void {
  const random = new SeededRandom(11)
  const inputs = Array.from({ length: 6 }, (_, k) => epoch(k + 1, random))
  const old = createEngine([source(EVENT), ...before])
  const steady = createEngine([source(EVENT), ...after])
  for (const input of inputs.slice(0, 3)) {
    old.runEpoch(input)
    steady.runEpoch(input)
  }
  const changed = createEngine([source(EVENT), ...after], { parts })
  assert.deepEqual([...changed.restore(partsOf(old))].sort(), kept.toSorted())
  const names = after.flatMap((spec) => (spec.kind === "view" ? [spec.name] : []))
  const rebuilt = new Set(names.filter((name) => !kept.includes(name)))
  for (const [k, input] of inputs.slice(0, 3).entries()) {
    const result = changed.runEpoch({ ...input, epoch: 10 + k, rebuilt })
    assert.deepEqual(
      Object.keys(rulings(result)).sort(),
      [...rebuilt].sort(),
      "only those that are rebuilt rule",
    )
  }
  assert.deepEqual(allRows(changed, names), allRows(steady, names))
  for (const [k, input] of inputs.slice(3).entries()) {
    const result = changed.runEpoch({ ...input, epoch: 20 + k })
    assert.deepEqual(rulings(result), rulings(steady.runEpoch(input)))
    assert.deepEqual(allRows(changed, names), allRows(steady, names))
  }
  const again = createEngine([source(EVENT), ...after])
  assert.deepEqual(
    [...again.restore(partsOf(changed))].sort(),
    names.toSorted(),
    "a checkpoint of all of them",
  )
  assert.deepEqual(allRows(again, names), allRows(steady, names))
}

test("views stay when others are added, changed and removed", () => {
  const before = [...over("counted", counts("a")), ...over("old", sums("b")), ...over("hours", windows("c"))]
  const after = [...over("counted", counts("a")), ...over("hours", windows("c")), ...over("new", sums("d"))]
  for (const parts of [1, 2]) prove({ before, after, kept: ["counted", "hours"], parts })
  prove({ before, after: [...over("old", sums("b"))], kept: ["old"] })
  const changed = [
    ...over("counted", counts("a")),
    ...over("old", windows("b")),
    ...over("hours", windows("c")),
  ]
  prove({ before, after: changed, kept: ["counted", "hours"] })
})

test("views that read each other go on together, or not at all", () => {
  const counted = over("counted", counts("a"))
  const others = over("hours", windows("c"))
  prove({ before: [...counted, ...others], after: [...counted, ...spread(), ...others], kept: ["hours"] })
  prove({
    before: [...counted, ...spread(), ...others],
    after: [...counted, ...others],
    kept: ["counted", "hours"],
  })
  prove({
    before: [...counted, ...spread(), ...others],
    after: [...counted, ...spread(), ...over("hours", sums("c"))],
    kept: ["counted", "spread"],
  })
})

test("an engine without views goes on from any checkpoint", () => {
  const old = createEngine([source(EVENT), ...over("old", sums("a"))])
  old.runEpoch(epoch(1, new SeededRandom(1)))
  const engine = createEngine([source(EVENT)])
  assert.deepEqual([...engine.restore(partsOf(old))], [])
  assert.equal(engine.epoch, 1)
})

test("an engine that has none of the views refuses the checkpoint", () => {
  const old = createEngine([source(EVENT), ...over("old", sums("a"))])
  const engine = createEngine([source(EVENT), ...over("old", counts("a"))])
  assert.throws(() => engine.restore(partsOf(old)), { code: "checkpoint-mismatch" })
})
