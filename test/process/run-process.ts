/**
 * Processes in the engine, epoch by epoch: rows as words ("a:3@10" is key a, amount 3, second 10), the
 * watermark and the clock in seconds; what comes out as words, by view.
 */
import { z } from "zod"
import { readRow } from "../../src/columns/scalar.ts"
import type { Scalar } from "../../src/columns/types.ts"
import { event } from "../../src/contracts/event.ts"
import { int32, int64, timestamp } from "../../src/contracts/field-types.ts"
import { createEngine } from "../../src/engine/create-engine.ts"
import type { Engine, EpochResult, OperatorSpec } from "../../src/engine/dataflow.ts"
import { VERDICTS } from "../../src/engine/dataflow.ts"
import type { CheckpointPart } from "../../src/engine/engine-checkpoint.ts"
import { sliceOf } from "../../src/engine/kit/batches.ts"
import { bindProject } from "../../src/plan/bind-project.ts"
import type { ViewDefinition } from "../../src/plan/view.ts"
import { eventColumns, lowerViews, sourceId } from "../../src/runners/embedded/lower.ts"
import { assert } from "../../src/std/assert.ts"

/** A number that a meter of some key has shown. */
export const reading = event("reading", {
  schema: z.object({
    id: int64(),
    meter: z.string().nullable(),
    amount: int32(),
    at: timestamp({ unit: "ms" }),
  }),
  id: "id",
  time: "at",
  key: "meter",
})

export const SECOND_US = 1_000_000n

export type EpochRow = readonly [meter: string | null, amount: number, atSeconds: number]

export interface EpochOptions {
  /** In seconds; by default as before. */
  readonly watermark?: number
  readonly clock?: number
}

export class ProcessRun {
  readonly specs: readonly OperatorSpec[]
  engine: Engine
  #epoch = 0
  #id = 0n
  #watermark: number | null = null
  #clock = 0

  constructor(specs: readonly OperatorSpec[], engine: Engine = createEngine(specs)) {
    this.specs = specs
    this.engine = engine
  }

  static async of(...views: readonly ViewDefinition[]): Promise<ProcessRun> {
    const { plans, problems } = await bindProject({ events: [reading], views })
    assert(problems.length === 0, problems.map(({ message }) => message).join("; "))
    return new ProcessRun(lowerViews([reading], plans))
  }

  /** What came out, as "view: values", times in seconds. */
  epoch(rows: string, options: EpochOptions = {}): string[] {
    return shown(this.run(readRows(rows), options))
  }

  shown(rows: readonly EpochRow[], options: EpochOptions = {}): string[] {
    return shown(this.run(rows, options))
  }

  verdicts(rows: string, options: EpochOptions = {}): string[] {
    const [own] = this.run(readRows(rows), options).verdicts
    return Array.from(own?.verdicts ?? [], (verdict) => VERDICTS[verdict]!)
  }

  run(rows: readonly EpochRow[], options: EpochOptions = {}): EpochResult {
    const { watermark = this.#watermark, clock = this.#clock } = options
    this.#watermark = watermark
    this.#clock = clock
    const read = rows.map(([meter, amount, at]): Scalar[] => {
      const timeUs = BigInt(Math.round(at * 1e6))
      return [this.#id++, meter, amount, timeUs, timeUs]
    })
    const slice = sliceOf(sourceId("reading"), eventColumns(reading), read)
    return this.engine.runEpoch({
      epoch: ++this.#epoch,
      slices: read.length === 0 ? [] : [slice],
      watermarksUs: new Map(
        watermark === null ? [] : [[sourceId("reading"), BigInt(Math.round(watermark * 1e6))]],
      ),
      clockMs: Math.round(clock * 1_000),
    })
  }

  /** Goes on in a new engine with this one's checkpoint. */
  restore(make: (specs: readonly OperatorSpec[]) => Engine = createEngine): void {
    const parts = this.checkpoint()
    this.engine = make(this.specs)
    this.engine.restore(parts)
  }

  checkpoint(): CheckpointPart[] {
    using checkpoint = this.engine.checkpoint()
    return [...checkpoint.parts()].map(({ name, bytes }) => ({ name, bytes: bytes.slice() }))
  }
}

export function readRows(rows: string): EpochRow[] {
  if (rows === "") return []
  return rows.split(" ").map((row) => {
    const found = /^(?:(\w+):)?(-?\d+)@(\d+(?:\.\d+)?)$/.exec(row)
    assert(found !== null, `${row} is a row`)
    const [, meter = "a", amount, at] = found
    return [meter === "NULL" ? null : meter, Number(amount), Number(at)]
  })
}

export function shown({ changes }: EpochResult): string[] {
  return changes.flatMap(({ view, changes: batch }) =>
    Array.from({ length: batch.length }, (_, k) => `${view}: ${readRow(batch, k).map(text).join(" ")}`),
  )
}

function text(value: Scalar): string {
  if (value === null) return "NULL"
  if (typeof value === "bigint" && (value >= 100_000n || value < 0n)) return String(Number(value) / 1e6)
  return String(value)
}
