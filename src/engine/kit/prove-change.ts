/**
 * An engine whose views changed, beside one that has had them from the beginning: views that go on, views
 * whose rows are made of their operators' state, and views that are built from the rows that came before.
 */
import { SeededRandom } from "../../std/random.ts"
import { createEngine, type EngineOptions } from "../create-engine.ts"
import type { Engine, EpochInput, EpochResult, OperatorSpec } from "../dataflow.ts"
import { VERDICTS } from "../dataflow.ts"
import type { CheckpointPart } from "../engine-checkpoint.ts"
import type { Row } from "./batches.ts"
import { rowKey, rowsOf, sliceOf } from "./batches.ts"
import { same } from "./compare-with-naive.ts"
import { EVENT } from "./events.ts"
import { source } from "./harness.ts"

const ROWS = 400
const OUT_OF_ORDER_US = 30n

export function epoch(number: number, random: SeededRandom): EpochInput {
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

export function partsOf(engine: Engine): CheckpointPart[] {
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

export interface ChangedViews {
  readonly before: readonly OperatorSpec[]
  readonly after: readonly OperatorSpec[]
  /** Views of `after` that go on. */
  readonly kept: readonly string[]
  /** Views of `after` that go on with other rows. @default none */
  readonly derived?: readonly string[]
  /** Of the engine before. @default in one part */
  readonly oldOptions?: EngineOptions
  /** @default in one part */
  readonly options?: EngineOptions
}

/** @throws where the views are others than those that were there from the beginning. */
export function proveChange(change: ChangedViews): void {
  const { before, after, kept, derived = [], oldOptions, options } = change
  const random = new SeededRandom(11)
  const inputs = Array.from({ length: 6 }, (_, k) => epoch(k + 1, random))
  const old = createEngine([source(EVENT), ...before], oldOptions)
  const steady = createEngine([source(EVENT), ...after])
  for (const input of inputs.slice(0, 3)) {
    old.runEpoch(input)
    steady.runEpoch(input)
  }
  const changed = createEngine([source(EVENT), ...after], options)
  const goingOn = changed.restore(partsOf(old))
  same([...goingOn.kept].sort(), kept.toSorted(), "views that are kept")
  same([...goingOn.derived].sort(), derived.toSorted(), "views that are derived")
  const views = after.filter((spec) => spec.kind === "view")
  const names = views.flatMap(({ name, isInternal = false }) => (isInternal ? [] : [name]))
  const rebuilt = new Set(names.filter((name) => !kept.includes(name) && !derived.includes(name)))
  if (rebuilt.size === 0) same(allRows(changed, names), allRows(steady, names), "rows at once")
  for (const [k, input] of inputs.slice(0, 3).entries()) {
    const result = changed.runEpoch({ ...input, epoch: 10 + k, rebuilt })
    same(Object.keys(rulings(result)).sort(), [...rebuilt].sort(), "those that are rebuilt rule alone")
  }
  same(allRows(changed, names), allRows(steady, names), "rows of all")
  for (const [k, input] of inputs.slice(3).entries()) {
    const result = changed.runEpoch({ ...input, epoch: 20 + k })
    same(rulings(result), rulings(steady.runEpoch(input)), `rulings of epoch ${input.epoch}`)
    same(allRows(changed, names), allRows(steady, names), `rows behind epoch ${input.epoch}`)
  }
  const again = createEngine([source(EVENT), ...after])
  const all = views.map(({ name }) => name).sort()
  same([...again.restore(partsOf(changed)).kept].sort(), all, "a checkpoint has all of them")
  same(allRows(again, names), allRows(steady, names), "rows of all, restored")
}
