/**
 * Dead letters, replays, and the rows that views ruled late or failed, as the platform's routes give them.
 */
import { type Exchange, fail, json, readText } from "./twin-exchange.ts"
import { iso } from "./twin-state.ts"

export interface TwinLetter {
  readonly id: string
  readonly event: string
  readonly source: string
  readonly at: string
  readonly index: number
  readonly field: string | null
  readonly code: string
  readonly message: string
  readonly text: string
  state: "open" | "replayed" | "discarded"
  replay: TwinMark | null
}

/** What was done to a letter or a row. */
export interface TwinMark {
  readonly state: "open" | "sending" | "replayed" | "discarded"
  readonly id: string | null
  readonly at: string
  readonly receipt: string | null
  readonly place: { readonly partition: number; readonly offset: number } | null
  readonly field: string | null
  readonly code: string | null
  readonly message: string | null
}

interface Place {
  readonly event: string
  readonly partition: number
  readonly offset: number
}

export interface TwinVerdict extends Place {
  readonly appended_at: string
  readonly reason: string
  readonly value: object
  replay: TwinMark | null
}

const STATES = ["open", "replayed", "discarded"] as const
const NIGHT_MS = Date.UTC(2001, 0, 3, 2, 14)

export function someLetters(nowMs: number): TwinLetter[] {
  const texts: readonly (readonly [field: string | null, code: string, message: string, text: string])[] = [
    [
      "timestamp",
      "wrong-type",
      'timestamp is "03/11/2026", which is not a timestamp; write it like "2001-01-03T14:00:00Z"',
      '{"event_id":"e-8812","event_type":"user_signup","timestamp":"03/11/2026","user_id":"u-5",' +
        '"plan":"team","schema_version":1}',
    ],
    [
      "plan",
      "not-one-of",
      'plan is "Premium+", which is none of free, premium, team',
      '{"event_id":"e-8813","event_type":"user_signup","timestamp":"2026-11-03T10:00:00Z","user_id":"u-6",' +
        '"plan":"Premium+","schema_version":1}',
    ],
    [
      null,
      "row-not-json",
      'the row is not JSON: "}" is missing at its end',
      '{"event_id":"e-8814","event_ty',
    ],
  ]
  return texts.map(([field, code, message, text], index) => ({
    id: `dl-0-${41 + index}`,
    event: "user_signup",
    source: "kafka:signups/0",
    at: iso(nowMs - (index + 1) * 97_000),
    index: 41 + index,
    field,
    code,
    message,
    text,
    state: "open",
    replay: null,
  }))
}

/** `count` rows of flights that a view did not take. */
export function someVerdicts(count: number, reason: (hour: string) => string): TwinVerdict[] {
  return Array.from({ length: count }, (_, index) => {
    const scheduled_at = iso(NIGHT_MS + index * 61_000)
    return {
      event: "flight",
      partition: index % 4,
      offset: 4_100 + index,
      appended_at: iso(Date.UTC(2026, 10, 3, 9, 30) + index * 1_000),
      reason: reason(scheduled_at.slice(0, 13)),
      value: { flight_id: 7_001 + index, scheduled_at, delay_minutes: 12, origin: "ATL", destination: "LGA" },
      replay: null,
    }
  })
}

export function answerVerdicts({ response, state, url }: Exchange, verdict: "late" | "failed"): void {
  const rows = verdict === "late" ? state.late : state.failed
  const start = Number(url.searchParams.get("cursor") ?? 0)
  const end = start + Number(url.searchParams.get("limit") ?? 100)
  json(response, { rows: rows.slice(start, end), cursor: end < rows.length ? String(end) : null })
}

export function answerLetters(exchange: Exchange, id: string | undefined, action: string | undefined): void {
  const { request, response, state, url } = exchange
  if (id !== undefined) {
    const letter = state.letters.find((candidate) => candidate.id === id)
    if (letter !== undefined && request.method === "POST" && action === "discard") {
      Object.assign(letter, { state: "discarded", replay: markOf("discarded", null) })
    }
    if (letter === undefined) notFound(response, `dead letter ${id}`)
    else json(response, { ...letter, bytes: Buffer.from(letter.text).toString("base64") })
    return
  }
  const event = url.searchParams.get("event")
  const wanted = url.searchParams.get("state")
  const limit = Number(url.searchParams.get("limit") ?? 100)
  const ofEvent = state.letters.filter((letter) => event === null || letter.event === event)
  const found = ofEvent.filter((letter) => wanted === null || letter.state === wanted)
  const counts = Object.fromEntries(
    STATES.map((name) => [name, ofEvent.filter((letter) => letter.state === name).length]),
  )
  const cursor = found.length > limit ? "more" : null
  json(response, { dead_letters: found.slice(0, limit), counts, cursor })
}

interface ReplayBody {
  readonly dead_letters?: readonly { readonly id: string; readonly value?: Record<string, unknown> }[]
  readonly event?: string
  readonly view?: string
  readonly verdict?: "late" | "failed"
  readonly rows?: readonly Place[]
}

export async function answerReplays(exchange: Exchange, id: string | undefined): Promise<void> {
  const { request, response, state } = exchange
  if (request.method !== "POST") {
    const found = state.replays.get(id ?? "")
    return found === undefined ? notFound(response, `replay ${id}`) : json(response, found)
  }
  const text = await readText(request)
  state.sent.push(text)
  const body = JSON.parse(text) as ReplayBody
  const replay = `re-${state.replays.size + 1}`
  const open = state.letters.filter((letter) => letter.state === "open")
  const letters = open.filter((letter) =>
    body.dead_letters === undefined
      ? body.view === undefined && letter.event === body.event
      : body.dead_letters.some((given) => given.id === letter.id),
  )
  const rejected = letters.flatMap((letter) => {
    const given = body.dead_letters?.find((candidate) => candidate.id === letter.id)?.value
    const time = given?.["timestamp"] ?? /"timestamp":"([^"]*)"/.exec(letter.text)?.[1]
    if (!Number.isNaN(Date.parse(String(time))) && !String(time).includes("/")) return []
    return [{ field: "timestamp", code: "wrong-type", message: `timestamp is "${time}", which is none` }]
  })
  if (rejected.length === 0)
    for (const letter of letters) {
      Object.assign(letter, { state: "replayed", replay: markOf("replayed", replay) })
    }
  for (const row of body.verdict === "failed" ? state.failed : state.late) {
    const asked = body.rows?.some((given) => given.partition === row.partition && given.offset === row.offset)
    if (asked) row.replay = markOf("replayed", replay)
  }
  const at = iso(Date.now())
  const total = letters.length + (body.rows?.length ?? 0)
  const counts = { total, accepted: total - rejected.length, duplicates: 0, rejected: rejected.length }
  const begun = { id: replay, status: "running", created_at: at, finished_at: null, error: null, total }
  const rows = letters.map((letter, index) => {
    const mark = markOf(rejected[index] === undefined ? "replayed" : "open", replay)
    return { of: `letter/${letter.id}`, ...mark, ...rejected[index] }
  })
  const ended = { ...begun, ...counts, status: "done", finished_at: at, rows, rows_truncated: false }
  state.replays.set(replay, ended)
  json(response, { ...begun, accepted: 0, duplicates: 0, rejected: 0 }, 202)
}

function markOf(state: TwinMark["state"], id: string | null): TwinMark {
  const nothing = { receipt: null, place: null, field: null, code: null, message: null }
  return { state, id, at: iso(Date.now()), ...nothing }
}

function notFound(response: Exchange["response"], what: string): void {
  fail(response, { status: 404, code: "not-found", title: "Not found", detail: `there is no ${what}` })
}
