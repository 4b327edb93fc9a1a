/** Dead letters as people see them: newest first, each with what was done to it. */
import { DEAD_LETTER_TOPIC, type DeadLetter, decodeDeadLetter } from "../../contracts/dead-letter.ts"
import type { Log } from "../../log/log.ts"
import { readSpan } from "../../log/stored-records.ts"
import { cursorInvalid } from "../errors.ts"
import { letterKey, type Mark, type ReplayMarks } from "../replays/replay-marks.ts"

/** Letters that one look reads from the log at a time, backwards. */
const WINDOW = 500
/** Letters that one page looks at; a filter that nothing matches ends there, with a cursor to go on. */
const MAX_LOOKED_AT = 50_000
const READ_BYTES = 1024 * 1024

/** `sending` letters count as open until it is known what became of them. */
export type LetterState = "open" | "replayed" | "discarded"

export type LetterCounts = Readonly<Record<LetterState, number>>

export interface ShelvedLetter extends DeadLetter {
  readonly id: string
  readonly state: LetterState
  readonly mark: Mark | null
}

export interface LetterRequest {
  readonly event: string | null
  readonly state: LetterState | null
  readonly limit: number
  readonly cursor: string | null
}

export interface LetterPage {
  readonly letters: readonly ShelvedLetter[]
  /** Continues with older ones; null at the end. */
  readonly cursor: string | null
}

export class DeadLetterShelf {
  readonly #log: Log
  readonly #marks: ReplayMarks

  constructor(log: Log, marks: ReplayMarks) {
    this.#log = log
    this.#marks = marks
  }

  /** @throws PlatformError cursor-invalid */
  async page({ event, state, limit, cursor }: LetterRequest): Promise<LetterPage> {
    const { begin, durableEnd } = await this.#log.range(DEAD_LETTER_TOPIC, 0)
    let until = cursor === null ? durableEnd : positionOf(cursor, durableEnd)
    const letters: ShelvedLetter[] = []
    const floor = Math.max(begin, until - MAX_LOOKED_AT)
    while (until > floor) {
      const from = Math.max(floor, until - WINDOW)
      for (const letter of (await this.#read(from, until)).reverse()) {
        if (letters.length === limit) return { letters, cursor: String(Number(letter.id) + 1) }
        if (event !== null && letter.event !== event) continue
        if (state !== null && letter.state !== state) continue
        letters.push(letter)
      }
      until = from
    }
    return { letters, cursor: until > begin ? String(until) : null }
  }

  /** Null when there is none of this id. */
  async letter(id: string): Promise<ShelvedLetter | null> {
    if (!/^\d{1,15}$/.test(id)) return null
    const offset = Number(id)
    const [found] = await this.#read(offset, offset + 1)
    return found ?? null
  }

  /** Of all events, or of one, of which `total` letters were ever kept. */
  async counts(event: string | null, total: number | null): Promise<LetterCounts> {
    const { begin, durableEnd } = await this.#log.range(DEAD_LETTER_TOPIC, 0)
    let replayed = 0
    let discarded = 0
    for (const [key, mark] of this.#marks.marks()) {
      if (!key.startsWith("letter/") || (event !== null && mark.event !== event)) continue
      if (mark.state === "replayed") replayed++
      if (mark.state === "discarded") discarded++
    }
    return { open: (total ?? durableEnd - begin) - replayed - discarded, replayed, discarded }
  }

  /** The ids of open letters of an event, oldest first, at most `limit`. */
  async openIds(event: string, limit: number): Promise<readonly string[]> {
    const { begin, durableEnd } = await this.#log.range(DEAD_LETTER_TOPIC, 0)
    const open: string[] = []
    for (let from = begin; from < durableEnd && open.length < limit; from += WINDOW) {
      for (const letter of await this.#read(from, Math.min(from + WINDOW, durableEnd))) {
        if (letter.event === event && letter.state === "open" && open.length < limit) open.push(letter.id)
      }
    }
    return open
  }

  async #read(from: number, until: number): Promise<ShelvedLetter[]> {
    const letters: ShelvedLetter[] = []
    const span = { topic: DEAD_LETTER_TOPIC, partition: 0, from, until }
    for await (const { offset, value } of readSpan(this.#log, span, { readBytes: READ_BYTES })) {
      if (value === null) continue
      const id = String(offset)
      const mark = this.#marks.mark(letterKey(id))
      letters.push({ ...decodeDeadLetter(value), id, mark, state: stateOf(mark) })
    }
    return letters
  }
}

function stateOf(mark: Mark | null): LetterState {
  return mark === null || mark.state === "sending" ? "open" : mark.state
}

function positionOf(cursor: string, end: number): number {
  const position = /^\d{1,15}$/.test(cursor) ? Number(cursor) : Number.NaN
  if (!(position <= end)) throw cursorInvalid(cursor)
  return position
}
