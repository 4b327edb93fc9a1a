/** Nodes as the specs of operators, where all that is added is the operator's place. */
import type { AggregateSpec, PatternSpec, ProcessSpec, SideSpec } from "../../engine/dataflow.ts"
import type { Expression } from "../../expr/expression.ts"
import { mapAggregate, substituteColumns } from "../../expr/rewrite.ts"
import { completeUs } from "../../plan/expiry.ts"
import type { AggregateNode, JoinNode, PatternNode, ProcessNode, ScanNode } from "../../plan/plan.ts"
import { assert } from "../../std/assert.ts"
import type { Pipe } from "./pipe.ts"

interface Place {
  readonly id: string
  readonly input: string
}

export function patternSpec(node: PatternNode, { id, input }: Place): PatternSpec {
  const { partition, order, steps, withinUs, afterMatch, timeouts, outputs, columns } = node
  const parts = { partition, order, steps, withinUs, afterMatch, timeouts, outputs, columns }
  const { columns: inputColumns } = node.input
  return { kind: "pattern", id, input, inputColumns, lateUs: completeUs(node.input), ...parts }
}

export function processSpec(node: ProcessNode, { id, input }: Place): ProcessSpec {
  const { partition, function: handlers, latenessUs, timeToLiveUs, sides, columns } = node
  const { timeColumn: time, columns: inputColumns } = node.input
  assert(time !== null, "rows of a process have a time")
  const rows = { input, inputColumns, partition, time, completeUs: completeUs(node.input) }
  return { kind: "process", id, ...rows, latenessUs, timeToLiveUs, function: handlers, columns, sides }
}

export function sideSpec(
  { side, columns, name }: ScanNode,
  { id, input }: { readonly id: string; readonly input: string | undefined },
): SideSpec {
  assert(side !== undefined, "the scan reads a side output")
  assert(input !== undefined, `${name} is lowered before its side outputs`)
  return { kind: "side", id, input, side, columns }
}

/** With the pipe's steps in the loop that groups. */
export function aggregateSpec(
  node: AggregateNode,
  pipe: Pipe,
  { id, emit, allowedLatenessUs }: Pick<AggregateSpec, "id" | "emit" | "allowedLatenessUs">,
): AggregateSpec {
  const over = (expression: Expression) => substituteColumns(expression, pipe.outputs)
  const windowed = node.windowKeys !== null
  assert(pipe.session === null || windowed, "the rows of sessions are grouped by them")
  const assigned = pipe.window !== null || pipe.session !== null
  const carried = windowed && !assigned ? node.input.windowColumns : null
  const varying = carried?.varying ?? null
  return {
    kind: "aggregate",
    id,
    input: pipe.input,
    filter: pipe.filter,
    window: pipe.window,
    keys: node.keys.map(over),
    aggregates: node.aggregates.map((call) => mapAggregate(call, over)),
    windowKeys: varying === null ? node.windowKeys : endOf(node.windowKeys),
    windowSizeUs: varying === null ? (carried?.sizeUs ?? null) : null,
    ...(varying === null || varying === "sessions" ? {} : { windowShape: varying }),
    ...(pipe.session === null ? {} : { session: pipe.session }),
    emit,
    allowedLatenessUs,
    ...(node.delayUs === 0n ? {} : { delayUs: node.delayUs }),
    columns: node.columns,
  }
}

/** Where windows vary in length, a start that rows carry beside the end is a key like any other. */
function endOf(keys: AggregateNode["windowKeys"]): AggregateNode["windowKeys"] {
  return keys === null || keys.end === null ? keys : { start: null, end: keys.end }
}

/** Columns of a side that may be missing beside the other side's row. */
export function isPadded({ type }: JoinNode, isLeft: boolean): boolean {
  return type === "full" || (type === "left" && !isLeft)
}
