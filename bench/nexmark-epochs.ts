/** Nexmark events through an engine, epoch by epoch, with checkpoints. Making events is not measured. */
import type { Engine } from "../src/engine/dataflow.ts"
import type { ViewPlan } from "../src/plan/plan.ts"
import { SIDE_INPUT_KEYS } from "../test/nexmark/answers.ts"
import { nexmarkSlice, OUT_OF_ORDER_MS } from "../test/nexmark/columns.ts"
import { sideInput, slicesOf, watermarksAt } from "../test/nexmark/run-query.ts"

/** At scale 1. Unbounded joins keep every bid: twenty million are more than one engine's pages hold. */
const EVENTS = 2_000_000
const EPOCH_EVENTS = 50_000
const EPOCHS_PER_CHECKPOINT = 20
const OPTIONS = { tps: 100_000, baseMs: Date.UTC(2026, 0, 1) }

/** Thousand events, all kinds counted, over the second half of them, when state and code are warm. */
export interface Throughput {
  readonly perCpuSecond: number
  readonly perSecond: number
}

export function measure(engine: Engine, plan: ViewPlan, scale: number): Throughput {
  const events = Math.max(4 * EPOCH_EVENTS, Math.round(EVENTS * scale))
  let epoch = 0
  if (plan.events.includes("side_input")) {
    const slice = { partition: 0, baseOffset: 0, batch: sideInput(SIDE_INPUT_KEYS), skip: null }
    const slices = [{ source: "event:side_input", ...slice }]
    engine.runEpoch({ epoch: ++epoch, slices, watermarksUs: new Map() })
  }
  let cpuUs = 0
  let wallMs = 0
  let counted = 0
  for (let from = 0; from < events; from += EPOCH_EVENTS) {
    const to = Math.min(events, from + EPOCH_EVENTS)
    const { batches, timeMs } = nexmarkSlice(from, to, OPTIONS)
    const input = {
      epoch: ++epoch,
      slices: slicesOf(batches, from, plan),
      watermarksUs: watermarksAt(timeMs - OUT_OF_ORDER_MS),
    }
    const [cpu, startMs] = [process.cpuUsage(), performance.now()]
    engine.runEpoch(input)
    if (epoch % EPOCHS_PER_CHECKPOINT === 0) readCheckpoint(engine)
    const ms = performance.now() - startMs
    const { user, system } = process.cpuUsage(cpu)
    if (from < events / 2) continue
    cpuUs += user + system
    wallMs += ms
    counted += to - from
  }
  return { perCpuSecond: (counted / cpuUs) * 1_000, perSecond: counted / wallMs }
}

/** Every part is made, as a checkpointer would write it. */
function readCheckpoint(engine: Engine): void {
  using checkpoint = engine.checkpoint()
  for (const { bytes } of checkpoint.parts()) bytes.at(-1)
}
