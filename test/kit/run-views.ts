/**
 * Runs a set of views in the engine over given rows, in one of several arrangements that must not matter: one
 * batch, row by row, shuffled within the bounds of lateness, or with a crash and a restore in the middle.
 */

import type { Batch } from "../../src/columns/batch.ts"
import { gatherRows } from "../../src/columns/gather.ts"
import { readRow } from "../../src/columns/scalar.ts"
import { TIMESTAMP } from "../../src/columns/types.ts"
import { allocateVector } from "../../src/columns/vector.ts"
import type { EventContract } from "../../src/contracts/contract.ts"
import { createEngine } from "../../src/engine/create-engine.ts"
import type { Engine, EpochResult, SourceSlice } from "../../src/engine/dataflow.ts"
import { NO_WATERMARK, VERDICTS } from "../../src/engine/dataflow.ts"
import type { ViewPlan } from "../../src/plan/plan.ts"
import { lowerViews, sourceId } from "../../src/runners/embedded/lower.ts"
import { SourceTime } from "../../src/runners/embedded/watermarks.ts"
import { SeededRandom } from "../../src/std/random.ts"
import { assertBalance, type ViewBook } from "../../src/testing/balance.ts"
import { cellOfScalar, type Row } from "./canonical.ts"

export interface Arrangement {
  readonly name: string
  /** Rows per epoch; 0 means all at once. */
  readonly epochRows: number
  /** Seed of a shuffle of all rows, or null to keep their order. */
  readonly shuffleSeed: number | null
  /** Restore from a checkpoint after this share of the epochs, or null. */
  readonly restoreAt: number | null
}

export const ARRANGEMENTS: readonly Arrangement[] = [
  { name: "one batch", epochRows: 0, shuffleSeed: null, restoreAt: null },
  { name: "row by row", epochRows: 1, shuffleSeed: null, restoreAt: null },
  { name: "shuffled, three rows an epoch", epochRows: 3, shuffleSeed: 1, restoreAt: null },
  { name: "shuffled otherwise, restored half-way", epochRows: 2, shuffleSeed: 2, restoreAt: 0.5 },
  { name: "row by row, restored early", epochRows: 1, shuffleSeed: null, restoreAt: 0.2 },
]

/** Rows of one event, decoded; the last column is processed_at. */
export interface EventRows {
  readonly contract: EventContract
  readonly batch: Batch
}

export interface ViewsAnswer {
  readonly rows: ReadonlyMap<string, readonly Row[]>
  /** Rows with a verdict other than applied or filtered, over all views. */
  readonly lateOrFailed: number
  /** The same one by one; offsets are those of the arrangement's order. */
  readonly excluded: readonly RuledRow[]
  /** Rows that a view applied to some of their windows only. */
  readonly partly: readonly (RuledRow & { readonly goneEndUs: bigint })[]
}

export interface RuledRow {
  readonly view: string
  readonly event: string
  readonly offset: number
}

/** All rows' append time: far enough ahead that it never caps event time. */
export const APPEND_TIME_MS = Date.UTC(2100, 0, 1)
/** Closes every window at the end, so that `emit: "final"` has answered for all rows. */
const END_OF_TIME_US = 2n ** 62n

export function runViews(
  inputs: readonly EventRows[],
  plans: readonly ViewPlan[],
  arrangement: Arrangement,
): ViewsAnswer {
  const contracts = inputs.map(({ contract }) => contract)
  const epochs = cutEpochs(inputs, arrangement)
  const restoreAfter = arrangement.restoreAt === null ? -1 : Math.floor(epochs.length * arrangement.restoreAt)
  return runEpochs(contracts, plans, { epochs, restoreAfter })
}

export interface Course {
  /** Slices per epoch; every event has one partition. */
  readonly epochs: readonly (readonly SourceSlice[])[]
  /** Restore from a checkpoint behind this epoch (from 0); -1: never. */
  readonly restoreAfter: number
  /** Sees the views' rows behind each epoch. */
  readonly onEpoch?: (index: number, rowsOf: (plan: ViewPlan) => readonly Row[]) => void
}

