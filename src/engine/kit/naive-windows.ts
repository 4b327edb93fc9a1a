/** The windows of a time by going through all of them, in UTC. Slow and obvious. */
import { assert } from "../../std/assert.ts"
import type { WindowShape } from "../dataflow.ts"

export function naiveWindows(shape: WindowShape, time: bigint): (readonly [start: bigint, end: bigint])[] {
  const { kind, sizeUs, slideUs, offsetUs = 0n, zone = null } = shape
  assert(zone === null, "zones have a naive computation of their own")
  const found: [bigint, bigint][] = []
  const grid = kind === "cumulate" ? sizeUs : slideUs
  const near = (time / grid) * grid
  for (let k = -(sizeUs / grid) - 3n; k <= 3n; k++) {
    const start = near + k * grid + offsetUs
    if (start > time) continue
    if (kind === "cumulate") {
      for (let end = start + slideUs; end <= start + sizeUs; end += slideUs) {
        if (time < end && time < start + sizeUs) found.push([start, end])
      }
    } else if (time < start + sizeUs) found.push([start, start + sizeUs])
  }
  return found
}
