/**
 * What the page's twin of a platform shows: two events and three views with numbers that move. The figures
 * are made up and say so; no test of the platform itself may use them.
 */

export interface TwinColumn {
  readonly name: string
  readonly type: string
  readonly nullable: boolean
}

export type TwinRow = Record<string, string | number | boolean | null>

export interface TwinView {
  readonly name: string
  readonly description: string
  readonly sql: string
  readonly columns: readonly TwinColumn[]
  readonly key: readonly string[]
  readonly events: readonly string[]
}

const column = (name: string, type: string, nullable = false): TwinColumn => ({ name, type, nullable })
const field = (name: string, type: string, optional = false) => ({
  ...column(name, type, optional),
  optional,
})

export const SIGNUP_FIELDS = [
  field("event_id", "string"),
  field("event_type", "string"),
  field("timestamp", "timestamp"),
  field("user_id", "string"),
  field("email", "string", true),
  field("plan", "string", true),
  field("metadata", "json", true),
  field("schema_version", "int32"),
]

export const FLIGHT_FIELDS = [
  field("flight_id", "int64"),
  field("scheduled_at", "timestamp"),
  field("delay_minutes", "int32"),
  field("distance_miles", "int32"),
  field("origin", "string"),
  field("destination", "string"),
]

export const SIGNUP_SCHEMA = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  properties: {
    event_id: { type: "string", minLength: 1 },
    event_type: { const: "user_signup" },
    timestamp: { type: "string", format: "date-time" },
    user_id: { type: "string", minLength: 1, description: "Who signed up" },
    email: { type: "string", format: "email" },
    plan: { type: "string", enum: ["free", "premium", "team"] },
    metadata: { type: "object" },
    schema_version: { type: "integer", minimum: 1 },
  },
  required: ["event_id", "event_type", "timestamp", "user_id", "schema_version"],
}

export const FLIGHT_SCHEMA = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  properties: {
    flight_id: { type: ["integer", "string"] },
    scheduled_at: { type: "string", format: "date-time" },
    delay_minutes: { type: "integer" },
    distance_miles: { type: "integer", minimum: 0 },
    origin: { type: "string", pattern: "^[A-Z]{3}$", examples: ["ATL"] },
    destination: { type: "string", pattern: "^[A-Z]{3}$", examples: ["LGA"] },
  },
  required: ["flight_id", "scheduled_at", "delay_minutes", "distance_miles", "origin", "destination"],
}

export const VIEWS: readonly TwinView[] = [
  {
    name: "signups_per_plan_and_day",
    description: "How many people signed up, by plan and day.",
    sql: `
      SELECT plan, window_start AS day, count(*) AS signups
      FROM tumble(user_signup, timestamp, INTERVAL '1 day')
      GROUP BY plan, window_start, window_end`,
    columns: [column("plan", "string", true), column("day", "timestamp"), column("signups", "int64")],
    key: ["plan", "day"],
    events: ["user_signup"],
  },
  {
    name: "delays_by_airport_hour",
    description: "Average and longest delay of the flights that were to leave an airport within an hour.",
    sql: `
      SELECT origin, window_start, round(avg(delay_minutes), 2) AS avg_delay,
        max(delay_minutes) AS max_delay, count(*) AS flights
      FROM tumble(flight, scheduled_at, INTERVAL '1 hour')
      GROUP BY origin, window_start, window_end`,
    columns: [
      column("origin", "string"),
      column("window_start", "timestamp"),
      column("avg_delay", "decimal(38,2)", true),
      column("max_delay", "int32", true),
      column("flights", "int64"),
    ],
    key: ["origin", "window_start"],
    events: ["flight"],
  },
  {
    name: "worst_routes",
    description: "Routes with the longest average delay.",
    sql: `
      SELECT origin, destination, round(avg(delay_minutes), 2) AS avg_delay, count(*) AS flights
      FROM flight
      GROUP BY origin, destination
      HAVING count(*) >= 20`,
    columns: [
      column("origin", "string"),
      column("destination", "string"),
      column("avg_delay", "decimal(38,2)", true),
      column("flights", "int64"),
    ],
    key: ["origin", "destination"],
    events: ["flight"],
  },
]

export const AIRPORTS = (
  "ATL ORD DFW LAX PHX STL DTW MSP LAS DEN IAH SFO EWR PHL CLT LGA PIT SEA BOS MCO SLC CVG DCA SAN BWI TPA " +
  "OAK MIA PDX SJC MCI SMF IAD BNA RDU CLE HOU FLL SNA AUS SAT IND MSY ABQ DAL ONT BUR JFK"
).split(" ")
export const PLANS = ["free", "premium", "team", null]