/** The views' rows when all epochs have run and all windows are closed. */
export function runEpochs(
  contracts: readonly EventContract[],
  plans: readonly ViewPlan[],
  { epochs, restoreAfter, onEpoch }: Course,
): ViewsAnswer {
  const specs = lowerViews(contracts, plans)
  let engine = createEngine(specs)
  const times = new Map(contracts.map((contract) => [contract.name, new SourceTime(contract, 0)]))
  const audit = new Audit(plans)
  for (const [index, slices] of epochs.entries()) {
    for (const { source, partition, batch } of slices) {
      const contract = contracts.find(({ name }) => sourceId(name) === source)!
      const timeColumn = contract.fields.findIndex(({ name }) => name === contract.time)
      times.get(contract.name)!.observe(partition, batch, timeColumn, APPEND_TIME_MS, 0)
    }
    const watermarks = contracts.map(({ name }) => [sourceId(name), times.get(name)!.advance(0)] as const)
    const known = watermarks.filter(([, watermark]) => watermark !== NO_WATERMARK)
    audit.append(slices)
    audit.take(engine.runEpoch({ epoch: index + 1, slices, watermarksUs: new Map(known) }))
    if (index === restoreAfter) engine = restored(engine, createEngine(specs))
    onEpoch?.(index, (plan) => viewRows(engine, plan))
  }
  const end = new Map(contracts.map(({ name }) => [sourceId(name), END_OF_TIME_US]))
  audit.take(engine.runEpoch({ epoch: epochs.length + 1, slices: [], watermarksUs: end }))
  const rows = new Map(plans.map((plan) => [plan.name, viewRows(engine, plan)]))
  audit.check(rows, plans)
  return { rows, lateOrFailed: audit.lateOrFailed, excluded: audit.excluded, partly: audit.partly }
}

/** The decoded columns with processed_at behind them, as the runner hands them over. */
export function withProcessedAt(batch: Batch): Batch {
  const processedAt = allocateVector(TIMESTAMP, batch.length)
  ;(processedAt.values as BigInt64Array).fill(BigInt(APPEND_TIME_MS) * 1000n)
  return { length: batch.length, vectors: [...batch.vectors, processedAt] }
}

function cutEpochs(inputs: readonly EventRows[], { epochRows, shuffleSeed }: Arrangement): SourceSlice[][] {
  const cuts: SourceSlice[][] = []
  for (const { contract, batch } of inputs) {
    const order = shuffleSeed === null ? null : shuffled(batch.length, shuffleSeed)
    const rows = order === null ? batch : gatherRows(batch, order)
    const size = epochRows === 0 ? Math.max(1, batch.length) : epochRows
    for (let first = 0, cut = 0; first < batch.length; first += size, cut++) {
      const length = Math.min(size, batch.length - first)
      const part = gatherRows(
        rows,
        Int32Array.from({ length }, (_, row) => first + row),
      )
      const slice = {
        source: sourceId(contract.name),
        partition: 0,
        baseOffset: first,
        batch: part,
        skip: null,
      }
      const slices = cuts[cut] ?? []
      slices.push(slice)
      cuts[cut] = slices
    }
  }
  return cuts
}

function shuffled(length: number, seed: number): Int32Array {
  const random = new SeededRandom(seed)
  const order = Int32Array.from({ length }, (_, row) => row)
  for (let i = length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    const other = order[j]!
    order[j] = order[i]!
    order[i] = other
  }
  return order
}

function restored(from: Engine, to: Engine): Engine {
  const checkpoint = from.checkpoint()
  const parts = [...checkpoint.parts()].map(({ name, bytes }) => ({ name, bytes: bytes.slice() }))
  checkpoint[Symbol.dispose]()
  to.restore(parts)
  return to
}

