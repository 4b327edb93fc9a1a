/**
 * When a row may leave. A pace is asked before each row and answers the moment, in milliseconds since the
 * beginning, before which the row must not be sent; rows whose moment has come travel together.
 */
import { wrongUsage } from "./errors.ts"

export interface Pace {
  /** Milliseconds since the beginning at which `row` is due. */
  dueMs(row: Uint8Array): number
}

/** As fast as the server takes them. */
export const UNPACED: Pace = { dueMs: () => 0 }

/** So many rows a second, evenly. */
export function ratePace(rowsPerSecond: number): Pace {
  let sent = 0
  return { dueMs: () => (sent++ * 1_000) / rowsPerSecond }
}

/**
 * At the distances of the rows' own times, `speed` times as fast. A row that is earlier than one before it is
 * sent at once, as it would have come late in real life; a row without a readable time goes with the one
 * before it.
 */
export function eventTimePace(timeField: string, speed: number): Pace {
  const decoder = new TextDecoder()
  let firstMs: number | null = null
  let dueMs = 0
  return {
    dueMs(row) {
      const timeMs = timeOf(decoder.decode(row), timeField)
      if (timeMs === null) return dueMs
      firstMs ??= timeMs
      dueMs = Math.max(dueMs, (timeMs - firstMs) / speed)
      return dueMs
    },
  }
}

/** "200", "200/s", "12000/m"; rows a second. @throws wrong-usage */
export function parseRate(text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(?:\/\s*(s|m|min|h))?\s*$/.exec(text)
  const perSecond =
    match === null ? 0 : Number(match[1]) / { s: 1, m: 60, min: 60, h: 3_600 }[match[2] ?? "s"]!
  if (perSecond > 0) return perSecond
  throw wrongUsage(`--rate takes rows a second, such as 200/s, not "${text}"`)
}

/** "60", "60x", "0.5". @throws wrong-usage */
export function parseSpeed(text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*x?\s*$/.exec(text)
  const speed = match === null ? 0 : Number(match[1])
  if (speed > 0) return speed
  throw wrongUsage(`--speed takes how many times as fast, such as 60, not "${text}"`)
}

/**
 * Epoch numbers tell their unit by their size: 2001 in seconds is 1e9, in milliseconds 1e12, in microseconds
 * 1e15.
 */
const SMALLEST_MS = 1e11
const SMALLEST_US = 1e14

function timeOf(json: string, field: string): number | null {
  let value: unknown
  try {
    value = (JSON.parse(json) as Record<string, unknown> | null)?.[field]
  } catch {
    // The server says what is wrong with the row.
    return null
  }
  if (typeof value === "number") {
    const size = Math.abs(value)
    return size >= SMALLEST_US ? value / 1_000 : size >= SMALLEST_MS ? value : value * 1_000
  }
  const timeMs = typeof value === "string" ? Date.parse(value) : Number.NaN
  return Number.isNaN(timeMs) ? null : timeMs
}
