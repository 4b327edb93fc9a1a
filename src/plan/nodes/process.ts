/**
 * What a process puts out. Its rows only come; they are no further behind the watermark than the rows that it
 * is handed. The node is the main output; a scan with a `side` is one of the others.
 */
import type { Column } from "../../columns/types.ts"
import { TIMESTAMP } from "../../columns/types.ts"
import { assert } from "../../std/assert.ts"
import type { PlanNode, ProcessNode, ScanNode } from "../plan.ts"

export interface ProcessParts
  extends Pick<ProcessNode, "input" | "partition" | "process" | "function" | "latenessUs" | "timeToLiveUs"> {
  /** Of the main output and of each side, the time last. */
  readonly outputs: readonly (readonly Column[])[]
}

export function processNode(parts: ProcessParts): ProcessNode {
  const { input, partition, process, function: handlers, latenessUs, timeToLiveUs, outputs } = parts
  assert(
    input.changes === "append" && input.timeColumn !== null,
    "rows of a process only come, and have a time",
  )
  const [columns, ...sides] = outputs
  assert(columns?.at(-1)?.type === TIMESTAMP, "an output's last column is its time")
  return Object.freeze({
    kind: "process",
    ...{ input, partition, process, function: handlers, latenessUs, timeToLiveUs, sides, columns },
    ...outputProperties({ columns, input, latenessUs }),
  })
}

export function sideOf(node: ProcessNode, side: number): ScanNode {
  const columns = node.sides[side]
  assert(columns !== undefined, "a side output is one of the process")
  return Object.freeze({
    kind: "scan",
    source: "view",
    name: node.process,
    side,
    columns,
    ...outputProperties({ ...node, columns }),
  })
}

/** Where no row is too late, what is put out may be of any time: no window over it would ever be complete. */
function outputProperties({
  columns,
  input,
  latenessUs,
}: {
  readonly columns: readonly Column[]
  readonly input: PlanNode
  readonly latenessUs: bigint | null
}) {
  return {
    changes: "append",
    key: null,
    timeColumn: latenessUs === null ? null : columns.length - 1,
    windowColumns: null,
    delayUs: input.delayUs + (latenessUs ?? 0n),
  } as const
}
