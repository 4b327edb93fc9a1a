/**
 * When rows that a join or a partition keeps are late, and when they can go. A time is compared with the
 * watermark; `delayUs` says how far behind it rows may still come.
 */
import { assert } from "../std/assert.ts"
import type { JoinNode, OverNode, PlanNode, RankNode } from "./plan.ts"

/** `at`: position of a timestamp among the columns of the side, or of the input. */
export interface RowExpiry {
  readonly at: number
  /** A row is late when at + lateUs <= the watermark from before it came. */
  readonly lateUs: bigint
  /** It goes when at + keepUs <= the watermark. */
  readonly keepUs: bigint
}

export interface WindowExpiry extends RowExpiry {
  /** The window closes when at + closeUs <= the watermark. */
  readonly closeUs: bigint
}

/** Null: rows are kept for ever. */
export function joinExpiry(node: JoinNode, side: "left" | "right", latenessUs: bigint): RowExpiry | null {
  const { bound, left, right } = node
  const input = side === "left" ? left : right
  switch (bound?.kind) {
    case "windows": {
      const { windowColumns } = input
      assert(windowColumns !== null, "a join of windows has windows on both sides")
      const { start, end, sizeUs } = windowColumns
      // A row stays for those of the other side that come later than its own.
      const closedUs = latenessUs + (end === null ? sizeUs : 0n)
      const keepUs = closedUs + (left.delayUs > right.delayUs ? left.delayUs : right.delayUs)
      return { at: end ?? start!, lateUs: closedUs + input.delayUs, keepUs }
    }
    case "interval": {
      // Late when time + lateness < watermark; a row stays while a partner that is not late may come.
      const reachUs = side === "left" ? bound.upperUs + right.delayUs : left.delayUs - bound.lowerUs
      const keepUs = latenessUs + 1n + (reachUs > input.delayUs ? reachUs : input.delayUs)
      const at = side === "left" ? bound.leftTime : bound.rightTime
      return { at, lateUs: latenessUs + 1n + input.delayUs, keepUs }
    }
    case "time-to-live": {
      assert(input.timeColumn !== null, "rows with a time to live have a time")
      return { at: input.timeColumn, lateUs: bound.timeToLiveUs, keepUs: bound.timeToLiveUs }
    }
    default:
      return null
  }
}

/** Null: partitions belong to no window, or to one that may be missing. */
export function partitionExpiry(node: RankNode | OverNode, latenessUs: bigint): WindowExpiry | null {
  const { input, partition } = node
  const window = input.windowColumns
  if (window === null) return null
  const at = [window.end, window.start].find((column) => column !== null && partition.includes(column))
  if (at === undefined || at === null || input.columns[at]!.nullable) return null
  // Where lengths vary a start does not tell when its window closes.
  if (at !== window.end && (window.varying ?? null) !== null) return null
  const closeUs = input.delayUs + (at === window.end ? 0n : window.sizeUs)
  const keepUs = closeUs + latenessUs
  return { at, closeUs, lateUs: keepUs, keepUs }
}

/** When rows up to a time are all there: time + so much <= the watermark. A row whose time is its
 *  window's end belongs 1 us before. */
export function completeUs({ timeColumn, windowColumns, delayUs }: PlanNode): bigint {
  return delayUs + (windowColumns !== null && timeColumn === windowColumns.end ? 0n : 1n)
}
