/**
 * A pattern over rows written as text, run by the engine: "a@1 b:7@3" is a row of kind a at second 1, then
 * one of kind b with amount 7 at second 3; "K/a@1" is of key K. Results come back as text, times as seconds.
 */
import { readRow } from "../../src/columns/scalar.ts"
import type { Scalar } from "../../src/columns/types.ts"
import { INT32, INT64, STRING, TIMESTAMP } from "../../src/columns/types.ts"
import type { ContractField, EventContract } from "../../src/contracts/contract.ts"
import { createEngine } from "../../src/engine/create-engine.ts"
import type { Engine, EpochResult, OperatorSpec } from "../../src/engine/dataflow.ts"
import { VERDICTS } from "../../src/engine/dataflow.ts"
import { sliceOf } from "../../src/engine/kit/batches.ts"
import { bindProject } from "../../src/plan/bind-project.ts"
import type { PatternOptions, PatternStepOptions } from "../../src/plan/pattern.ts"
import { pattern } from "../../src/plan/pattern.ts"
import type { ViewDefinition } from "../../src/plan/view.ts"
import { eventColumns, lowerViews, sourceId } from "../../src/runners/embedded/lower.ts"
import { assert } from "../../src/std/assert.ts"
import { flight } from "../kit/plan-events.ts"

const field = (name: string, type: ContractField["type"], nullable = false): ContractField => {
  return { name, type, nullable, optional: false }
}

export const SIGHTING: EventContract = {
  ...flight,
  name: "sighting",
  topic: "sighting",
  id: "id",
  time: "at",
  fields: [
    field("id", INT64),
    field("key", STRING, true),
    field("kind", STRING),
    field("amount", INT32, true),
    field("at", TIMESTAMP),
  ],
}

const SECOND = 1_000_000n

/** Steps as text: "a b{2} …c{1,}? !d": … is relaxed, ! forbids, ? is reluctant; rows are of its kind. */
export function steps(text: string): PatternStepOptions[] {
  return text.split(" ").map((word) => {
    const found = /^(!?)(…?)([a-z])(?:\{(\d+)(,?)(\d*)\})?(\??)$/u.exec(word)
    assert(found !== null, `${word} is a step`)
    const [, not, relaxed, name, least, comma, most, reluctant] = found
    const times = least === undefined ? {} : { times: timesOf(least, comma === ",", most!) }
    const contiguity = relaxed === "…" ? { contiguity: "relaxed" as const } : {}
    const where = `kind = '${name}'`
    return {
      name: name!,
      where,
      ...times,
      ...contiguity,
      greedy: reluctant === "",
      ...(not === "!" ? { not: true } : {}),
    }
  })
}

function timesOf(least: string, isRange: boolean, most: string): NonNullable<PatternStepOptions["times"]> {
  if (!isRange) return Number(least)
  return { atLeast: Number(least), ...(most === "" ? {} : { atMost: Number(most) }) }
}

export type CaseOptions = Partial<PatternOptions> & Pick<PatternOptions, "steps">

/** By default: within 100 seconds, the time of the first and of the last row, and how many were taken. */
export function definition(options: CaseOptions): ViewDefinition {
  const select = "first(at) AS began, at AS ended, count(*) AS taken"
  return pattern("found", { from: "sighting", key: "key", within: "100 s", select, ...options })
}

export class PatternRun {
  readonly engine: Engine
  readonly specs: readonly OperatorSpec[]
  #epoch = 0
  #id = 0n

  constructor(specs: readonly OperatorSpec[]) {
    this.specs = specs
    this.engine = createEngine(specs)
  }

  static async of(...views: readonly ViewDefinition[]): Promise<PatternRun> {
    const { plans, problems } = await bindProject({ events: [SIGHTING], views })
    assert(problems.length === 0, problems.map(({ message }) => message).join("; "))
    return new PatternRun(lowerViews([SIGHTING], plans))
  }

  /** Rows, then the watermark in seconds. */
  epoch(rows: string, watermark: number): string[] {
    return this.run(rows, watermark).changes.flatMap(({ changes }) => {
      return Array.from({ length: changes.length }, (_, k) => readRow(changes, k).map(text).join(" "))
    })
  }

  verdicts(rows: string, watermark: number): string[] {
    const [own] = this.run(rows, watermark).verdicts
    return Array.from(own?.verdicts ?? [], (verdict) => VERDICTS[verdict]!)
  }

  run(rows: string, watermark: number): EpochResult {
    const read = rows === "" ? [] : rows.split(" ").map((row) => this.#read(row))
    const slices = [sliceOf(sourceId("sighting"), eventColumns(SIGHTING), read)]
    return this.engine.runEpoch({
      epoch: ++this.#epoch,
      slices: read.length === 0 ? [] : slices,
      watermarksUs: new Map([[sourceId("sighting"), BigInt(watermark) * SECOND]]),
    })
  }

  #read(row: string): Scalar[] {
    const found = /^(?:(\w+)\/)?([a-z])(?::(-?\d+))?@(\d+)$/.exec(row)
    assert(found !== null, `${row} is a row`)
    const [, key = "K", kind, amount, at] = found
    const timeUs = BigInt(at!) * SECOND
    return [this.#id++, key, kind!, amount === undefined ? null : Number(amount), timeUs, timeUs]
  }
}

/** All results, when every row has come and all time has run out. */
export async function matches(options: CaseOptions, rows: string): Promise<string[]> {
  const run = await PatternRun.of(definition(options))
  return run.epoch(rows, 1_000_000)
}

function text(value: Scalar): string {
  if (value === null) return "NULL"
  if (typeof value === "bigint" && value >= 100_000n) return String(value / SECOND)
  return String(value)
}
