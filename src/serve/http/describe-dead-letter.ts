/** Dead letters, marks and replays as JSON. */
import type { LetterCounts, ShelvedLetter } from "../../quality/dead-letters/dead-letter-shelf.ts"
import type { LeftOutRow } from "../../quality/quality.ts"
import type { Mark, Replay } from "../../quality/replays/replay-marks.ts"
import { parseExactJson } from "../../std/exact-json.ts"
import { instantOfMs } from "../instant-text.ts"

/** Of a list: what people read; GET /v1/dead-letters/:id has all of it. */
const MAX_TEXT_LENGTH = 1_024

export function describeLetter(letter: ShelvedLetter, options: { readonly whole: boolean }) {
  const { id, event, source, at, index, field, code, message, bytes, state, mark } = letter
  const text = Buffer.from(bytes).toString("utf8")
  const shown = options.whole || text.length <= MAX_TEXT_LENGTH ? text : `${text.slice(0, MAX_TEXT_LENGTH)}…`
  return {
    ...{ id, event, source, at: instantOfMs(at), index, field, code, message },
    text: shown,
    ...(options.whole ? { bytes: Buffer.from(bytes).toString("base64") } : {}),
    state,
    replay: mark === null ? null : describeMark(mark),
  }
}

export function describeCounts({ open, replayed, discarded }: LetterCounts) {
  return { open, replayed, discarded }
}

/** What was done to a letter or row, and what came of it. */
export function describeMark({ state, replay, at, receipt, place, field, code, message }: Mark) {
  return { state, id: replay, at: instantOfMs(at), receipt, place, field, code, message }
}

export function describeReplay(replay: Replay) {
  const { id, status, createdAt, finishedAt, total, accepted, duplicates, rejected, error } = replay
  return {
    ...{ id, status, created_at: instantOfMs(createdAt) },
    finished_at: finishedAt === null ? null : instantOfMs(finishedAt),
    ...{ total, accepted, duplicates, rejected, error },
  }
}

export function describeLeftOut(row: LeftOutRow) {
  const { event, partition, offset, appendedAtMs, reason, value, mark } = row
  return {
    ...{ event, partition, offset },
    appended_at: appendedAtMs === null ? null : instantOfMs(appendedAtMs),
    reason,
    // It is JSON: it was decoded before it was judged.
    value: value === null ? null : parseExactJson(Buffer.from(value).toString("utf8")),
    replay: mark === null ? null : describeMark(mark),
  }
}
