/**
 * The instants at which windows begin, or grow: multiples of a step since 1970, shifted by an offset. In a
 * time zone they are what its clock shows:
 *
 * - Steps of whole days begin at the first instant at which the clock shows midnight or later. So a day has
 *   23 or 25 hours where the clocks change, and a day that the zone skipped is none.
 * - Shorter steps, which divide the day, begin whenever the clock strikes, and where it jumps over a stroke.
 *   So an hour that comes twice is two hours.
 */
import { assert } from "../../std/assert.ts"
import { floorDiv, MICROS_PER_DAY } from "../../std/calendar.ts"
import type { TimeZone } from "../../std/time-zone.ts"
import { timeZone } from "../../std/time-zone.ts"

export interface Boundaries {
  /** The last boundary at or before the instant. */
  floor(timeUs: bigint): bigint
  /** The first one behind it. */
  next(timeUs: bigint): bigint
}

export interface BoundaryParts {
  readonly stepUs: bigint
  readonly offsetUs: bigint
  readonly zone: string | null
}

export function boundariesOf({ stepUs, offsetUs, zone: name }: BoundaryParts): Boundaries {
  if (name === null) return new EvenSteps(stepUs, offsetUs)
  const zone = timeZone(name)
  assert(zone !== null, `${name} is a time zone`)
  if (stepUs % MICROS_PER_DAY === 0n) return new LocalDays(zone, stepUs, offsetUs)
  assert(MICROS_PER_DAY % stepUs === 0n, "a step in a time zone divides the day")
  return new LocalStrokes(zone, stepUs, offsetUs)
}

class EvenSteps implements Boundaries {
  readonly #stepUs: bigint
  readonly #offsetUs: bigint

  constructor(stepUs: bigint, offsetUs: bigint) {
    this.#stepUs = stepUs
    this.#offsetUs = offsetUs
  }

  floor(timeUs: bigint): bigint {
    return floorDiv(timeUs - this.#offsetUs, this.#stepUs) * this.#stepUs + this.#offsetUs
  }

  next(timeUs: bigint): bigint {
    return this.floor(timeUs) + this.#stepUs
  }
}

class LocalDays implements Boundaries {
  readonly #zone: TimeZone
  readonly #stepUs: bigint
  readonly #offsetUs: bigint

  constructor(zone: TimeZone, stepUs: bigint, offsetUs: bigint) {
    this.#zone = zone
    this.#stepUs = stepUs
    this.#offsetUs = offsetUs
  }

  floor(timeUs: bigint): bigint {
    return this.#at(this.#number(timeUs))
  }

  next(timeUs: bigint): bigint {
    return this.#at(this.#number(timeUs) + 1n)
  }

  /** Where the clock fell back over midnight, the day that had begun goes on. */
  #number(timeUs: bigint): bigint {
    let number = floorDiv(this.#zone.toLocal(timeUs) - this.#offsetUs, this.#stepUs)
    while (this.#at(number + 1n) <= timeUs) number++
    return number
  }

  #at(number: bigint): bigint {
    return this.#zone.firstAt(number * this.#stepUs + this.#offsetUs)
  }
}

class LocalStrokes implements Boundaries {
  readonly #zone: TimeZone
  readonly #stepUs: bigint
  /** What the clock shows, in its own time. */
  readonly #strokes: Boundaries

  constructor(zone: TimeZone, stepUs: bigint, offsetUs: bigint) {
    this.#zone = zone
    this.#stepUs = stepUs
    this.#strokes = new EvenSteps(stepUs, offsetUs)
  }

  floor(timeUs: bigint): bigint {
    for (let at = timeUs; ; ) {
      const { startUs, offsetUs } = this.#zone.segment(at)
      const stroke = this.#strokes.floor(at + offsetUs) - offsetUs
      if (stroke >= startUs) return stroke
      if (this.#jumpsOver(startUs)) return startUs
      at = startUs - 1n
    }
  }

  next(timeUs: bigint): bigint {
    for (let at = timeUs; ; ) {
      const { endUs, offsetUs } = this.#zone.segment(at)
      const stroke = this.#strokes.floor(at + offsetUs) - offsetUs
      if (at > timeUs && stroke === at) return at
      if (stroke + this.#stepUs < endUs) return stroke + this.#stepUs
      if (this.#jumpsOver(endUs)) return endUs
      at = endUs
    }
  }

  /** The clock is put forward at this instant, and did not show a stroke that lies between. */
  #jumpsOver(changeUs: bigint): boolean {
    const before = changeUs + this.#zone.offsetUs(changeUs - 1n)
    const after = changeUs + this.#zone.offsetUs(changeUs)
    return after > before && this.#strokes.floor(after) >= before
  }
}
