/** Runs epochs of literal rows and shows what came out as literal rows. */
import type { Column, Scalar } from "../../columns/types.ts"
import { FAILURES } from "../../expr/expression.ts"
import type { EngineOptions } from "../create-engine.ts"
import { createEngine } from "../create-engine.ts"
import type { AggregateSpec, Engine, OperatorSpec } from "../dataflow.ts"
import { VERDICTS } from "../dataflow.ts"
import type { Row } from "./batches.ts"
import { rowsOf, sliceOf, weightedRows } from "./batches.ts"
import { aggregate, col, columnsOf } from "./expressions.ts"

export interface Shown {
  /** Per view: [weight, ...row]. */
  readonly changes: Readonly<Record<string, readonly (readonly Scalar[])[]>>
  /** Per view: verdicts of all rows, "failed: reason" where they failed. */
  readonly verdicts: Readonly<Record<string, readonly string[]>>
}

export class Harness {
  readonly engine: Engine
  readonly #columns: readonly Column[]
  #epoch = 0

  constructor(specs: readonly OperatorSpec[], columns: readonly Column[], options?: EngineOptions) {
    this.engine = createEngine(specs, options)
    this.#columns = columns
  }

  /** Rows of the source `events`. */
  epoch(rows: readonly Row[], watermarkUs?: bigint, skip?: readonly number[]): Shown {
    const at = skip === undefined ? {} : { skip }
    const result = this.engine.runEpoch({
      epoch: ++this.#epoch,
      slices: rows.length === 0 ? [] : [sliceOf("events", this.#columns, rows, at)],
      watermarksUs: new Map(watermarkUs === undefined ? [] : [["events", watermarkUs]]),
    })
    const changes = result.changes.map(({ view, changes: batch }) => [
      view,
      weightedRows(batch).map(([weight, row]) => [weight, ...row]),
    ])
    const verdicts = result.verdicts.map(({ view, verdicts: found, failures }) => [
      view,
      Array.from(found, (verdict, row) => {
        const name = VERDICTS[verdict]!
        return name === "failed" ? `failed: ${FAILURES[failures![row]!]}` : name
      }),
    ])
    return { changes: Object.fromEntries(changes), verdicts: Object.fromEntries(verdicts) }
  }

  rows(view: string): Scalar[][] {
    using snapshot = this.engine.snapshot(view)
    return rowsOf(snapshot.select({ where: [], sort: [], offset: 0, limit: 1_000_000 }))
  }
}

export function source(columns: readonly Column[], id = "events"): OperatorSpec {
  return { kind: "source", id, columns }
}

export function view(
  name: string,
  input: string,
  columns: readonly Column[],
  key: readonly number[] | null,
): OperatorSpec {
  return { kind: "view", id: `view ${name}`, input, name, columns, key }
}

/** An aggregate with the usual absences filled in. */
export function groupBy(
  input: string,
  parts: Pick<AggregateSpec, "keys" | "aggregates"> & Partial<AggregateSpec>,
): AggregateSpec {
  const { keys, aggregates } = parts
  return {
    kind: "aggregate",
    id: "groups",
    input,
    filter: null,
    window: null,
    windowKeys: null,
    windowSizeUs: null,
    emit: "changes",
    allowedLatenessUs: 0n,
    columns: [
      ...columnsOf(
        keys,
        keys.map((key, k) => (key.kind === "column" ? key.name : `key${k}`)),
      ),
      ...aggregates.map(({ name, type, nullable }, k) => ({ name: `${name}${k}`, type, nullable })),
    ],
    ...parts,
  }
}

/** Groups by `key` with a text and with values of their own, in tables beside theirs. */
export function groupsWithValues(columns: readonly Column[]): AggregateSpec {
  return groupBy("events", {
    keys: [col(columns, "key")],
    aggregates: [
      aggregate("count", null),
      aggregate("max", col(columns, "text")),
      aggregate("sum", col(columns, "value"), true),
    ],
  })
}
