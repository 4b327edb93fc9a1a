/**
 * Matches of a pattern. They come when the rows behind them can no longer change them, so they only come; as
 * late behind the watermark as the pattern is long.
 */
import type { Column } from "../../columns/types.ts"
import { BOOLEAN } from "../../columns/types.ts"
import type { PatternStep, PatternValue } from "../../expr/pattern.ts"
import { assert } from "../../std/assert.ts"
import type { PatternNode } from "../plan.ts"

export interface PatternParts
  extends Pick<
    PatternNode,
    "input" | "partition" | "order" | "steps" | "withinUs" | "afterMatch" | "timeouts" | "outputs"
  > {
  /** Of the outputs. */
  readonly names: readonly string[]
}

export function patternNode(parts: PatternParts): PatternNode {
  const { input, partition, order, steps, withinUs, afterMatch, timeouts, outputs, names } = parts
  assert(
    input.changes === "append" && input.timeColumn === order[0]?.column,
    "rows of a pattern are in order",
  )
  assert(names.length === outputs.length, "every output of a pattern has a name")
  const rows = { columnOf: (position: number) => input.columns[position]!, steps, asking: null, timeouts }
  const time = outputs.findIndex((output) => isLastTime(output, input.timeColumn))
  return Object.freeze({
    kind: "pattern",
    ...{ input, partition, order, steps, withinUs, afterMatch, timeouts, outputs },
    columns: outputs.map((output, k) => ({ name: names[k]!, ...valueType(output, rows) })),
    changes: "append",
    key: null,
    timeColumn: time < 0 ? null : time,
    windowColumns: null,
    delayUs: input.delayUs + withinUs,
  })
}

function isLastTime(output: PatternValue, time: number | null): boolean {
  return (
    output.kind === "row" &&
    output.step === null &&
    output.column === time &&
    output.from === "last" &&
    output.offset === 0
  )
}

export interface PatternRows {
  readonly columnOf: (position: number) => Pick<Column, "type" | "nullable">
  readonly steps: readonly Pick<PatternStep, "least">[]
  /** The step whose condition asks; null behind a match. */
  readonly asking: number | null
  /** Matches may be cut short. */
  readonly timeouts: boolean
}

export function valueType(value: PatternValue, rows: PatternRows): Pick<Column, "type" | "nullable"> {
  switch (value.kind) {
    case "timed-out":
      return { type: BOOLEAN, nullable: false }
    case "aggregate":
      return { type: value.call.type, nullable: value.call.nullable }
    default: {
      const { type, nullable } = rows.columnOf(value.column)
      return { type, nullable: nullable || value.kind === "previous" || !isThere(value, rows) }
    }
  }
}

/** Whether there are as many rows as the value looks at in every match. */
function isThere(
  { step, offset }: PatternValue & { readonly kind: "row" },
  { steps, asking, timeouts }: PatternRows,
): boolean {
  if (step === null || step === asking || (step === 0 && offset === 0)) return offset === 0
  return !timeouts && offset < steps[step]!.least
}
