/**
 * An engine whose views changed: those that did not go on with their state, the others are built from the
 * rows that came before, and from then on all are what they would be had they been there from the beginning.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { SeededRandom } from "../std/random.ts"
import { createEngine } from "./create-engine.ts"
import type { AggregateSpec, OperatorSpec } from "./dataflow.ts"
import { EVENT, KEY, TUMBLE, VALUE } from "./kit/events.ts"
import { aggregate, col } from "./kit/expressions.ts"
import { groupBy, source, view } from "./kit/harness.ts"
import { epoch, partsOf, proveChange } from "./kit/prove-change.ts"

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

test("views stay when others are added, changed and removed", () => {
  const before = [...over("counted", counts("a")), ...over("old", sums("b")), ...over("hours", windows("c"))]
  const after = [...over("counted", counts("a")), ...over("hours", windows("c")), ...over("new", sums("d"))]
  for (const parts of [1, 2]) proveChange({ before, after, kept: ["counted", "hours"], options: { parts } })
  proveChange({ before, after: [...over("old", sums("b"))], kept: ["old"] })
  const changed = [
    ...over("counted", counts("a")),
    ...over("old", windows("b")),
    ...over("hours", windows("c")),
  ]
  proveChange({ before, after: changed, kept: ["counted", "hours"] })
})

test("views that read each other go on together, or not at all", () => {
  const counted = over("counted", counts("a"))
  const others = over("hours", windows("c"))
  proveChange({
    before: [...counted, ...others],
    after: [...counted, ...spread(), ...others],
    kept: ["hours"],
  })
  proveChange({
    before: [...counted, ...spread(), ...others],
    after: [...counted, ...others],
    kept: ["counted", "hours"],
  })
  proveChange({
    before: [...counted, ...spread(), ...others],
    after: [...counted, ...spread(), ...over("hours", sums("c"))],
    kept: ["counted", "spread"],
  })
})

test("another name for a column leaves a view as it was", () => {
  const renamed = (specs: readonly OperatorSpec[]): OperatorSpec[] => {
    const columns = (spec: OperatorSpec) => spec.columns.map((each) => ({ ...each, name: `my_${each.name}` }))
    return specs.map((spec) => ({ ...spec, columns: columns(spec) }))
  }
  const before = [...over("counted", counts("a")), ...over("hours", windows("c"))]
  proveChange({ before, after: renamed(before), kept: ["counted", "hours"] })
  const swapped = { ...windows("c"), aggregates: [aggregate("min", VALUE)] }
  proveChange({
    before,
    after: [...over("counted", counts("a")), ...over("hours", swapped)],
    kept: ["counted"],
  })
})

test("views begin anew where the caller knows that rows are others", () => {
  const specs = [source(EVENT), ...over("counted", counts("a")), ...over("hours", windows("c"))]
  const old = createEngine(specs)
  old.runEpoch(epoch(1, new SeededRandom(1)))
  const { kept, derived } = createEngine(specs).restore(partsOf(old), { anew: new Set(["counted"]) })
  assert.deepEqual([[...kept], [...derived]], [["hours"], []])
})

test("an engine without views goes on from any checkpoint", () => {
  const old = createEngine([source(EVENT), ...over("old", sums("a"))])
  old.runEpoch(epoch(1, new SeededRandom(1)))
  const engine = createEngine([source(EVENT)])
  assert.deepEqual([...engine.restore(partsOf(old)).kept], [])
  assert.equal(engine.epoch, 1)
})

test("an engine that has none of the views refuses the checkpoint", () => {
  const old = createEngine([source(EVENT), ...over("old", sums("a"))])
  const engine = createEngine([source(EVENT), ...over("old", counts("a"))])
  assert.throws(() => engine.restore(partsOf(old)), { code: "checkpoint-mismatch" })
})
