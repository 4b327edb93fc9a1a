/** Instants and spans in UTC, the platform's own time zone. */

const SECOND_MS = 1_000
const UNITS: readonly (readonly [ms: number, name: string, decimals: number])[] = [
  [365.25 * 86_400 * SECOND_MS, "y", 1],
  [86_400 * SECOND_MS, "d", 1],
  [3_600 * SECOND_MS, "h", 1],
  [60 * SECOND_MS, "min", 0],
  [SECOND_MS, "s", 0],
]

/** "12 s", "3.5 h", "24.9 y"; below a second "0.3 s". */
export function formatSpan(ms: number): string {
  const size = Math.abs(ms)
  for (const [unit, name, decimals] of UNITS) {
    if (size >= unit) return `${trimmed(size / unit, decimals)} ${name}`
  }
  return `${trimmed(size / SECOND_MS, 1)} s`
}

/** How far behind the clock an instant is; an instant ahead of it says so. */
export function formatBehind(instant: string, nowMs: number): string {
  const ms = nowMs - Date.parse(instant)
  if (Number.isNaN(ms)) return "unknown"
  return ms >= 0 ? `${formatSpan(ms)} behind` : `${formatSpan(ms)} ahead`
}

/** "2001-01-03 14:00", with seconds and fractions only where there are some. */
export function formatInstant(instant: string): string {
  const match = /^([+-]?\d{4,6}-\d\d-\d\d)[T ](\d\d:\d\d)(?::(\d\d)(\.\d+)?)?/.exec(instant)
  if (match === null) return instant
  const [, date, minutes, seconds = "00", fraction = ""] = match
  const shortFraction = fraction.replace(/0+$/, "").replace(/^\.$/, "")
  return seconds === "00" && shortFraction === ""
    ? `${date} ${minutes}`
    : `${date} ${minutes}:${seconds}${shortFraction}`
}

/** True when all of these are midnights: the column holds days, and a clock would be noise. */
export function areDays(instants: Iterable<unknown>): boolean {
  let some = false
  for (const instant of instants) {
    if (instant === null || instant === undefined) continue
    if (!/[T ]00:00(:00(\.0+)?)?(Z|\+00:?00)?$/.test(String(instant))) return false
    some = true
  }
  return some
}

/** The wall clock, "14:03:22", in the reader's own zone: for things that happened just now. */
export function formatClock(instant: string): string {
  const at = new Date(instant)
  return Number.isNaN(at.getTime()) ? instant : at.toLocaleTimeString("en-GB")
}

function trimmed(value: number, decimals: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toFixed(decimals)))
}
