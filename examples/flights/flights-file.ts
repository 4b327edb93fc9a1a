/**
 * Reads flights-3m.parquet, which the npm package vega-datasets brings: 3,000,000 rows in 11 row groups,
 * sorted by scheduled departure. Rows come as typed arrays, one row group at a time; airports are numbers
 * into one list.
 */
import { open } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { zstdDecompressSync } from "node:zlib"
import { type AsyncBuffer, parquetMetadataAsync, parquetRead } from "hyparquet"

export interface Flights {
  readonly length: number
  /** Row number in the file, from 0: the flight's id. */
  readonly id: Int32Array
  /** Minutes since 1970 UTC; the file has no finer times. */
  readonly scheduledMinute: Int32Array
  readonly delayMinutes: Int32Array
  readonly distanceMiles: Int32Array
  /** Positions in `airports`. */
  readonly origin: Uint16Array
  readonly destination: Uint16Array
  readonly airports: readonly string[]
}

export interface FlightsRange {
  /** Scheduled days, such as "2001-01-01"; `until` is not part of it. @default the whole file */
  readonly from?: string
  readonly until?: string
}

export const ALL_FLIGHTS = 3_000_000
const MICROS_PER_MINUTE = 60_000_000n
const MINUTE_MS = 60_000

const compressors = { ZSTD: (input: Uint8Array) => zstdDecompressSync(input) }
const parsers = { timestampFromMicroseconds: (micros: bigint) => Number(micros / MICROS_PER_MINUTE) }

export function flightsFile(): string {
  return fileURLToPath(new URL("../data/flights-3m.parquet", import.meta.resolve("vega-datasets")))
}

/** Row groups in the file's order, without the flights outside of `range`; empty ones are left out. */
export async function* readFlights(range: FlightsRange = {}): AsyncGenerator<Flights> {
  const [from, until] = minutesOf(range)
  const airports = new Airports()
  const handle = await open(flightsFile())
  try {
    const file = await bufferOf(handle)
    const metadata = await parquetMetadataAsync(file)
    let rowStart = 0
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows)
      const statistics = group.columns[0]?.meta_data?.statistics
      const before = minuteOf(statistics?.max_value) < from
      const behind = minuteOf(statistics?.min_value) >= until
      if (!before && !behind) {
        const flights = await readGroup({ file, metadata, rowStart, rowEnd }, airports)
        const within = slice(flights, lowerBound(flights, from), lowerBound(flights, until))
        if (within.length > 0) yield within
      }
      rowStart = rowEnd
    }
  } finally {
    await handle.close()
  }
}

/** Row groups are sorted by schedule, and their statistics are dates; without them every group is read. */
function minuteOf(statistic: unknown): number {
  return statistic instanceof Date ? Math.floor(statistic.getTime() / MINUTE_MS) : Number.NaN
}

function minutesOf({ from, until }: FlightsRange): readonly [number, number] {
  const minute = (day: string | undefined, otherwise: number): number => {
    if (day === undefined) return otherwise
    const ms = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN
    if (Number.isNaN(ms)) throw new RangeError(`"${day}" is not a day; write it like 2001-01-01`)
    return ms / MINUTE_MS
  }
  return [minute(from, Number.NEGATIVE_INFINITY), minute(until, Number.POSITIVE_INFINITY)]
}

async function bufferOf(handle: Awaited<ReturnType<typeof open>>): Promise<AsyncBuffer> {
  const { size } = await handle.stat()
  return {
    byteLength: size,
    async slice(start: number, end = size) {
      const bytes = new Uint8Array(end - start)
      await handle.read(bytes, 0, bytes.length, start)
      return bytes.buffer
    },
  }
}

/** Airport codes as small numbers, in the order in which they were met. */
class Airports {
  readonly names: string[] = []
  readonly #numbers = new Map<string, number>()

  numberOf(name: string): number {
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    this.#numbers.set(name, this.names.length)
    return this.names.push(name) - 1
  }
}

interface Group {
  readonly file: AsyncBuffer
  readonly metadata: Awaited<ReturnType<typeof parquetMetadataAsync>>
  readonly rowStart: number
  readonly rowEnd: number
}

async function readGroup(group: Group, airports: Airports): Promise<Flights> {
  const { rowStart, rowEnd } = group
  const length = rowEnd - rowStart
  const scheduledMinute = new Int32Array(length)
  const delayMinutes = new Int32Array(length)
  const distanceMiles = new Int32Array(length)
  const origin = new Uint16Array(length)
  const destination = new Uint16Array(length)
  const airport = (value: unknown): number => airports.numberOf(String(value))
  const columns = new Map<string, readonly [Int32Array | Uint16Array, (value: unknown) => number]>([
    ["date", [scheduledMinute, Number]],
    ["delay", [delayMinutes, Number]],
    ["distance", [distanceMiles, Number]],
    ["origin", [origin, airport]],
    ["destination", [destination, airport]],
  ])
  await parquetRead({
    ...group,
    compressors,
    parsers,
    onChunk({ columnName, columnData, rowStart: chunkStart }) {
      const [values, convert] = columns.get(columnName) ?? []
      if (values === undefined || convert === undefined) return
      for (let i = 0; i < columnData.length; i++) {
        const row = chunkStart + i - rowStart
        if (row >= 0 && row < length) values[row] = convert(columnData[i])
      }
    },
  })
  return {
    length,
    id: Int32Array.from({ length }, (_, i) => rowStart + i),
    scheduledMinute,
    delayMinutes,
    distanceMiles,
    origin,
    destination,
    airports: airports.names,
  }
}

/** First row that is scheduled at `minute` or later. */
function lowerBound({ scheduledMinute }: Flights, minute: number): number {
  let low = 0
  let high = scheduledMinute.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (scheduledMinute[middle]! < minute) low = middle + 1
    else high = middle
  }
  return low
}

function slice(flights: Flights, start: number, end: number): Flights {
  return {
    length: Math.max(0, end - start),
    id: flights.id.subarray(start, end),
    scheduledMinute: flights.scheduledMinute.subarray(start, end),
    delayMinutes: flights.delayMinutes.subarray(start, end),
    distanceMiles: flights.distanceMiles.subarray(start, end),
    origin: flights.origin.subarray(start, end),
    destination: flights.destination.subarray(start, end),
    airports: flights.airports,
  }
}
