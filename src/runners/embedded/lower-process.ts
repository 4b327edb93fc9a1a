/** A process and its side outputs as operators. */
import type { ProcessSpec, SideSpec } from "../../engine/dataflow.ts"
import { completeUs } from "../../plan/expiry.ts"
import type { ProcessNode, ScanNode } from "../../plan/plan.ts"
import { assert } from "../../std/assert.ts"

interface Place {
  readonly id: string
  readonly input: string
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
