/**
 * One of Nexmark's queries as the benches run it: epoch by epoch, answers going nowhere, with checkpoints.
 */
import type { Engine, SourceSlice } from "../../src/engine/dataflow.ts"
import type { ViewPlan } from "../../src/plan/plan.ts"
import { SIDE_INPUT_KEYS } from "../../test/nexmark/answers.ts"
import { OUT_OF_ORDER_MS } from "../../test/nexmark/columns.ts"
import { sideInput, sinkEngineOf, watermarksAt } from "../../test/nexmark/run-query.ts"

export const NEXMARK_OPTIONS = { tps: 100_000, baseMs: Date.UTC(2026, 0, 1) }
export const EPOCH_EVENTS = 50_000
export const EPOCHS_PER_CHECKPOINT = 20
/** A query that never lets rows go ends here: two engines run at a time, each with a limit of 3 GiB. */
export const MAX_STATE_BYTES = 2 * 2 ** 30

export class QueryRun {
  readonly #engine: Engine
  #epoch = 0
  /** Pages with no younger stamp are in the checkpoint before. */
  #heldGeneration = -1

  constructor(plan: ViewPlan, engine: Engine = sinkEngineOf(plan)) {
    this.#engine = engine
    if (!plan.events.includes("side_input")) return
    const slice = { partition: 0, baseOffset: 0, batch: sideInput(SIDE_INPUT_KEYS), skip: null }
    const slices = [{ source: "event:side_input", ...slice }]
    this.#engine.runEpoch({ epoch: ++this.#epoch, slices, watermarksUs: new Map() })
  }

  get stateBytes(): number {
    return this.#engine.stateBytes()
  }

  epoch(slices: readonly SourceSlice[], timeMs: number): void {
    const watermarksUs = watermarksAt(timeMs - OUT_OF_ORDER_MS)
    this.#engine.runEpoch({ epoch: ++this.#epoch, slices, watermarksUs })
    if (this.#epoch % EPOCHS_PER_CHECKPOINT === 0) this.#checkpoint()
  }

  /** All that a checkpointer would write is made. */
  #checkpoint(): void {
    using checkpoint = this.#engine.checkpoint()
    for (const { bytes } of checkpoint.parts(({ stamp }) => stamp <= this.#heldGeneration)) bytes.at(-1)
    this.#heldGeneration = checkpoint.generation
  }
}
