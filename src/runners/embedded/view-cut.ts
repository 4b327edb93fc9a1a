/** One view as of one epoch, taken between two epochs: its pages are shared, so that this costs little. */
import type { Batch } from "../../columns/batch.ts"
import { readRow } from "../../columns/scalar.ts"
import type { Engine, ViewLosses } from "../../engine/dataflow.ts"
import type { ViewPlan } from "../../plan/plan.ts"
import type { ViewCut } from "../clickhouse/cut.ts"

export interface CutParts {
  readonly engine: Engine
  readonly plan: ViewPlan
  readonly history: number
  readonly positions: ViewCut["positions"]
  /** Of every view. */
  readonly watermarksUs: ReadonlyMap<string, bigint | null>
}

/** Rows in one batch. */
const BATCH_ROWS = 16_384

export function cutOf({ engine, plan, history, positions, watermarksUs }: CutParts): ViewCut {
  const snapshot = engine.snapshot(plan.name)
  const losses = new Map([...watermarksUs.keys()].map((view) => [view, engine.losses(view)]))
  function* batches(): Generator<Batch> {
    for (let offset = 0; offset < snapshot.rowCount; offset += BATCH_ROWS) {
      yield snapshot.select({ where: [], sort: [], offset, limit: BATCH_ROWS })
    }
  }
  return {
    epoch: engine.epoch,
    history,
    positions,
    rowCount: snapshot.rowCount,
    watermarkUs: (view) => watermarksUs.get(view) ?? null,
    losses: (view): ViewLosses => losses.get(view)!,
    find: (wanted) => {
      const where = wanted.map(({ column, value }) => ({ column, value, comparison: "eq" as const }))
      const found = snapshot.select({ where, sort: [], offset: 0, limit: 1 })
      return found.length === 0 ? null : readRow(found, 0)
    },
    batches,
    [Symbol.dispose]: () => snapshot[Symbol.dispose](),
  }
}
