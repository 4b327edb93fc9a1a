/**
 * Files of checkpoints hold pages that are gone as long as others in them are not: whoever reads them knows
 * pages by their keys alone.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { createEngine } from "../create-engine.ts"
import type { Engine, OperatorSpec } from "../dataflow.ts"
import type { CheckpointPart } from "../engine-checkpoint.ts"
import { type Row, sliceOf } from "../kit/batches.ts"
import { END, EVENT, KEY, TUMBLE } from "../kit/events.ts"
import { aggregate } from "../kit/expressions.ts"
import { groupBy, source, view } from "../kit/harness.ts"

const EPOCHS = 5
const EPOCH_US = 100

/** Pages of windows go with them. @param id of the operator of the view with windows */
function graph(id = "windows"): OperatorSpec[] {
  const aggregates = [aggregate("count", null)]
  const windows = groupBy("events", {
    ...{ id, keys: [END, KEY], aggregates, emit: "final" },
    ...{ window: TUMBLE, windowKeys: { start: null, end: 0 } },
  })
  const groups = groupBy("events", { id: "groups", keys: [KEY], aggregates })
  return [
    source(EVENT),
    ...[groups, view("groups", "groups", groups.columns, [0])],
    ...[windows, view("windows", id, windows.columns, [0, 1])],
  ]
}

function run(engine: Engine, number: number): void {
  const rows = Array.from({ length: 300 }, (_, k): Row => {
    return [`key ${(k * number) % 97}`, k, BigInt(number * EPOCH_US + (k % EPOCH_US))]
  })
  engine.runEpoch({
    epoch: number,
    slices: [sliceOf("events", EVENT, rows, { baseOffset: number * rows.length })],
    // Behind all of the epoch's windows, every other time.
    watermarksUs: new Map([["events", BigInt((number + (number % 2)) * EPOCH_US)]]),
  })
}

function partsOf(engine: Engine): CheckpointPart[] {
  using checkpoint = engine.checkpoint()
  return [...checkpoint.parts()]
}

function namesByKey(parts: readonly CheckpointPart[]): Map<number, string> {
  return new Map(parts.flatMap(({ name, page }) => (page === undefined ? [] : [[page.key, name]])))
}

test("no page comes under the key of one that is gone, whatever the engine after a restore", () => {
  const engine = createEngine(graph())
  const ever = new Set<number>()
  let parts: CheckpointPart[] = []
  for (let number = 1; number <= EPOCHS; number++) {
    run(engine, number)
    parts = partsOf(engine)
    for (const key of namesByKey(parts).keys()) ever.add(key)
  }
  const saved = namesByKey(parts)
  assert.ok(ever.size > saved.size, "pages are gone")
  for (const [what, twin] of [
    ["the same", createEngine(graph())],
    ["of other parts", createEngine(graph(), { parts: 3 })],
    ["with a view that begins anew", createEngine(graph("other windows"))],
  ] as const) {
    twin.restore(parts)
    for (let number = EPOCHS + 1; number <= 2 * EPOCHS; number++) {
      run(twin, number)
      const pages = [...namesByKey(partsOf(twin))]
      const taken = pages.filter(([key, name]) => ever.has(key) && saved.get(key) !== name)
      assert.deepEqual(taken, [], what)
    }
  }
})
