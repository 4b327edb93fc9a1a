/** The twin's numbers and how they move. Seeded, so that two runs show the same; see twin-project.ts. */
import type { TwinCheck } from "./twin-checks.ts"
import { someLetters, someVerdicts, type TwinLetter, type TwinVerdict } from "./twin-letters.ts"
import { AIRPORTS, PLANS, type TwinRow, type TwinView, VIEWS } from "./twin-project.ts"

export interface TwinChange {
  readonly weight: number
  readonly row: TwinRow
}

export interface TwinRejected {
  readonly event: string
  readonly at: string
  readonly index: number
  readonly field: string | null
  readonly code: string
  readonly message: string
  readonly text: string
}

const HISTORY_START_MS = Date.UTC(2001, 0, 2)
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const KEPT_REJECTED = 200

export class TwinState {
  epoch = 0
  flights = 1_204_331
  signups = 4_820
  signupsRejected = 0
  flightsRejected = 0
  flightRate = 0
  signupRate = 0
  readonly rejected: TwinRejected[] = []
  readonly letters: TwinLetter[]
  readonly replays = new Map<string, object>()
  readonly late: TwinVerdict[]
  readonly failed: TwinVerdict[]
  /** The last check of each view, and what the next one will say. */
  readonly checks = new Map<string, TwinCheck>()
  readonly nextCheck = new Map<string, TwinCheck>()
  /** Running queries by id, with what ends them; ids that were cancelled. */
  readonly queries = new Map<string, () => void>()
  readonly cancelled: string[] = []
  /** Bodies of queries and replays as they came. */
  readonly sent: string[] = []
  /** Why the store is down; null while it runs. */
  storeDown: string | null = null
  /** Rows that `delays_by_airport_hour` loses: a bug that the page must show. */
  lost = 0
  readonly rows = new Map<string, Map<string, TwinRow>>(VIEWS.map((view) => [view.name, new Map()]))
  readonly watchers = new Set<(view: string, changes: readonly TwinChange[]) => void>()
  readonly #nowMs: () => number
  #seed = 7
  #historyMs = HISTORY_START_MS

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
    this.letters = someLetters(nowMs())
    this.late = someVerdicts(61, (hour) => `its window [${hour}:00, +1 h) closed before it came`)
    this.failed = someVerdicts(2, () => "delay_minutes / distance_miles: division by zero")
    const today = Math.floor(nowMs() / DAY_MS) * DAY_MS
    for (let day = today - 13 * DAY_MS; day <= today; day += DAY_MS) {
      for (const plan of PLANS) this.signup(plan, day, 10 + this.random(plan === "free" ? 140 : 45))
    }
    for (let hour = 0; hour < 40; hour++) this.hourOfFlights()
    for (const origin of AIRPORTS) {
      for (let n = 0; n < 6; n++) this.route(origin, AIRPORTS[this.random(AIRPORTS.length)] ?? "JFK")
    }
  }

  get watermarks(): { readonly flight: string; readonly user_signup: string } {
    return {
      flight: iso(this.#historyMs - 28 * HOUR_MS),
      user_signup: iso(this.#nowMs() - 12_400),
    }
  }

  /** One beat: a few signups, a slice of an hour of flights, a new epoch. */
  tick(): void {
    this.epoch++
    this.signupRate = 2 + this.random(30) / 10
    this.flightRate = 14_200 + 2_600 * Math.sin(this.epoch / 9) + this.random(900)
    this.flights += Math.round(this.flightRate / 2)
    const today = Math.floor(this.#nowMs() / DAY_MS) * DAY_MS
    this.signup(PLANS[this.random(PLANS.length)] ?? null, today, 1 + this.random(2))
    if (this.epoch % 4 === 0) this.hourOfFlights()
    for (let n = 0; n < 6; n++) this.route(this.anyAirport(), this.anyAirport())
  }

  signup(plan: string | null, day: number, count: number): void {
    this.signups += count
    this.change("signups_per_plan_and_day", { plan, day: iso(day) }, (row) => ({
      signups: String(Number(row?.["signups"] ?? 0) + count),
    }))
  }

  refuse(row: Omit<TwinRejected, "at">): void {
    this.rejected.unshift({ ...row, at: iso(this.#nowMs()) })
    this.rejected.length = Math.min(this.rejected.length, KEPT_REJECTED)
    if (row.event === "flight") this.flightsRejected++
    else this.signupsRejected++
  }

  /** A whole number from 0 to below `limit`. */
  random(limit: number): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#seed / 2 ** 32) * limit)
  }

  /** The next hour, with a row for nearly every airport. */
  hourOfFlights(): void {
    const window_start = iso(this.#historyMs)
    const hour = new Date(this.#historyMs).getUTCHours()
    AIRPORTS.forEach((origin, rank) => {
      if ((hour < 5 && rank > 6) || this.random(8) === 0) return
      const busy = Math.max(1, Math.round((60 - rank) * (hour < 6 ? 0.1 : 0.7) + this.random(9)))
      const delay = 3 + hour * 0.7 + this.random(900) / 100
      this.change("delays_by_airport_hour", { origin, window_start }, () => ({
        avg_delay: delay.toFixed(2),
        max_delay: Math.round(delay * 4 + this.random(160)),
        flights: String(busy),
      }))
    })
    this.#historyMs += HOUR_MS
  }

  private anyAirport(): string {
    return AIRPORTS[this.random(AIRPORTS.length)] ?? "ATL"
  }

  private route(origin: string, destination: string): void {
    if (origin === destination) return
    this.change("worst_routes", { origin, destination }, (row) => ({
      avg_delay: (Number(row?.["avg_delay"] ?? this.random(4_000) / 100) + this.random(40) / 100).toFixed(2),
      flights: String(Number(row?.["flights"] ?? 20) + 1),
    }))
  }

  private change(view: string, key: TwinRow, values: (row: TwinRow | undefined) => TwinRow): void {
    const rows = this.rows.get(view)
    if (rows === undefined) return
    const name = JSON.stringify(Object.values(key))
    const before = rows.get(name)
    const after = { ...key, ...values(before) }
    rows.set(name, after)
    const gone = before === undefined ? [] : [{ weight: -1, row: before }]
    for (const watcher of this.watchers) watcher(view, [...gone, { weight: 1, row: after }])
  }
}

export function iso(ms: number): string {
  return new Date(ms).toISOString()
}

/** The rows that a request asks for: `where.*`, `sort`, `limit`; enough of the real thing for the page. */
export function selectRows(state: TwinState, view: TwinView, search: URLSearchParams): readonly TwinRow[] {
  let rows = [...(state.rows.get(view.name)?.values() ?? [])]
  for (const [name, value] of search) {
    const [where, column = "", comparison = "eq"] = name.split(".")
    if (where !== "where") continue
    rows = rows.filter((row) => {
      if (comparison === "is_null") return String(row[column] === null) === value
      return comparison === "lte" ? String(row[column]) <= value : String(row[column]) === value
    })
  }
  const sort = search.get("sort") ?? ""
  const column = sort.replace(/^-/, "")
  const numeric = /^(int|float|decimal)/.test(view.columns.find(({ name }) => name === column)?.type ?? "")
  const sign = sort.startsWith("-") ? -1 : 1
  if (sort !== "") {
    rows.sort((a, b) => {
      const [left, right] = [a[column] ?? null, b[column] ?? null]
      if (left === null || right === null) return sign * (Number(left === null) - Number(right === null))
      if (numeric) return sign * (Number(left) - Number(right))
      return sign * (left < right ? -1 : left > right ? 1 : 0)
    })
  }
  return rows.slice(0, Number(search.get("limit") ?? 100))
}
