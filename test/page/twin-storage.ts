/**
 * Queries, store and lake, as the platform's routes give them. It knows no SQL: words in it choose an answer.
 */
import { type Exchange, fail, json, readText } from "./twin-exchange.ts"
import { iso, type TwinState } from "./twin-state.ts"

const SLOW_MS = 60_000
/** A query that says this is answered late, so that it can be cancelled. */
export const SLOW_WORD = "sleepEachRow"

export async function answerQuery({ request, response, state }: Exchange): Promise<void> {
  const text = await readText(request)
  state.sent.push(text)
  const { sql, format, query_id } = JSON.parse(text) as { sql: string; format?: string; query_id?: string }
  if (state.storeDown !== null) return storeUnavailable(response, state.storeDown)
  if (/system\./.test(sql)) {
    const detail =
      "system.processes is not for queries; what may be read is in the databases events and views"
    return fail(response, { status: 400, code: "query-refused", title: "Query refused", detail })
  }
  const wrong = /\bFRMO\b/.exec(sql)
  if (wrong !== null) {
    const position = wrong.index + 1
    const detail = `Syntax error: failed at position ${position} (FRMO): FRMO. Expected one of: FROM`
    return fail(response, { status: 400, code: "query-syntax", title: "Query syntax", detail, position })
  }
  if (sql.includes(SLOW_WORD)) {
    const cancelled = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), SLOW_MS)
      state.queries.set(query_id ?? "", () => {
        clearTimeout(timer)
        resolve(true)
      })
    })
    if (cancelled) {
      return fail(response, { status: 409, code: "query-cancelled", title: "Cancelled", detail: "cancelled" })
    }
  }
  if (format === "csv") {
    response.writeHead(200, { "content-type": "text/csv" }).end("origin,flights\nATL,42\n")
    return
  }
  json(response, resultOf(sql, state))
}

function resultOf(sql: string, state: TwinState): object {
  const data = /LIMIT 0\b/.test(sql) ? [] : flights(state)
  const names = [
    ["flight_id", "Int64"],
    ["origin", "String"],
    ["destination", "Nullable(String)"],
    ["delay_minutes", "Int32"],
    ["scheduled_at", "DateTime64(6, 'UTC')"],
    ["processed_at", "DateTime64(3, 'UTC')"],
    ["_partition", "Int32"],
    ["_offset", "Int64"],
  ] as const
  const meta = names.map(([name, type]) => ({ name, type }))
  const statistics = { elapsed: 0.0042, rows_read: state.flights, bytes_read: state.flights * 48 }
  return { meta, data, rows: data.length, statistics }
}

function flights(state: TwinState) {
  return Array.from({ length: 20 }, (_, index) => ({
    flight_id: String(9_007_199_254_740_993n + BigInt(index)),
    origin: ["ATL", "ORD", "DFW", "LAX"][index % 4],
    destination: index === 3 ? null : "LGA",
    delay_minutes: (index * 7) % 40,
    scheduled_at: iso(Date.parse(state.watermarks.flight) + index * 60_000),
    processed_at: iso(Date.now() - index * 1_000),
    _partition: index % 4,
    _offset: String(1_000 + index),
  }))
}

export function answerCancel({ response, state }: Exchange, id: string): void {
  const cancel = state.queries.get(id)
  state.queries.delete(id)
  state.cancelled.push(id)
  cancel?.()
  json(response, { id, cancelled: true })
}

export function answerStore({ response, state }: Exchange): void {
  const names = [
    "events.flight",
    "events.user_signup",
    ...[...state.rows.keys()].map((name) => `views.${name}`),
  ]
  const down = state.storeDown !== null
  json(response, {
    state: down ? "unavailable" : "ready",
    reason: state.storeDown,
    version: down ? null : "26.7.2.1",
    crashes: 0,
    tables: names.map((table) => ({
      table,
      state: down ? "waiting" : "following",
      reason: null,
      lag: { rows: table.startsWith("views.") ? null : down ? 8_412 : 0, ms: down ? 9_000 : 400 },
      written_rows: down ? 0 : state.flights,
    })),
  })
}

export function answerLake({ response, state }: Exchange): void {
  const each = Math.floor(state.flights / 4)
  const at = (minute: number) => iso(Date.UTC(2026, 10, 3, 9, minute))
  json(response, {
    archived_rows: each * 3,
    archived_bytes: 31_400_000,
    waiting_records: each,
    last_commit_at: at(30),
    last_error: null,
    tables: [
      {
        event: "flight",
        location: "file:///data/lake/flight",
        rows: each * 3,
        bytes: 31_400_000,
        files: 14,
        columns: ["flight_id", "scheduled_at"],
        archived: { flight: [0, 1, 2, 3].map((partition) => each - 30_000 * partition) },
        snapshots: [1, 2, 3].map((id) => ({ id: String(id), at: at(id * 10), operation: "append" })),
      },
    ],
  })
}

export function storeUnavailable(response: Exchange["response"], reason: string): void {
  fail(response, { status: 503, code: "store-unavailable", title: "Store unavailable", detail: reason })
}
