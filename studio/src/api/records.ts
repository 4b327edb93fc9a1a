/**
 * The routes that follow rows: why a view's row is what it is, which events it left out, and what is late.
 */
import { ApiFailure, get, send } from "./http.ts"
import type { Mark } from "./letters.ts"
import type { Cell, Row, Verdict, Verification } from "./types.ts"

/** A question over history may read a day of it. */
const HISTORY_TIMEOUT_MS = 60_000

export interface RecordPlace {
  readonly event: string
  readonly partition: number
  readonly offset: number
}

/** An event in the log, named by its place. */
export interface EventRecord extends RecordPlace {
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
  readonly more_events: boolean
  readonly left_out: readonly LeftOut[]
  readonly more_left_out: boolean
}

/** A late or failed row. What history does not have any more is null. */
export interface VerdictRow {
  readonly event: string | null
  readonly partition: number
  readonly offset: number
  readonly appended_at: string | null
  readonly value: Cell
  readonly reason: string | null
  /** What was done to it; null when nothing was. */
  readonly replay: Mark | null
}

export interface VerdictPage {
  readonly rows: readonly VerdictRow[]
  readonly cursor: string | null
}

export interface Ruling {
  readonly view: string
  /** Null: applied or filtered, and the platform cannot tell which; the reason says why. */
  readonly verdict: Verdict | "pending" | null
  readonly reason: string | null
}

/** An event, and what each view that it reaches made of it. */
export interface Trail extends EventRecord {
  readonly replay: Mark | null
  readonly views: readonly Ruling[]
}

export interface LatenessPartition {
  readonly partition: number
  readonly end: number
  readonly processed: number
  readonly idle: boolean
}

export interface LatenessSource {
  readonly event: string
  readonly watermark: string | null
  readonly out_of_orderness_ms: number
  /** Null when all its partitions are idle. */
  readonly holding_partition: number | null
  readonly partitions: readonly LatenessPartition[]
}

export interface Lateness {
  readonly watermark: string | null
  readonly held_by: { readonly event: string; readonly partition: number | null } | null
  /** The slowest first. */
  readonly sources: readonly LatenessSource[]
}

/** An event's bytes come as text. */
interface Told {
  readonly value: string
}
type WithText<T> = Omit<T, "value"> & Told

interface WhyAnswer extends Omit<Why, "events" | "left_out"> {
  readonly events: readonly WithText<EventRecord>[]
  readonly left_out: readonly WithText<LeftOut>[]
}

export async function readWhy(
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
  const path = `v1/views/${encodeURIComponent(view)}/why?${search}`
  const answer = await get<WhyAnswer>(path, HISTORY_TIMEOUT_MS)
  return { ...answer, events: answer.events.map(parsed), left_out: answer.left_out.map(parsed) }
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

/** Where an event went. */
export async function readTrail({ event, partition, offset }: RecordPlace): Promise<Trail> {
  const path = `v1/events/${encodeURIComponent(event)}/records/${partition}/${offset}`
  return parsed(await get<WithText<Trail>>(path, HISTORY_TIMEOUT_MS))
}

function parsed<T extends Told>(told: T): Omit<T, "value"> & { readonly value: Cell } {
  return { ...told, value: parseExact(told.value) }
}

/** A whole number beyond 2^53 stays text, as the platform writes int64 everywhere. */
export function parseExact(text: string): Cell {
  const digits = (value: unknown, source: string | undefined): unknown =>
    typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value) ? source : value
  const revive = (_key: string, value: unknown, context?: { source?: string }): unknown =>
    digits(value, context?.source ?? String(value))
  try {
    return JSON.parse(text, revive) as Cell
  } catch {
    // Bytes that are no JSON are shown as they are.
    return text
  }
}

export function readLateness(view: string): Promise<Lateness> {
  return get<Lateness>(`v1/views/${encodeURIComponent(view)}/lateness`)
}

/** A check that takes long is told of by its id. */
interface VerificationRun {
  readonly id: string
  readonly state: "waiting" | "running" | "done" | "failed" | "stopped"
  readonly verification: Verification | null
  readonly error: { readonly detail: string } | null
}

const POLL_MS = 1_000

export async function verifyView(view: string): Promise<Verification> {
  const path = `v1/views/${encodeURIComponent(view)}/verify`
  let answer = await send<Verification | VerificationRun>("POST", path, { timeoutMs: HISTORY_TIMEOUT_MS })
  while ("state" in answer) {
    if (answer.verification !== null) return answer.verification
    if (answer.error !== null) throw new ApiFailure(answer.error.detail, null, null)
    if (answer.state === "stopped")
      throw new ApiFailure("The platform was stopped before the check was over.", null, null)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    answer = await get<VerificationRun>(`v1/verifications/${encodeURIComponent(answer.id)}`)
  }
  return answer
}

export function tailUrl(event: string): string {
  return `v1/events/${encodeURIComponent(event)}/tail`
}
