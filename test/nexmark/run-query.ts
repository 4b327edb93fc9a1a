/** One Nexmark query in the engine over a slice of the stream, in epochs of a fixed number of events. */

import type { Batch } from "../../src/columns/batch.ts"
import { readRow } from "../../src/columns/scalar.ts"
import { INT64, STRING, TIMESTAMP } from "../../src/columns/types.ts"
import type { EventContract } from "../../src/contracts/contract.ts"
import { createEngine } from "../../src/engine/create-engine.ts"
import type { Engine, OperatorSpec, SourceSlice } from "../../src/engine/dataflow.ts"
import { RowBuilder, setScalar } from "../../src/engine/operators/row-builder.ts"
import { bindProject } from "../../src/plan/bind-project.ts"
import type { ViewPlan } from "../../src/plan/plan.ts"
import type { ViewDefinition } from "../../src/plan/view.ts"
import { lowerViews, sourceId } from "../../src/runners/embedded/lower.ts"
import { assert } from "../../src/std/assert.ts"
import { cellOfScalar, type Row } from "../kit/canonical.ts"
import { BID, NEXMARK_EVENTS } from "./columns.ts"

/** What q13 looks its values up in: a row per key. */
export const SIDE_INPUT: EventContract = {
  ...BID,
  name: "side_input",
  topic: "side_input",
  id: "key",
  fields: [
    { name: "key", type: INT64, nullable: false, optional: false },
    { name: "value", type: STRING, nullable: false, optional: false },
    { name: "date_time", type: TIMESTAMP, nullable: false, optional: false },
  ],
}

export const ALL_EVENTS: readonly EventContract[] = [...NEXMARK_EVENTS, SIDE_INPUT]

/** @throws AssertionError when the query does not bind */
export async function planOf(definition: ViewDefinition): Promise<ViewPlan> {
  const { plans, problems } = await bindProject({ events: [...ALL_EVENTS], views: [definition] })
  assert(problems.length === 0, `${definition.name}: ${problems.map(({ message }) => message).join("; ")}`)
  return plans[0]!
}

export function engineOf(plan: ViewPlan): Engine {
  return createEngine(lowerViews(ALL_EVENTS, [plan]))
}

/** Answers go nowhere, as in the benchmark. */
export function sinkEngineOf(
  plan: ViewPlan,
  make: (specs: readonly OperatorSpec[]) => Engine = createEngine,
): Engine {
  const specs = lowerViews(ALL_EVENTS, [plan])
  return make(specs.map((spec) => (spec.kind === "view" ? { ...spec, keepsRows: false } : spec)))
}

export function sideInput(keys: number): Batch {
  const builder = new RowBuilder([INT64, STRING, TIMESTAMP, TIMESTAMP], keys)
  for (let key = 0; key < keys; key++) {
    const row = [BigInt(key), String(key), 0n, 0n]
    row.forEach((value, k) => {
      setScalar(builder.columns[k]!, key, value)
    })
    builder.length++
  }
  return builder.take(false)!
}

/** The slices of one epoch that the plan reads. */
export function slicesOf(batches: readonly Batch[], baseOffset: number, plan: ViewPlan): SourceSlice[] {
  return NEXMARK_EVENTS.map(({ name }, k) => ({
    source: sourceId(name),
    partition: 0,
    baseOffset,
    batch: batches[k]!,
    skip: null,
  })).filter(
    ({ source, batch }) => batch.length > 0 && plan.events.some((event) => sourceId(event) === source),
  )
}

export function watermarksAt(timeMs: number): ReadonlyMap<string, bigint> {
  return new Map(ALL_EVENTS.map(({ name }) => [sourceId(name), BigInt(timeMs) * 1_000n]))
}

/** All rows of the view, in the form that canonical.ts compares. */
export function rowsOf(engine: Engine, plan: ViewPlan): Row[] {
  using snapshot = engine.snapshot(plan.name)
  const batch = snapshot.select({ where: [], sort: [], offset: 0, limit: Number.MAX_SAFE_INTEGER })
  return Array.from({ length: batch.length }, (_, row) =>
    readRow(batch, row).map((value, column) => cellOfScalar(value, plan.columns[column]!.type)),
  )
}
