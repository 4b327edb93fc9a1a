/**
 * Flights in the order in which they really left: scheduled departure plus delay, ties by row number. The
 * file is sorted by schedule, so a flight can be let go as soon as the file has been read so far that nothing
 * still to come can have left before it. That needs memory for a row group and two days of flights, never for
 * all of them.
 *
 *   read up to schedule S      let go: departures before S - 1,116 min      kept for the next round: the rest
 */
import { type Flights, type FlightsRange, readFlights } from "./flights-file.ts"

export interface Flight {
  readonly flight_id: number
  /** RFC 3339, UTC. */
  readonly scheduled_at: string
  readonly delay_minutes: number
  readonly distance_miles: number
  readonly origin: string
  readonly destination: string
}

/** Nothing in the file left earlier before its schedule than this (18 hours and 36 minutes). */
export const EARLIEST_MINUTES = 1_116

/** Blocks of flights; each begins where the one before ended. */
export async function* departures(range: FlightsRange = {}): AsyncGenerator<Flights> {
  let kept: Flights | null = null
  for await (const read of readFlights(range)) {
    const both: Flights = kept === null ? read : join(kept, read)
    const readUpTo = read.scheduledMinute.at(-1) ?? 0
    const [leaving, staying] = splitByDeparture(both, readUpTo - EARLIEST_MINUTES)
    if (leaving.length > 0) yield leaving
    kept = staying
  }
  if (kept !== null && kept.length > 0) yield splitByDeparture(kept, Number.POSITIVE_INFINITY)[0]
}

/** One by one, as they are sent. */
export async function* flightsInOrder(range: FlightsRange = {}): AsyncGenerator<Flight> {
  for await (const block of departures(range)) {
    for (let row = 0; row < block.length; row++) yield flightAt(block, row)
  }
}

export function flightAt(block: Flights, row: number): Flight {
  return {
    flight_id: block.id[row]!,
    scheduled_at: instantOf(block.scheduledMinute[row]!),
    delay_minutes: block.delayMinutes[row]!,
    distance_miles: block.distanceMiles[row]!,
    origin: block.airports[block.origin[row]!]!,
    destination: block.airports[block.destination[row]!]!,
  }
}

/** Minutes since 1970 at which the flight really left. */
export function departureMinute(block: Flights, row: number): number {
  return block.scheduledMinute[row]! + block.delayMinutes[row]!
}

export function instantOf(minute: number): string {
  return `${new Date(minute * 60_000).toISOString().slice(0, 16)}:00Z`
}

/** Those that left before `minute`, in order of departure, and the others, in the order they came in. */
function splitByDeparture(flights: Flights, minute: number): readonly [Flights, Flights] {
  const staying: number[] = []
  // A departure is below 2^26 minutes and a position below 2^26, so both fit one double and sort as numbers.
  const ranks = new Float64Array(flights.length)
  let leaving = 0
  for (let row = 0; row < flights.length; row++) {
    const left = departureMinute(flights, row)
    if (left < minute) ranks[leaving++] = left * POSITIONS + row
    else staying.push(row)
  }
  const order = ranks.subarray(0, leaving).sort()
  return [
    pick(flights, leaving, (i) => order[i]! % POSITIONS),
    pick(flights, staying.length, (i) => staying[i]!),
  ]
}

const POSITIONS = 2 ** 26

function pick(flights: Flights, length: number, rowAt: (index: number) => number): Flights {
  const picked = {
    length,
    id: new Int32Array(length),
    scheduledMinute: new Int32Array(length),
    delayMinutes: new Int32Array(length),
    distanceMiles: new Int32Array(length),
    origin: new Uint16Array(length),
    destination: new Uint16Array(length),
    airports: flights.airports,
  }
  for (let i = 0; i < length; i++) {
    const row = rowAt(i)
    picked.id[i] = flights.id[row]!
    picked.scheduledMinute[i] = flights.scheduledMinute[row]!
    picked.delayMinutes[i] = flights.delayMinutes[row]!
    picked.distanceMiles[i] = flights.distanceMiles[row]!
    picked.origin[i] = flights.origin[row]!
    picked.destination[i] = flights.destination[row]!
  }
  return picked
}

/** `a` has the lower row numbers, so ties by position are ties by row number. */
function join(a: Flights, b: Flights): Flights {
  const length = a.length + b.length
  const int32 = (first: Int32Array, second: Int32Array): Int32Array => {
    const both = new Int32Array(length)
    both.set(first)
    both.set(second, first.length)
    return both
  }
  const uint16 = (first: Uint16Array, second: Uint16Array): Uint16Array => {
    const both = new Uint16Array(length)
    both.set(first)
    both.set(second, first.length)
    return both
  }
  return {
    length,
    id: int32(a.id, b.id),
    scheduledMinute: int32(a.scheduledMinute, b.scheduledMinute),
    delayMinutes: int32(a.delayMinutes, b.delayMinutes),
    distanceMiles: int32(a.distanceMiles, b.distanceMiles),
    origin: uint16(a.origin, b.origin),
    destination: uint16(a.destination, b.destination),
    airports: b.airports,
  }
}
