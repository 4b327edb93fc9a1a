/** Why, lateness and verification, as the platform's routes give them. */
import { type Exchange, fail, json } from "./twin-exchange.ts"
import { type TwinRow, type TwinView, VIEWS } from "./twin-project.ts"
import { iso, type TwinState } from "./twin-state.ts"

export interface TwinCheck {
  readonly view: string
  readonly verdict: "equal" | "different" | "nothing-compared" | "empty" | "cannot"
  readonly reason: string | null
  readonly epoch: number
  readonly at: string
  readonly duration_ms: number
  readonly rows_compared: number
  readonly events_read: number
  readonly differences: { readonly missing: number; readonly extra: number; readonly different: number }
  readonly examples: readonly {
    readonly kind: "missing" | "extra" | "different"
    readonly live: TwinRow | null
    readonly history: TwinRow | null
  }[]
}

/** Events behind any row of the twin; more than a first page of them. */
const BEHIND = 57

export function answerWhy({ response, state, url }: Exchange, view: TwinView): void {
  const key = new Map<string, string | null>()
  for (const [name, value] of url.searchParams) {
    if (!name.startsWith("key.")) continue
    const column = name.slice(4).replace(/\.is_null$/, "")
    key.set(column, name.endsWith(".is_null") ? null : value)
  }
  const missing = view.key.filter((name) => !key.has(name))
  if (missing.length > 0) {
    const detail = `the key of ${view.name} is ${view.key.join(", ")}; key.${missing[0]} is missing`
    fail(response, { status: 400, code: "key-missing", title: "Key missing", detail })
    return
  }
  const limit = Number(url.searchParams.get("limit") ?? 20)
  const row = state.rows.get(view.name)?.get(JSON.stringify(view.key.map((name) => key.get(name)))) ?? null
  const behind = row === null ? [] : eventsBehind(view, row)
  const late = state.late.slice(0, 2).map(({ replay: _, value, ...place }) => {
    return { ...place, value: JSON.stringify(value), verdict: "late" }
  })
  const left_out = row === null || view.name === "signups_per_plan_and_day" ? [] : late
  json(response, {
    ...{ view: view.name, epoch: state.epoch, row },
    ...{ events: behind.slice(0, limit), more_events: behind.length > limit },
    ...{ left_out: left_out.slice(0, limit), more_left_out: left_out.length > limit },
  })
}

/** An event that is late in one view is applied in the others; the newest wait. */
export function answerTrail({ response, state }: Exchange, place: readonly string[]): void {
  const [event = "", partition = "0", offset = "0"] = place
  const found = state.late.find((row) => String(row.offset) === offset && String(row.partition) === partition)
  const reached = VIEWS.filter((view) => view.events.includes(event))
  const isPending = Number(offset) >= Math.floor(state.flights / 4)
  json(response, {
    ...{ event, partition: Number(partition), offset: Number(offset) },
    appended_at: found?.appended_at ?? iso(Date.UTC(2026, 10, 3, 9, 0)),
    value: JSON.stringify(found?.value ?? eventValue(event, { origin: "ATL" }, Date.UTC(2001, 0, 3), 7)),
    replay: found?.replay ?? null,
    views: reached.map(({ name }) => {
      if (isPending) return { view: name, verdict: "pending", reason: "its turn has not come" }
      if (found === undefined || name !== "delays_by_airport_hour") {
        return { view: name, verdict: "applied", reason: null }
      }
      return { view: name, verdict: "late", reason: found.reason }
    }),
  })
}

function eventsBehind(view: TwinView, row: TwinRow) {
  const event = view.events[0] ?? ""
  const start = Date.parse(String(row["window_start"] ?? row["day"] ?? "2001-01-03T00:00:00Z"))
  return Array.from({ length: BEHIND }, (_, index) => ({
    event,
    partition: event === "flight" ? index % 4 : 0,
    offset: 1_000 + index,
    appended_at: iso(Date.UTC(2026, 10, 3, 9, 0) + index * 1_000),
    value: JSON.stringify(eventValue(event, row, start + index * 60_000, index)),
  }))
}

function eventValue(event: string, row: TwinRow, atMs: number, index: number): Record<string, unknown> {
  if (event === "flight") {
    const { origin, destination = "LGA" } = row
    return {
      flight_id: String(9_007_199_254_740_993n + BigInt(index)),
      scheduled_at: iso(atMs),
      delay_minutes: index % 40,
      distance_miles: 760,
      origin,
      destination,
    }
  }
  const user_id = `u-${index}`
  return { event_id: `e-${index}`, timestamp: iso(atMs), user_id, plan: row["plan"], schema_version: 1 }
}

export function answerLateness({ response, state }: Exchange, view: TwinView): void {
  const flights = view.events.includes("flight")
  const watermark = flights ? state.watermarks.flight : state.watermarks.user_signup
  const holder = flights ? 2 : 0
  const partitions = flights ? 4 : 1
  const event = view.events[0] ?? ""
  const since = "2026-01-01T00:00:00Z"
  json(response, {
    view: view.name,
    watermark,
    held_by: { event, partition: holder, since },
    sources: [
      {
        event,
        watermark,
        out_of_orderness_ms: flights ? 28 * 3_600_000 : 10_000,
        holding_partition: holder,
        held_since: since,
        partitions: Array.from({ length: partitions }, (_, partition) => {
          const pending = flights ? 40 * partition : 0
          return { partition, end: 301_000, processed: 301_000 - pending, idle: false }
        }),
      },
    ],
  })
}

export async function answerVerify({ response, state }: Exchange, view: TwinView): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 150))
  const check = state.nextCheck.get(view.name) ?? equalCheck(state, view.name)
  state.checks.set(view.name, check)
  json(response, check)
}

export function equalCheck(state: TwinState, view: string): TwinCheck {
  return {
    view,
    verdict: "equal",
    reason: null,
    epoch: state.epoch,
    at: iso(Date.now()),
    duration_ms: 840,
    rows_compared: state.rows.get(view)?.size ?? 0,
    events_read: state.flights,
    differences: { missing: 0, extra: 0, different: 0 },
    examples: [],
  }
}

/** One row with another count, and one that the second engine does not have. */
export function differentCheck(state: TwinState, view: string): TwinCheck {
  const [first, second] = [...(state.rows.get(view)?.values() ?? [])]
  const row = first ?? {}
  const history = { ...row, flights: String(Number(row["flights"]) + 1) }
  return {
    ...equalCheck(state, view),
    verdict: "different",
    differences: { missing: 0, extra: 1, different: 6 },
    examples: [
      { kind: "different", live: row, history },
      { kind: "extra", live: second ?? null, history: null },
    ],
  }
}
