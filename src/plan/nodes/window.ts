/** tumble() and hop(): window_start and window_end appended to each row, once per window of the row. */
import { TIMESTAMP } from "../../columns/types.ts"
import { assert } from "../../std/assert.ts"
import type { PlanNode, WindowNode, WindowSpec } from "../plan.ts"

export const WINDOW_START = "window_start"
export const WINDOW_END = "window_end"

export function windowNode(input: PlanNode, window: WindowSpec): WindowNode {
  const { sizeUs, slideUs } = window
  assert(input.columns[window.timeColumn]?.type.kind === "timestamp", "windows are cut along a timestamp")
  assert(slideUs > 0n && sizeUs % slideUs === 0n, "a window's size is a multiple of its slide")
  const start = input.columns.length
  const overlapping = sizeUs !== slideUs
  return Object.freeze({
    kind: "window",
    input,
    window,
    columns: [
      ...input.columns,
      { name: WINDOW_START, type: TIMESTAMP, nullable: false },
      { name: WINDOW_END, type: TIMESTAMP, nullable: false },
    ],
    changes: overlapping && input.changes === "upsert" ? "retract" : input.changes,
    key: input.key === null ? null : overlapping ? [...input.key, start] : input.key,
    timeColumn: input.timeColumn,
    windowColumns: { start, end: start + 1, sizeUs },
    delayUs: input.delayUs,
  })
}
