/**
 * The windows of a time. They are the same for all times of a range, so a loop asks again only when a row
 * leaves the range. Times before 1970 floor towards the past. Ends tell the windows of one shape apart.
 *
 *   hop, size 3, slide 2   |-----|          time 4.5: windows [2,5) [4,7)
 *                              |-----|      range [4,5): first end of a window, next start
 *                                  |-----|
 *   cumulate, step 2,      |---|            time 1: windows [0,2) [0,4) [0,6)
 *             size 6       |-------|        time 5: window [0,6)
 *                          |-----------|
 */
import { assert } from "../../std/assert.ts"
import type { WindowShape } from "../dataflow.ts"
import type { Boundaries } from "./boundaries.ts"
import { boundariesOf } from "./boundaries.ts"

/** A week by the minute. Beyond it a row would be counted so often that one event could fill memory. */
const MAX_WINDOWS_PER_ROW = 10_080n
const SAFE = 2n ** 53n
const MAX_TIME = 2n ** 63n - 1n
const MIN_TIME = -(2n ** 63n)
/** A zone's days and its distance from UTC. */
const ZONE_MARGIN_US = 4n * 86_400_000_000n

export abstract class WindowRange {
  readonly #marginUs: bigint
  /** Windows and range of the last time that was sought; both ascending. */
  starts: bigint[] = []
  ends: bigint[] = []
  rangeStart = 1n
  rangeEnd = 0n
  /** The range as doubles, NaN where they are not exact: then every time is sought. */
  from = Number.NaN
  until = Number.NaN
  /** Length of `starts` and `ends`. */
  count = 0

  constructor(marginUs: bigint) {
    this.#marginUs = marginUs
  }

  /** False when a window of this time could lie outside the timestamps. */
  seek(timeUs: bigint): boolean {
    if (timeUs + this.#marginUs > MAX_TIME || timeUs - this.#marginUs < MIN_TIME) return false
    this.find(timeUs)
    this.count = this.starts.length
    const exact = this.rangeStart > -SAFE && this.rangeEnd < SAFE
    this.from = exact ? Number(this.rangeStart) : Number.NaN
    this.until = exact ? Number(this.rangeEnd) : Number.NaN
    return true
  }

  /** Of the window with this start; null where several have it. */
  abstract endOf(startUs: bigint): bigint | null
  abstract startOf(endUs: bigint): bigint
  protected abstract find(timeUs: bigint): void
}

export function windowRange(shape: WindowShape): WindowRange {
  const { kind, sizeUs, slideUs } = shape
  assert(sizeUs > 0n && slideUs > 0n, "a window has a size and a slide")
  assert(sizeUs / slideUs <= MAX_WINDOWS_PER_ROW, `a row is in ${MAX_WINDOWS_PER_ROW} windows at most`)
  if (kind === "cumulate") return new GrowingWindows(shape)
  return (shape.zone ?? null) === null ? new EvenWindows(shape) : new SteppedWindows(shape)
}

/** Of one length, in UTC. */
class EvenWindows extends WindowRange {
  readonly #sizeUs: bigint
  readonly #slideUs: bigint
  readonly #newest: Boundaries

  constructor({ sizeUs, slideUs, offsetUs = 0n }: WindowShape) {
    super(sizeUs + 2n * slideUs)
    this.#sizeUs = sizeUs
    this.#slideUs = slideUs
    this.#newest = boundariesOf({ stepUs: slideUs, offsetUs, zone: null })
  }

  override find(timeUs: bigint): void {
    const last = this.#newest.floor(timeUs)
    this.starts = []
    let start = last
    for (; start > timeUs - this.#sizeUs; start -= this.#slideUs) this.starts.unshift(start)
    this.ends = this.starts.map((each) => each + this.#sizeUs)
    const firstEnd = this.ends[0] ?? last + this.#slideUs
    const endBefore = start + this.#sizeUs
    this.rangeStart = endBefore > last ? endBefore : last
    this.rangeEnd = firstEnd < last + this.#slideUs ? firstEnd : last + this.#slideUs
  }

  override endOf(startUs: bigint): bigint {
    return startUs + this.#sizeUs
  }

  override startOf(endUs: bigint): bigint {
    return endUs - this.#sizeUs
  }
}

/** Of a number of steps in a time zone, each beginning where a step does. */
class SteppedWindows extends WindowRange {
  readonly #steps: Boundaries
  readonly #count: number

  constructor({ sizeUs, slideUs, offsetUs = 0n, zone = null }: WindowShape) {
    super(2n * (sizeUs + slideUs) + ZONE_MARGIN_US)
    assert(sizeUs % slideUs === 0n, "in a time zone a window's size is a multiple of its slide")
    this.#steps = boundariesOf({ stepUs: slideUs, offsetUs, zone })
    this.#count = Number(sizeUs / slideUs)
  }

  override find(timeUs: bigint): void {
    const starts = [this.#steps.floor(timeUs)]
    const ends = [this.#steps.next(timeUs)]
    this.rangeStart = starts[0]!
    this.rangeEnd = ends[0]!
    for (let k = 1; k < this.#count; k++) {
      starts.push(this.#steps.floor(starts[k - 1]! - 1n))
      ends.push(this.#steps.next(ends[k - 1]!))
    }
    this.starts = starts.reverse()
    this.ends = ends
  }

  override endOf(startUs: bigint): bigint {
    let at = startUs
    for (let k = 0; k < this.#count; k++) at = this.#steps.next(at)
    return at
  }

  override startOf(endUs: bigint): bigint {
    let at = endUs
    for (let k = 0; k < this.#count; k++) at = this.#steps.floor(at - 1n)
    return at
  }
}

/** From the start of a size to each step's end in it. */
class GrowingWindows extends WindowRange {
  readonly #sizes: Boundaries
  readonly #steps: Boundaries

  constructor({ sizeUs, slideUs, offsetUs = 0n, zone = null }: WindowShape) {
    super(2n * sizeUs + (zone === null ? 0n : ZONE_MARGIN_US))
    assert(sizeUs % slideUs === 0n, "a cumulated window's size is a multiple of its step")
    this.#sizes = boundariesOf({ stepUs: sizeUs, offsetUs, zone })
    this.#steps = boundariesOf({ stepUs: slideUs, offsetUs, zone })
  }

  override find(timeUs: bigint): void {
    const start = this.#sizes.floor(timeUs)
    const last = this.#sizes.next(timeUs)
    this.ends = []
    for (let end = this.#steps.next(timeUs); end < last; end = this.#steps.next(end)) this.ends.push(end)
    this.ends.push(last)
    this.starts = this.ends.map(() => start)
    const step = this.#steps.floor(timeUs)
    this.rangeStart = step > start ? step : start
    this.rangeEnd = this.ends[0]!
  }

  override endOf(): null {
    return null
  }

  override startOf(endUs: bigint): bigint {
    return this.#sizes.floor(endUs - 1n)
  }
}
