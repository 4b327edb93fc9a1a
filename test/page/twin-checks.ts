/** Why, lateness and verification, as the platform's routes give them. */
import { type Exchange, fail, json } from "./twin-exchange.ts"
import type { TwinRow, TwinView } from "./twin-project.ts"
import { iso, type TwinState } from "./twin-state.ts"

export interface TwinCheck {
  readonly result: "equal" | "different" | "cannot"
  readonly at: string
  readonly epoch: number | null
  readonly rows_compared: number
  readonly reason: string | null
  readonly took_ms: number | null
  readonly difference_count: number
  readonly differences: readonly { readonly view: TwinRow | null; readonly recomputed: TwinRow | null }[]
}

/** Events behind any row of the twin; more than a first page of them. */
const BEHIND = 57
const HOUR_MS = 3_600_000

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
  const events = row === null ? [] : eventsBehind(view, row).slice(0, limit)
  const late = state.late.slice(0, 2).map((record) => ({ ...record, verdict: "late" }))
  const left_out = row === null || view.name === "signups_per_plan_and_day" ? [] : late.map(withoutReplay)
  json(response, { row, events, left_out })
}

function withoutReplay<T extends { replay: unknown }>({ replay: _, ...row }: T): Omit<T, "replay"> {
  return row
}

function eventsBehind(view: TwinView, row: TwinRow) {
  const event = view.events[0] ?? ""
  const start = Date.parse(String(row["window_start"] ?? row["day"] ?? "2001-01-03T00:00:00Z"))
  return Array.from({ length: BEHIND }, (_, index) => ({
    event,
    partition: event === "flight" ? index % 4 : 0,
    offset: 1_000 + index,
    appended_at: iso(Date.UTC(2026, 10, 3, 9, 0) + index * 1_000),
    value: eventValue(event, row, start + index * 60_000, index),
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
  json(response, {
    watermark,
    reason: `Partition ${holder} of ${view.events[0]} is the furthest behind.`,
    sources: Array.from({ length: partitions }, (_, partition) => ({
      event: view.events[0],
      partition,
      watermark: partition === holder ? watermark : iso(Date.parse(watermark) + (partition + 1) * HOUR_MS),
      idle: false,
      pending: flights ? 40 * partition : 0,
      holds: partition === holder,
      reason: partition === holder ? "its newest event is the oldest of all partitions" : null,
    })),
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
    result: "equal",
    at: iso(Date.now()),
    epoch: state.epoch,
    rows_compared: state.rows.get(view)?.size ?? 0,
    reason: null,
    took_ms: 840,
    difference_count: 0,
    differences: [],
  }
}

/** One row with another count, and one that the second engine does not have. */
export function differentCheck(state: TwinState, view: string): TwinCheck {
  const [first, second] = [...(state.rows.get(view)?.values() ?? [])]
  const row = first ?? {}
  const differences = [
    { view: row, recomputed: { ...row, flights: String(Number(row["flights"]) + 1) } },
    { view: second ?? null, recomputed: null },
  ]
  return { ...equalCheck(state, view), result: "different", difference_count: 7, differences }
}
