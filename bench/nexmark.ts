/**
 * Nexmark from decoded columns: events per CPU-second of one core, checkpoints on, beside what Flink 2 is
 * published with per used core (nexmark/nexmark's second suite, RocksDB, 100,000 events per second of event
 * time). All events count, also those of kinds that a query does not read. Making events is not measured.
 */

import type { Engine } from "../src/engine/dataflow.ts"
import type { ViewPlan } from "../src/plan/plan.ts"
import { SIDE_INPUT_KEYS } from "../test/nexmark/answers.ts"
import { nexmarkSlice, OUT_OF_ORDER_MS } from "../test/nexmark/columns.ts"
import { NEXMARK_QUERIES } from "../test/nexmark/queries.ts"
import { planOf, sideInput, sinkEngineOf, slicesOf, watermarksAt } from "../test/nexmark/run-query.ts"
import type { Bench } from "./figure.ts"

/** At scale 1. Unbounded joins keep every bid: twenty million are more than one engine's pages hold. */
const EVENTS = 2_000_000
const EPOCH_EVENTS = 50_000
const EPOCHS_PER_CHECKPOINT = 20
const OPTIONS = { tps: 100_000, baseMs: Date.UTC(2026, 0, 1) }

/** Thousand events per second and used core. */
const FLINK: Readonly<Record<string, number>> = {
  q0: 379,
  q1: 395,
  q2: 414,
  q3: 219,
  q4: 28,
  q5: 75,
  q7: 23,
  q8: 162,
  q9: 13.8,
  q11: 46,
  q12: 194,
  q14: 259,
  q15: 168,
  q16: 45,
  q17: 161,
  q18: 65,
  q19: 43,
  q20: 17.8,
  q21: 147,
  q22: 212,
}

export const bench: Bench = {
  name: "nexmark",
  about:
    "Nexmark q0 to q23 from decoded columns, 100,000 events per second of event time, checkpoints on: " +
    "thousand events per CPU-second, against Flink's published figure per used core.",
  async run(report, { scale }) {
    const events = Math.max(4 * EPOCH_EVENTS, Math.round(EVENTS * scale))
    const ratios: number[] = []
    for (const definition of NEXMARK_QUERIES) {
      const plan = await planOf(definition)
      const value = measure(sinkEngineOf(plan), plan, events)
      const baseline = FLINK[definition.name] ?? null
      if (baseline !== null) ratios.push(value / baseline)
      report({ metric: definition.name, value, unit: "k events/CPU-s", baseline })
    }
    const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length)
    report({ metric: "geometric mean of the ratios", value: mean, unit: "x Flink", baseline: null })
  },
}

/** Thousand events per CPU-second over the second half of the events, when state and code are warm. */
function measure(engine: Engine, plan: ViewPlan, events: number): number {
  let epoch = 0
  if (plan.events.includes("side_input")) {
    const slice = { partition: 0, baseOffset: 0, batch: sideInput(SIDE_INPUT_KEYS), skip: null }
    const slices = [{ source: "event:side_input", ...slice }]
    engine.runEpoch({ epoch: ++epoch, slices, watermarksUs: new Map() })
  }
  let cpuUs = 0
  let counted = 0
  for (let from = 0; from < events; from += EPOCH_EVENTS) {
    const to = Math.min(events, from + EPOCH_EVENTS)
    const { batches, timeMs } = nexmarkSlice(from, to, OPTIONS)
    const input = {
      epoch: ++epoch,
      slices: slicesOf(batches, from, plan),
      watermarksUs: watermarksAt(timeMs - OUT_OF_ORDER_MS),
    }
    const before = process.cpuUsage()
    engine.runEpoch(input)
    if (epoch % EPOCHS_PER_CHECKPOINT === 0) readCheckpoint(engine)
    const { user, system } = process.cpuUsage(before)
    if (from < events / 2) continue
    cpuUs += user + system
    counted += to - from
  }
  return (counted / cpuUs) * 1_000
}

/** Every part is made, as a checkpointer would write it. */
function readCheckpoint(engine: Engine): void {
  using checkpoint = engine.checkpoint()
  for (const { bytes } of checkpoint.parts()) bytes.at(-1)
}
