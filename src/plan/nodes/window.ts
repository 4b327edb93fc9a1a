/**
 * tumble(), hop() and cumulate(): window_start and window_end appended to each row, once per window of the
 * row. Ends tell the windows of one call apart; so do starts, but for cumulate, whose windows share them.
 */
import { TIMESTAMP } from "../../columns/types.ts"
import { assert } from "../../std/assert.ts"
import type { PlanNode, WindowColumns, WindowNode, WindowShape, WindowSpec } from "../plan.ts"

export const WINDOW_START = "window_start"
export const WINDOW_END = "window_end"

export function windowNode(input: PlanNode, window: WindowSpec): WindowNode {
  const { sizeUs, slideUs } = window
  assert(input.columns[window.timeColumn]?.type.kind === "timestamp", "windows are cut along a timestamp")
  assert(slideUs > 0n && sizeUs % slideUs === 0n, "a window's size is a multiple of its slide")
  const start = input.columns.length
  const windowColumns = { start, end: start + 1, sizeUs, ...varyingOf(window) }
  const overlapping = sizeUs !== slideUs
  const added = startTellsEnd(windowColumns) ? start : start + 1
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
    key: input.key === null ? null : overlapping ? [...input.key, added] : input.key,
    timeColumn: input.timeColumn,
    windowColumns,
    delayUs: input.delayUs,
  })
}

function varyingOf({ timeColumn: _, ...shape }: WindowSpec): { readonly varying?: WindowShape } {
  const varies = shape.kind === "cumulate" || (shape.zone ?? null) !== null
  return varies ? { varying: shape } : {}
}

/** Whether a window is known by its start alone. */
export function startTellsEnd({ varying }: Pick<WindowColumns, "varying">): boolean {
  return varying !== "sessions" && varying?.kind !== "cumulate"
}

export function sameWindows(a: WindowColumns | null, b: WindowColumns | null): boolean {
  if (a === null || b === null) return a === b
  const shape = ({ kind, slideUs, offsetUs = 0n, zone = null }: WindowShape) =>
    `${kind} ${slideUs} ${offsetUs} ${zone}`
  const varying = ({ varying: of }: WindowColumns) => (of && of !== "sessions" ? shape(of) : (of ?? null))
  return a.start === b.start && a.end === b.end && a.sizeUs === b.sizeUs && varying(a) === varying(b)
}
