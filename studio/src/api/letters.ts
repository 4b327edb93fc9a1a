/** Dead letters: rows that broke their contract and were kept, and the replays that send them back. */
import { get, send } from "./http.ts"

export const LETTER_STATES = ["open", "replayed", "discarded"] as const
export type LetterState = (typeof LETTER_STATES)[number]

export interface DeadLetter {
  readonly id: string
  readonly event: string
  readonly source: string
  readonly at: string
  /** Place in what its producer sent. */
  readonly index: number
  readonly field: string | null
  readonly code: string
  readonly message: string
  /** The bytes as text, as far as they are text. */
  readonly text: string
  readonly state: LetterState
  /** What was done to it; null when nothing was. */
  readonly replay: Mark | null
}

/** What became of a letter or a row that was taken up. */
export interface Mark {
  readonly state: "open" | "sending" | "replayed" | "discarded"
  /** Of the replay; null when it was discarded. */
  readonly id: string | null
  readonly at: string
  readonly receipt: string | null
  readonly place: { readonly partition: number; readonly offset: number } | null
  /** Why it was refused again. */
  readonly field: string | null
  readonly code: string | null
  readonly message: string | null
}

export interface DeadLetterPage {
  readonly dead_letters: readonly DeadLetter[]
  readonly counts: Readonly<Record<LetterState, number>>
  readonly cursor: string | null
}

export type ReplayRequest =
  | { readonly dead_letters: readonly { readonly id: string }[] }
  | { readonly event: string; readonly all: true }
  | {
      readonly view: string
      readonly verdict: "late" | "failed"
      readonly rows: readonly {
        readonly event: string
        readonly partition: number
        readonly offset: number
      }[]
    }

export interface Replay {
  readonly id: string
  readonly status: "running" | "done" | "interrupted" | "failed"
  readonly total: number
  readonly accepted: number
  readonly duplicates: number
  readonly rejected: number
  /** Why it failed as a whole. */
  readonly error: string | null
  /** What became of each row; only where one replay is asked for. */
  readonly rows?: readonly Mark[]
}

export function readLetters(filter: {
  readonly event: string | null
  readonly state: LetterState
  readonly limit: number
}): Promise<DeadLetterPage> {
  const search = new URLSearchParams({ state: filter.state, limit: String(filter.limit) })
  if (filter.event !== null) search.set("event", filter.event)
  return get<DeadLetterPage>(`v1/dead-letters?${search}`)
}

/** With all of its text; lists cut it. */
export function readLetter(id: string): Promise<DeadLetter> {
  return get<DeadLetter>(`v1/dead-letters/${encodeURIComponent(id)}`)
}

export function startReplay(request: ReplayRequest): Promise<Replay> {
  return send<Replay>("POST", "v1/replays", { body: request })
}

/** Takes the mended event as JSON text, so that an int64 keeps all its digits. */
export function replayMended(id: string, json: string): Promise<Replay> {
  const body = `{"dead_letters":[{"id":${JSON.stringify(id)},"value":${json}}]}`
  return send<Replay>("POST", "v1/replays", { body })
}

export function readReplay(id: string): Promise<Replay> {
  return get<Replay>(`v1/replays/${encodeURIComponent(id)}`)
}

export async function discardLetter(id: string): Promise<void> {
  await send<unknown>("POST", `v1/dead-letters/${encodeURIComponent(id)}/discard`)
}
