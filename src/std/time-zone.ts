/**
 * Time zones of the IANA database, as Node brings them: which offset a zone's clock has at an instant. Asked
 * once per piece of a zone's history and kept: an answer is a look into a list, never a call of Intl. The
 * answers are those of the data that Node was built with (`process.versions.tz`); `rules` names them, so that
 * what depends on a zone can tell when they change.
 *
 *   offset   +1 h      +2 h           +1 h
 *          ---------|--------------|-----------     segments; what lies behind the last date of Intl
 *                 March          October            has the offset of 400 years before, as the calendar does
 */
import { assert } from "./assert.ts"
import { floorDiv, MICROS_PER_SECOND } from "./calendar.ts"
import { fingerprint } from "./fingerprint.ts"

export interface ZoneSegment {
  /** [startUs, endUs) has this offset; neighbours may have the same. */
  readonly startUs: bigint
  readonly endUs: bigint
  /** What the zone's clock shows less UTC. */
  readonly offsetUs: bigint
}

const DAY_SECONDS = 86_400
/** History is looked up in pieces of this length. */
const PIECE_DAYS = 366
const PIECE_SECONDS = PIECE_DAYS * DAY_SECONDS
const PIECE_US = BigInt(PIECE_SECONDS) * MICROS_PER_SECOND
/** Pieces that are kept: a thousand years; rows of more scattered times begin again. */
const MAX_PIECES = 1_000
/** Of JavaScript's dates. */
const MAX_SECONDS = 8_640_000_000_000
/** After 400 years days and weekdays come again. */
const CYCLE_SECONDS = 146_097 * DAY_SECONDS
/** Sampled for the name of a zone's rules. */
const RULES_FROM_DAY = 0
const RULES_TO_DAY = 36_525
const RULES_STEP_DAYS = 14

/** "UTC", or a name with a region: abbreviations and offsets mean other things to PostgreSQL. */
const ZONE_NAME = /^(?:utc|[a-z_]+\/[a-z0-9_+\-/]+)$/i
const OFFSET = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/

const known = new Map<string, TimeZone | null>()
/** Names that do not exist come from users' SQL. */
const MAX_KNOWN = 2_000

/** Null when there is no zone of this name. */
export function timeZone(name: string): TimeZone | null {
  const found = known.get(name)
  if (found !== undefined) return found
  if (known.size >= MAX_KNOWN) known.clear()
  const zone = openZone(name)
  known.set(name, zone)
  return zone
}

/** Names of all zones, for suggestions. */
export function timeZoneNames(): readonly string[] {
  return ["UTC", ...Intl.supportedValuesOf("timeZone")]
}

function openZone(name: string): TimeZone | null {
  if (!ZONE_NAME.test(name)) return null
  try {
    return new TimeZone(
      name,
      new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" }),
    )
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

export class TimeZone {
  readonly name: string
  readonly #format: Intl.DateTimeFormat
  readonly #pieces = new Map<bigint, readonly ZoneSegment[]>()
  #last: ZoneSegment = { startUs: 0n, endUs: 0n, offsetUs: 0n }
  #rules: string | null = null

  constructor(name: string, format: Intl.DateTimeFormat) {
    this.name = name
    this.#format = format
  }

  /** The segment that holds the instant. */
  segment(timeUs: bigint): ZoneSegment {
    if (timeUs >= this.#last.startUs && timeUs < this.#last.endUs) return this.#last
    const segments = this.#piece(floorDiv(timeUs, PIECE_US))
    const found = segments.find(({ endUs }) => timeUs < endUs)
    assert(found !== undefined, "a piece of history covers its times")
    this.#last = found
    return found
  }

  offsetUs(timeUs: bigint): bigint {
    return this.segment(timeUs).offsetUs
  }

  /** The instant as what the zone's clock shows. */
  toLocal(timeUs: bigint): bigint {
    return timeUs + this.offsetUs(timeUs)
  }

  /** The first instant at which the zone's clock shows this local time or a later one. */
  firstAt(localUs: bigint): bigint {
    let segment = this.segment(localUs - MAX_OFFSET_US)
    while (segment.endUs <= localUs - segment.offsetUs) segment = this.segment(segment.endUs)
    const shown = localUs - segment.offsetUs
    return shown > segment.startUs ? shown : segment.startUs
  }

  /** Sixteen hex digits that change when the zone's offsets between 1970 and 2070 do. */
  get rules(): string {
    if (this.#rules === null) {
      const offsets: string[] = []
      let last: number | null = null
      for (let day = RULES_FROM_DAY; day < RULES_TO_DAY; day += RULES_STEP_DAYS) {
        const offset = this.#offsetSeconds(day * DAY_SECONDS)
        if (offset !== last) offsets.push(`${day}:${offset}`)
        last = offset
      }
      this.#rules = fingerprint(offsets.join())
    }
    return this.#rules
  }

  #piece(number: bigint): readonly ZoneSegment[] {
    const kept = this.#pieces.get(number)
    if (kept !== undefined) return kept
    if (this.#pieces.size >= MAX_PIECES) this.#pieces.clear()
    const from = Number(number) * PIECE_SECONDS
    const changes: number[] = []
    let offset = this.#offsetSeconds(from)
    const offsets = [offset]
    for (let day = 1; day <= PIECE_DAYS; day++) {
      const at = from + day * DAY_SECONDS
      const next = this.#offsetSeconds(at)
      if (next === offset) continue
      this.#findChanges(at - DAY_SECONDS, at, changes)
      for (const change of changes.slice(offsets.length - 1)) offsets.push(this.#offsetSeconds(change))
      offset = next
    }
    const until = from + PIECE_SECONDS
    const inside = changes.filter((change) => change < until)
    const bounds = [from, ...inside, until].map((second) => BigInt(second) * MICROS_PER_SECOND)
    const segments = bounds.slice(1).map((endUs, k): ZoneSegment => {
      return { startUs: bounds[k]!, endUs, offsetUs: BigInt(offsets[k]!) * MICROS_PER_SECOND }
    })
    this.#pieces.set(number, segments)
    return segments
  }

  /** Seconds in (from, to] at which the offset changes. */
  #findChanges(from: number, to: number, found: number[]): void {
    if (this.#offsetSeconds(from) === this.#offsetSeconds(to)) return
    if (to - from === 1) {
      found.push(to)
      return
    }
    const middle = Math.floor((from + to) / 2)
    this.#findChanges(from, middle, found)
    this.#findChanges(middle, to, found)
  }

  #offsetSeconds(second: number): number {
    const cycles = Math.max(0, Math.ceil((second - MAX_SECONDS) / CYCLE_SECONDS))
    const inside = Math.max(-MAX_SECONDS, second - cycles * CYCLE_SECONDS)
    const match = OFFSET.exec(this.#format.format(inside * 1_000))
    assert(match !== null, `the offset of ${this.name} can be read`)
    const [, sign, hours = "0", minutes = "0", seconds = "0"] = match
    return (sign === "-" ? -1 : 1) * (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds))
  }
}

/** No clock is further from UTC. */
const MAX_OFFSET_US = 26n * 3_600n * MICROS_PER_SECOND
