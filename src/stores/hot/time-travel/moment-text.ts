/** Times as people write them behind AT. */
import { parseTimestamp } from "../../../std/calendar-text.ts"

const DAY = /^\d{4}-\d\d-\d\d$/
/** The date, the time, seconds when they are there, and the zone when it is there. */
const INSTANT = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?$/

/** Milliseconds since 1970; a day is its beginning, and what has no zone is UTC. Null: no time. */
export function momentMs(text: string): number | null {
  const match = INSTANT.exec(text)
  const whole = DAY.test(text)
    ? `${text}T00:00:00Z`
    : match === null
      ? null
      : `${match[1]}T${match[2]}${match[3] ?? ":00"}${match[4] ?? "Z"}`
  const micros = whole === null ? null : parseTimestamp(whole)
  return micros === null ? null : Number(micros / 1_000n)
}
