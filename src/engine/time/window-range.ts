/**
 * The windows of a time. They are the same for all times of a range, so a loop asks again only when a row
 * leaves the range. Windows start at multiples of the slide since 1970; times before that floor towards the
 * past.
 *
 *   size 3, slide 2      |-----|            time 4.5: windows [2,5) [4,7)
 *                            |-----|        range [4,5): first end of a window, next start
 *                                |-----|
 */
import { assert } from "../../std/assert.ts"

/** Beyond it a row would be counted so often that one event could fill memory. */
const MAX_WINDOWS_PER_ROW = 10_000n
const SAFE = 2n ** 53n
const MAX_TIME = 2n ** 63n - 1n
const MIN_TIME = -(2n ** 63n)

export class WindowRange {
  readonly sizeUs: bigint
  readonly slideUs: bigint
  /** Windows and range of the last time that was sought; starts ascending. */
  starts: bigint[] = []
  rangeStart = 1n
  rangeEnd = 0n
  /** The range as doubles, NaN where they are not exact: then every time is sought. */
  from = Number.NaN
  until = Number.NaN
  /** Length of `starts`. */
  count = 0

  constructor(sizeUs: bigint, slideUs: bigint) {
    assert(sizeUs > 0n && slideUs > 0n, "a window has a size and a slide")
    assert(sizeUs / slideUs < MAX_WINDOWS_PER_ROW, `a row is in less than ${MAX_WINDOWS_PER_ROW} windows`)
    this.sizeUs = sizeUs
    this.slideUs = slideUs
  }

  /** False when a window of this time would end outside the timestamps. */
  seek(timeUs: bigint): boolean {
    const { sizeUs, slideUs } = this
    const rest = timeUs % slideUs
    const last = timeUs - (rest < 0n ? rest + slideUs : rest)
    if (last + sizeUs > MAX_TIME || last + slideUs > MAX_TIME || last - sizeUs - slideUs < MIN_TIME)
      return false
    this.starts = []
    let start = last
    for (; start > timeUs - sizeUs; start -= slideUs) this.starts.unshift(start)
    this.count = this.starts.length
    const firstEnd = (this.starts[0] ?? last + slideUs) + sizeUs
    const endBefore = start + sizeUs
    this.rangeStart = endBefore > last ? endBefore : last
    this.rangeEnd = firstEnd < last + slideUs ? firstEnd : last + slideUs
    const exact = this.rangeStart > -SAFE && this.rangeEnd < SAFE
    this.from = exact ? Number(this.rangeStart) : Number.NaN
    this.until = exact ? Number(this.rangeEnd) : Number.NaN
    return true
  }
}
