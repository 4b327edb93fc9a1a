/**
 * The routes that follow rows: why a view's row is what it is, which events it left out, and what is late.
 */
import { get, send } from "./http.ts"
import type { Cell, Row, Verdict, Verification } from "./types.ts"

/** A question over history may read a day of it. */
const HISTORY_TIMEOUT_MS = 60_000

/** An event in the log, named by its place. */
export interface EventRecord {
  readonly event: string
  readonly partition: number
  readonly offset: number
  readonly appended_at: string
  readonly value: Cell
}

export interface LeftOut extends EventRecord {
  readonly verdict: Verdict
  /** Null where the verdict says it all. */
  readonly reason: string | null
}

export interface Why {
  /** Null when the view has no such row. */
  readonly row: Row | null
  readonly events: readonly EventRecord[]
  readonly left_out: readonly LeftOut[]
  /** How many there are; the lists are cut at the limit. */
  readonly event_count?: number
  readonly left_out_count?: number
}

export interface VerdictRow extends EventRecord {
  readonly reason: string | null
  /** The replay that took it up again; null when none did. */
  readonly replay: string | null
}

export interface VerdictPage {
  readonly rows: readonly VerdictRow[]
  readonly cursor: string | null
}

/** What one partition of a source holds back. */
export interface LatenessSource {
  readonly event: string
  readonly partition: number
  readonly watermark: string | null
  readonly idle: boolean
  readonly pending: number
  readonly holds: boolean
  readonly reason: string | null
}

export interface Lateness {
  readonly watermark: string | null
  readonly reason: string
  readonly sources: readonly LatenessSource[]
}

export function readWhy(
  view: string,
  key: readonly (readonly [column: string, value: Cell])[],
  limit: number,
): Promise<Why> {
  const search = new URLSearchParams()
  for (const [column, value] of key) {
    if (value === null) search.append(`key.${column}.is_null`, "true")
    else search.append(`key.${column}`, typeof value === "object" ? JSON.stringify(value) : String(value))
  }
  search.set("limit", String(limit))
  return get<Why>(`v1/views/${encodeURIComponent(view)}/why?${search}`, HISTORY_TIMEOUT_MS)
}

export function readVerdicts(
  view: string,
  verdict: "late" | "failed",
  page: { readonly limit: number; readonly cursor: string | null },
): Promise<VerdictPage> {
  const search = new URLSearchParams({ limit: String(page.limit) })
  if (page.cursor !== null) search.set("cursor", page.cursor)
  return get<VerdictPage>(`v1/views/${encodeURIComponent(view)}/${verdict}?${search}`)
}

export function readLateness(view: string): Promise<Lateness> {
  return get<Lateness>(`v1/views/${encodeURIComponent(view)}/lateness`)
}

export function verifyView(view: string): Promise<Verification> {
  return send<Verification>("POST", `v1/views/${encodeURIComponent(view)}/verify`, {
    timeoutMs: HISTORY_TIMEOUT_MS,
  })
}

export function tailUrl(event: string): string {
  return `v1/events/${encodeURIComponent(event)}/tail`
}