function viewRows(engine: Engine, plan: ViewPlan): readonly Row[] {
  using snapshot = engine.snapshot(plan.name)
  const batch = snapshot.select({ where: [], sort: [], offset: 0, limit: snapshot.rowCount })
  return Array.from({ length: batch.length }, (_, row) =>
    readRow(batch, row).map((value, column) => cellOfScalar(value, plan.columns[column]!.type)),
  )
}

/** Folds the changes that left the engine, and holds them against the view's rows at the end. */
class Audit {
  lateOrFailed = 0
  readonly excluded: RuledRow[] = []
  readonly partly: (RuledRow & { goneEndUs: bigint })[] = []
  readonly #plans: readonly ViewPlan[]
  readonly #weights = new Map<string, Map<string, number>>()
  readonly #appended = new Map<string, number>()
  readonly #verdicts = new Map<string, number[]>()

  constructor(plans: readonly ViewPlan[]) {
    this.#plans = plans
    for (const { name } of plans) this.#weights.set(name, new Map())
  }

  append(slices: readonly SourceSlice[]): void {
    for (const { source, batch } of slices) {
      this.#appended.set(source, (this.#appended.get(source) ?? 0) + batch.length)
    }
  }

  take(result: EpochResult): void {
    for (const { view, source, baseOffset, verdicts, partly } of result.verdicts) {
      const event = source.slice(sourceId("").length)
      for (const [row, goneEndUs] of partly ?? []) {
        this.partly.push({ view, event, offset: baseOffset + row, goneEndUs })
      }
      const counts = this.#verdicts.get(view) ?? VERDICTS.map(() => 0)
      this.#verdicts.set(view, counts)
      for (const [row, verdict] of verdicts.entries()) {
        counts[verdict]!++
        if (verdict !== 2 && verdict !== 3) continue
        this.lateOrFailed++
        this.excluded.push({ view, event, offset: baseOffset + row })
      }
    }
    assertBalance({ events: [], views: this.#plans.map((plan) => this.#book(plan)) })
    for (const { view, changes } of result.changes) {
      const plan = this.#plans.find(({ name }) => name === view)!
      const weights = this.#weights.get(view)!
      for (let row = 0; row < changes.length; row++) {
        const cells = readRow(changes, row).map((value, i) => cellOfScalar(value, plan.columns[i]!.type))
        const text = JSON.stringify(cells)
        weights.set(text, (weights.get(text) ?? 0) + (changes.weights?.[row] ?? 1))
      }
    }
  }

  /** Every row of the events behind a view has one verdict by it. */
  #book(plan: ViewPlan): ViewBook {
    const appended = [...this.#eventsOf(plan)].reduce(
      (sum, event) => sum + (this.#appended.get(sourceId(event)) ?? 0),
      0,
    )
    const counts = this.#verdicts.get(plan.name) ?? []
    const verdicts = Object.fromEntries(VERDICTS.map((verdict, index) => [verdict, counts[index] ?? 0]))
    return { view: plan.name, appended, pending: 0, verdicts }
  }

  #eventsOf(plan: ViewPlan): ReadonlySet<string> {
    const above = plan.views.flatMap((name) => [
      ...this.#eventsOf(this.#plans.find((other) => other.name === name)!),
    ])
    return new Set([...plan.events, ...above])
  }

  check(rows: ReadonlyMap<string, readonly Row[]>, plans: readonly ViewPlan[]): void {
    for (const { name } of plans) {
      const left = new Map(this.#weights.get(name)!)
      for (const row of rows.get(name)!) {
        const text = JSON.stringify(row)
        left.set(text, (left.get(text) ?? 0) - 1)
      }
      const wrong = [...left].find(([, weight]) => weight !== 0)
      if (wrong !== undefined) {
        throw new Error(
          `the changes of view ${name} do not add up to its rows: ${wrong[0]} is off by ${wrong[1]}`,
        )
      }
    }
  }
}
