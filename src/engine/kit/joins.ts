/** Two sources, `left` and `right`, and a join of them, for tests that name single behaviours. */
import type { Column } from "../../columns/types.ts"
import { INT32, INTERVAL, STRING, TIMESTAMP } from "../../columns/types.ts"
import type { Expression } from "../../expr/expression.ts"
import { createEngine } from "../create-engine.ts"
import type { Engine, Expiry, JoinSpec, OperatorSpec } from "../dataflow.ts"
import { VERDICTS } from "../dataflow.ts"
import type { Row } from "./batches.ts"
import { column, rowsOf, sliceOf, weightedRows } from "./batches.ts"
import { call, compare, lit } from "./expressions.ts"
import { source, view } from "./harness.ts"

export const SIDE: readonly Column[] = [
  column("key", STRING),
  column("value", INT32),
  column("time", TIMESTAMP),
]

export interface JoinParts {
  readonly type: JoinSpec["type"]
  readonly emit?: JoinSpec["emit"]
  readonly keys?: readonly number[]
  readonly condition?: Expression
  readonly expiry?: { readonly left: Expiry | null; readonly right: Expiry | null }
}

export function joinOf(parts: JoinParts, inputs: { left: string; right: string }, id = "join"): JoinSpec {
  const { type, emit = "changes", keys = [0], condition = null } = parts
  const { left, right } = parts.expiry ?? { left: null, right: null }
  const own = type === "semi" || type === "anti"
  const all = own ? SIDE : [...SIDE, ...SIDE.map((one) => ({ ...one, name: `other_${one.name}` }))]
  return {
    kind: "join",
    id,
    type,
    left: { input: inputs.left, columns: SIDE, keys, expiry: left },
    right: { input: inputs.right, columns: SIDE, keys, expiry: right },
    condition,
    emit,
    columns: all.map((one) => ({ ...one, nullable: true })),
  }
}

/** left.time + lower <= right.time <= left.time + upper, and how long rows are kept for that. */
export function within(lower: bigint, upper: bigint): Required<Pick<JoinParts, "condition" | "expiry">> {
  const time = (index: number): Expression => ({ kind: "column", index, ...SIDE[2]! })
  const shifted = (micros: bigint) =>
    call("add", TIMESTAMP, time(2), lit({ months: 0, days: 0, micros }, INTERVAL))
  const args = [compare("gte", time(5), shifted(lower)), compare("lte", time(5), shifted(upper))]
  const keep = (reach: bigint) => ({ at: 2, lateUs: 1n, keepUs: 1n + (reach > 0n ? reach : 0n) })
  return {
    condition: { kind: "and", args, type: { kind: "boolean" }, nullable: true },
    expiry: { left: keep(upper), right: keep(-lower) },
  }
}

export interface JoinEpoch {
  readonly left?: readonly Row[]
  readonly right?: readonly Row[]
  readonly watermark?: bigint
}

/** Runs epochs over the two sources; the view is called `joined`. */
export class JoinHarness {
  readonly engine: Engine
  #epoch = 0

  constructor(specs: readonly OperatorSpec[]) {
    this.engine = createEngine(specs)
  }

  static of(parts: JoinParts): JoinHarness {
    const join = joinOf(parts, { left: "left", right: "right" })
    const sources = [source(SIDE, "left"), source(SIDE, "right")]
    return new JoinHarness([...sources, join, view("joined", "join", join.columns, null)])
  }

  /** Changes as [weight, ...row], and verdicts of the left rows, then the right ones. */
  epoch({ left = [], right = [], watermark }: JoinEpoch): { changes: unknown[][]; verdicts: string[] } {
    const slices = [sliceOf("left", SIDE, left), sliceOf("right", SIDE, right)]
    const { changes, verdicts } = this.engine.runEpoch({
      epoch: ++this.#epoch,
      slices: slices.filter(({ batch }) => batch.length > 0),
      watermarksUs: new Map(
        watermark === undefined
          ? []
          : [
              ["left", watermark],
              ["right", watermark],
            ],
      ),
    })
    return {
      changes: changes.flatMap((one) => weightedRows(one.changes).map(([weight, row]) => [weight, ...row])),
      verdicts: verdicts.flatMap((one) => Array.from(one.verdicts, (verdict) => VERDICTS[verdict]!)),
    }
  }

  rows(name = "joined"): unknown[][] {
    using snapshot = this.engine.snapshot(name)
    return rowsOf(snapshot.select({ where: [], sort: [], offset: 0, limit: 1_000_000 }))
  }
}
