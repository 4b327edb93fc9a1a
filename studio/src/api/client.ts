/**
 * One function per route of the platform's HTTP API. Paths are relative to the page, which the platform
 * serves itself. A failure is always an ApiFailure with words that can be shown.
 */
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

/** A platform that does not answer for this long is shown as lost; a wait for a receipt is allowed longer. */
const TIMEOUT_MS = 8_000
export const RECEIPT_WAIT_MS = 10_000

export class ApiFailure extends Error {
  /** Null when the platform did not answer at all. */
  readonly status: number | null
  readonly code: string | null

  constructor(message: string, status: number | null, code: string | null) {
    super(message)
    this.name = "ApiFailure"
    this.status = status
    this.code = code
  }
}

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

async function get<T>(path: string, timeoutMs = TIMEOUT_MS): Promise<T> {
  const response = await request(path, timeoutMs)
  if (!response.ok) throw problem(response, await bodyOf(response))
  return (await response.json()) as T
}

async function request(path: string, timeoutMs: number, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(path, { ...init, signal: AbortSignal.timeout(timeoutMs), cache: "no-store" })
  } catch (cause) {
    const late = cause instanceof DOMException && cause.name === "TimeoutError"
    const why = late ? `no answer within ${timeoutMs / 1000} s` : "the platform cannot be reached"
    throw new ApiFailure(why, null, null)
  }
}

/** RFC 9457: `detail` explains this case, `title` the kind of problem. */
function problem(response: Response, body: unknown): ApiFailure {
  const fields = isRecord(body) ? body : {}
  const words = textOf(fields["detail"]) ?? textOf(fields["title"]) ?? `HTTP ${response.status}`
  const retryAfter = response.headers.get("retry-after")
  const message = retryAfter === null ? words : `${words} (try again in ${retryAfter} s)`
  return new ApiFailure(message, response.status, textOf(fields["code"]))
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text()
  try {
    return JSON.parse(text)
  } catch {
    // Plain text, such as "ok": there are no fields to read from it.
    return null
  }
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
