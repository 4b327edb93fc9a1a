/**
 * Feeds flights to a running platform, in the order in which they left:
 *
 *   node examples/flights/feed.ts --from 2001-01-01 --until 2001-01-02       as fast as they are taken
 *   node examples/flights/feed.ts --rate 5000                                events per second
 *   node examples/flights/feed.ts --hours-per-second 6                       by their own times
 *   node examples/flights/feed.ts --skip 120000                              goes on behind so many flights
 */
import { setTimeout as sleep } from "node:timers/promises"
import { parseArgs } from "node:util"
import { departureMinute, departures } from "./departures.ts"
import type { Flights, FlightsRange } from "./flights-file.ts"
import { postFlights, toNdjson } from "./post-flights.ts"

/** full: as fast as the platform takes them. time: at the flights' own times, so many hours in a second. */
export type Pace =
  | { readonly kind: "full" }
  | { readonly kind: "rate"; readonly eventsPerSecond: number }
  | { readonly kind: "time"; readonly hoursPerSecond: number }

export interface FeedOptions {
  /** http://127.0.0.1:4600 */
  readonly url: string
  readonly range?: FlightsRange
  readonly pace: Pace
  /** Flights at the beginning of the range that the platform has already. @default 0 */
  readonly skip?: number
  readonly signal?: AbortSignal
  /** Called after each post. */
  readonly onProgress?: (progress: FeedProgress) => void
}

export interface FeedProgress {
  /** Flights that were answered for, with those that were skipped. */
  readonly position: number
  readonly accepted: number
  readonly duplicates: number
  readonly rejected: number
  /** When the last of them really left; minutes since 1970. */
  readonly departureMinute: number
}

/** 5,000 flights are 0.7 MB: large enough for speed, well below what a body may have. */
const FLIGHTS_PER_POST = 5_000
/** How often a paced feed looks at the clock. */
const BEAT_MS = 40
const FOREVER = new AbortController().signal

/** Resolves when all are fed, or when `signal` asks it to stop. */
export async function feedFlights(options: FeedOptions): Promise<FeedProgress> {
  const { url, range = {}, pace, skip = 0, signal = FOREVER, onProgress = () => {} } = options
  const due = new Due(pace)
  let progress: FeedProgress = {
    position: skip,
    accepted: 0,
    duplicates: 0,
    rejected: 0,
    departureMinute: 0,
  }
  let first = 0
  for await (const block of departures(range)) {
    let row = Math.min(block.length, Math.max(0, skip - first))
    first += block.length
    while (row < block.length) {
      if (signal.aborted) return progress
      const to = Math.min(due.until(block, row), row + FLIGHTS_PER_POST)
      if (to === row) {
        await sleep(BEAT_MS)
        continue
      }
      try {
        const answer = await postFlights(url, toNdjson(block, row, to), signal)
        progress = {
          position: progress.position + to - row,
          accepted: progress.accepted + answer.accepted,
          duplicates: progress.duplicates + answer.duplicates,
          rejected: progress.rejected + answer.rejected_count,
          departureMinute: departureMinute(block, to - 1),
        }
      } catch (error) {
        if (signal.aborted) return progress
        throw error
      }
      row = to
      onProgress(progress)
    }
  }
  return progress
}

/** Which flights it is time for. The clock starts with the first one. */
class Due {
  readonly #pace: Pace
  #startedAtMs = -1
  #firstMinute = 0
  #sent = 0

  constructor(pace: Pace) {
    this.#pace = pace
  }

  /** The row behind the last one that is due; `row` itself when none is. What is due counts as sent. */
  until(block: Flights, row: number): number {
    const pace = this.#pace
    if (pace.kind === "full") return block.length
    if (this.#startedAtMs < 0) {
      this.#startedAtMs = performance.now()
      this.#firstMinute = departureMinute(block, row)
    }
    const seconds = (performance.now() - this.#startedAtMs) / 1_000
    const most = Math.min(block.length, row + FLIGHTS_PER_POST)
    let to = row
    if (pace.kind === "rate") {
      to = Math.min(most, row + Math.max(0, Math.floor(seconds * pace.eventsPerSecond) - this.#sent))
    } else {
      const minute = this.#firstMinute + seconds * pace.hoursPerSecond * 60
      while (to < most && departureMinute(block, to) <= minute) to++
    }
    this.#sent += to - row
    return to
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      url: { type: "string", default: "http://127.0.0.1:4600" },
      from: { type: "string" },
      until: { type: "string" },
      rate: { type: "string" },
      "hours-per-second": { type: "string" },
      skip: { type: "string", default: "0" },
    },
  })
  const stop = new AbortController()
  process.once("SIGINT", () => stop.abort())
  const startedAtMs = performance.now()
  const fed = await feedFlights({
    url: values.url,
    range: {
      ...(values.from === undefined ? {} : { from: values.from }),
      ...(values.until === undefined ? {} : { until: values.until }),
    },
    pace: paceOf(values.rate, values["hours-per-second"]),
    skip: numberOf("skip", values.skip),
    signal: stop.signal,
    onProgress: ({ position }) => process.stderr.write(`\r${position.toLocaleString("en")} flights`),
  })
  const seconds = (performance.now() - startedAtMs) / 1_000
  process.stderr.write("\n")
  console.log(JSON.stringify({ ...fed, seconds: Number(seconds.toFixed(3)) }))
}

function paceOf(rate: string | undefined, hours: string | undefined): Pace {
  if (rate !== undefined) return { kind: "rate", eventsPerSecond: numberOf("rate", rate) }
  if (hours !== undefined) return { kind: "time", hoursPerSecond: numberOf("hours-per-second", hours) }
  return { kind: "full" }
}

function numberOf(name: string, text: string): number {
  const value = Number(text)
  if (text.trim() === "" || !(value >= 0)) throw new RangeError(`--${name} is "${text}", not a number`)
  return value
}

// A project loads every module of its folder; only a command line runs this one.
if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 2
  })
}
