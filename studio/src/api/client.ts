/**
 * One function per route of the platform's HTTP API: events, views and rows. Paths are relative to the page,
 * which the platform serves itself.
 */
import { bodyOf, get, isRecord, problem, request, TIMEOUT_MS, textOf } from "./http.ts"
import type {
  EventStream,
  Health,
  IngestAnswer,
  JsonSchema,
  RejectedSample,
  Row,
  RowsPage,
  View,
} from "./types.ts"

/** A wait for a receipt is allowed longer than other requests. */
export const RECEIPT_WAIT_MS = 10_000

export interface RowsQuery {
  readonly sort?: string
  readonly limit: number
  /** `[column, value]` or `[column.gte, value]`. */
  readonly where?: readonly (readonly [string, string])[]
  readonly after?: string
}

export async function readEvents(): Promise<readonly EventStream[]> {
  return (await get<{ events: readonly EventStream[] }>("v1/events")).events
}

/** What a producer of this event may send. */
export async function readSchema(event: string): Promise<JsonSchema> {
  return (await get<{ json_schema: JsonSchema }>(`v1/events/${encodeURIComponent(event)}`)).json_schema
}

export async function readViews(): Promise<readonly View[]> {
  return (await get<{ views: readonly View[] }>("v1/views")).views
}

export async function readRejected(): Promise<readonly RejectedSample[]> {
  return (await get<{ rejected: readonly RejectedSample[] }>("v1/rejected")).rejected
}

export async function readRows(view: string, query: RowsQuery): Promise<RowsPage> {
  const search = new URLSearchParams()
  for (const [column, value] of query.where ?? []) search.append(`where.${column}`, value)
  if (query.sort !== undefined) search.set("sort", query.sort)
  search.set("limit", String(query.limit))
  if (query.after !== undefined) {
    search.set("after", query.after)
    search.set("timeout_ms", String(RECEIPT_WAIT_MS))
  }
  return get<RowsPage>(`v1/views/${encodeURIComponent(view)}/rows?${search}`, TIMEOUT_MS + RECEIPT_WAIT_MS)
}

/** Rows accepted and refused are both an answer; anything else is a failure. */
export async function sendEvent(event: string, body: string): Promise<IngestAnswer> {
  const response = await request(`v1/events/${encodeURIComponent(event)}`, TIMEOUT_MS, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  })
  if (response.status === 200 || response.status === 422) {
    const answer: unknown = await response.json()
    if (isRecord(answer) && typeof answer["received"] === "number") return answer as unknown as IngestAnswer
    throw problem(response, answer)
  }
  throw problem(response, await bodyOf(response))
}

/** Whether the platform takes events yet, why not, and what the project is called. */
export async function readHealth(): Promise<Health> {
  const response = await request("readyz", TIMEOUT_MS)
  const body = await bodyOf(response)
  const fields = isRecord(body) ? body : {}
  return { ready: response.ok, reason: textOf(fields["reason"]), project: textOf(fields["project"]) }
}

export function changesUrl(view: string): string {
  return `v1/views/${encodeURIComponent(view)}/changes`
}

/** The JSON of one row, for keys and comparisons. */
export function rowText(row: Row): string {
  return JSON.stringify(row)
}
