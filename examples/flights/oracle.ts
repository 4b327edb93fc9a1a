/**
 * The same views computed by another engine: PostgreSQL (PGlite) reads the file's rows and answers with SQL
 * of its own, written without windows functions of ours. Every value comes as PostgreSQL's text, so that
 * nothing is lost.
 */
import { departureMinute } from "./departures.ts"
import { type Flights, type FlightsRange, readFlights } from "./flights-file.ts"

/** How two values of a column are compared: as text, as exact numbers, as instants. */
export type Comparison = "text" | "number" | "instant"

export interface ExpectedView {
  readonly name: string
  /** Columns that tell rows apart. */
  readonly key: readonly string[]
  readonly columns: Readonly<Record<string, Comparison>>
  readonly rows: readonly Readonly<Record<string, string | null>>[]
}

interface Question {
  readonly name: string
  readonly key: readonly string[]
  readonly columns: Readonly<Record<string, Comparison>>
  readonly sql: string
}

const LATE = "count(*) FILTER (WHERE delay_minutes > 15)"

const QUESTIONS: readonly Question[] = [
  {
    name: "delays_by_airport_hour",
    key: ["origin", "window_start"],
    columns: {
      origin: "text",
      window_start: "instant",
      average_delay: "number",
      longest_delay: "number",
      flights: "number",
    },
    sql: `SELECT origin, date_trunc('hour', scheduled_at) AS window_start,
        round(sum(delay_minutes)::numeric / count(*), 2) AS average_delay,
        max(delay_minutes) AS longest_delay, count(*) AS flights
      FROM flight GROUP BY 1, 2`,
  },
  {
    name: "worst_routes",
    key: ["origin", "destination"],
    columns: { origin: "text", destination: "text", average_delay: "number", flights: "number" },
    sql: `SELECT * FROM (
        SELECT origin, destination, round(sum(delay_minutes)::numeric / count(*), 2) AS average_delay,
          count(*) AS flights
        FROM flight GROUP BY origin, destination) routes
      WHERE flights >= 10`,
  },
  {
    name: "late_share_by_day",
    key: ["day"],
    columns: { day: "instant", late_percent: "number", late: "number", flights: "number" },
    sql: `SELECT date_trunc('day', scheduled_at) AS day, round(100.0 * ${LATE} / count(*), 2) AS late_percent,
        ${LATE} AS late, count(*) AS flights
      FROM flight GROUP BY 1`,
  },
  {
    name: "flights_per_day",
    key: ["day"],
    columns: {
      day: "instant",
      flights: "number",
      miles: "number",
      delay_minutes: "number",
      airports: "number",
    },
    sql: `SELECT day, sum(flights) AS flights, sum(miles) AS miles, sum(delay) AS delay_minutes,
        count(*) AS airports
      FROM (SELECT date_trunc('day', scheduled_at) AS day, origin, count(*) AS flights,
              sum(distance_miles) AS miles, sum(delay_minutes) AS delay
            FROM flight GROUP BY 1, 2) airports
      GROUP BY day`,
  },
]

export interface OracleOptions {
  readonly range?: FlightsRange
  /** Only the flights that left before this minute since 1970, as a feed that was stopped has sent them. */
  readonly leftBeforeMinute?: number
}

/** Takes about a minute and 1 GB of memory for the whole file. */
export async function expectedViews(options: OracleOptions = {}): Promise<readonly ExpectedView[]> {
  const { PGlite } = await import("@electric-sql/pglite")
  const database = await PGlite.create()
  try {
    await database.exec(`SET TimeZone = 'UTC';
      CREATE UNLOGGED TABLE flight (flight_id bigint, scheduled_at timestamp, delay_minutes int,
        distance_miles int, origin text, destination text)`)
    for await (const block of readFlights(options.range)) {
      const csv = toCsv(block, options.leftBeforeMinute ?? Number.POSITIVE_INFINITY)
      await database.query("COPY flight FROM '/dev/blob' WITH (FORMAT csv)", [], { blob: new Blob([csv]) })
    }
    const views: ExpectedView[] = []
    for (const { sql, ...view } of QUESTIONS) {
      const columns = Object.keys(view.columns).map((column) => `${column}::text AS ${column}`)
      const { rows } = await database.query<Record<string, string | null>>(
        `SELECT ${columns.join(", ")} FROM (${sql}) answer`,
      )
      views.push({ ...view, rows })
    }
    return views
  } finally {
    await database.close()
  }
}

function toCsv(block: Flights, leftBeforeMinute: number): string {
  const lines: string[] = []
  for (let row = 0; row < block.length; row++) {
    if (departureMinute(block, row) >= leftBeforeMinute) continue
    const scheduled = new Date(block.scheduledMinute[row]! * 60_000).toISOString().slice(0, 19)
    const airports = `${block.airports[block.origin[row]!]},${block.airports[block.destination[row]!]}`
    lines.push(
      `${block.id[row]},${scheduled},${block.delayMinutes[row]},${block.distanceMiles[row]},${airports}\n`,
    )
  }
  return lines.join("")
}
