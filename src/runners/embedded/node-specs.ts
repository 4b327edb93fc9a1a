/** Nodes as the specs of operators, where all that is added is the operator's place. */
import type { PatternSpec, ProcessSpec, SideSpec } from "../../engine/dataflow.ts"
import { completeUs } from "../../plan/expiry.ts"
import type { AggregateNode, JoinNode, PatternNode, ProcessNode, ScanNode } from "../../plan/plan.ts"
import { assert } from "../../std/assert.ts"

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

/** Where windows vary in length, a start that rows carry beside the end is a key like any other. */
export function endOf(keys: AggregateNode["windowKeys"]): AggregateNode["windowKeys"] {
  return keys === null || keys.end === null ? keys : { start: null, end: keys.end }
}

/** Columns of a side that may be missing beside the other side's row. */
export function isPadded({ type }: JoinNode, isLeft: boolean): boolean {
  return type === "full" || (type === "left" && !isLeft)
}
