import assert from "node:assert/strict"
import { test } from "node:test"
import { civilFromDays, civilFromMicros, daysFromCivil, daysFromMicros, floorDiv } from "./calendar.ts"
import { formatDate, formatTimestamp, parseDate, parseTimestamp } from "./calendar-text.ts"

test("days and dates convert both ways, as JavaScript's own calendar does", () => {
  for (let days = -2_000_000; days <= 3_000_000; days += 373) {
    const date = new Date(days * 86_400_000)
    const civil = civilFromDays(days)
    assert.deepEqual(
      civil,
      { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() },
      String(days),
    )
    assert.equal(daysFromCivil(civil.year, civil.month, civil.day), days)
  }
})

test("the ends of PostgreSQL's range are exact", () => {
  assert.equal(daysFromCivil(-4712, 1, 1), -2_440_550)
  assert.equal(daysFromCivil(294276, 12, 31), 106_762_939)
  assert.deepEqual(civilFromDays(-2_440_550), { year: -4712, month: 1, day: 1 })
  assert.deepEqual(civilFromDays(106_762_939), { year: 294276, month: 12, day: 31 })
  assert.equal(
    formatTimestamp(106_762_939n * 86_400_000_000n + 86_399_999_999n),
    "+294276-12-31T23:59:59.999999Z",
  )
})

test("negative instants floor towards the past", () => {
  assert.equal(daysFromMicros(-1n), -1)
  assert.equal(floorDiv(-86_400_000_000n, 86_400_000_000n), -1n)
  assert.equal(formatTimestamp(-1n), "1969-12-31T23:59:59.999999Z")
  assert.equal(civilFromMicros(-1n).micros, 999_999)
})

test("timestamps are read with any offset and any fraction", () => {
  const cases: [string, string | null][] = [
    ["2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z"],
    ["2024-02-29t12:00:00.5z", "2024-02-29T12:00:00.500Z"],
    ["2024-02-29T12:00:00.123456999Z", "2024-02-29T12:00:00.123456Z"],
    ["2024-03-01T00:30:00+01:00", "2024-02-29T23:30:00Z"],
    ["2023-12-31T20:00:00-05:30", "2024-01-01T01:30:00Z"],
    ["1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"],
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"],
    ["0001-01-01T00:00:00+00:01", null],
    ["9999-12-31T23:59:59-00:01", null],
    ["0000-01-01T00:00:00Z", null],
    ["2023-02-29T12:00:00Z", null],
    ["2024-13-01T12:00:00Z", null],
    ["2024-01-01T24:00:00Z", null],
    ["2024-06-30T23:59:60Z", null],
    ["2024-01-01T12:00:00", null],
    ["2024-01-01 12:00:00Z", null],
    ["2024-01-01T12:00:00.Z", null],
    ["2024-01-01T12:00:00+1:00", null],
    ["2024-01-01T12:00:00+24:00", null],
  ]
  for (const [text, expected] of cases) {
    const micros = parseTimestamp(text)
    assert.equal(micros === null ? null : formatTimestamp(micros), expected, text)
  }
})

test("dates are read and written", () => {
  const cases: [string, number | null][] = [
    ["1970-01-01", 0],
    ["1969-12-31", -1],
    ["2000-02-29", 11_016],
    ["1900-02-29", null],
    ["2024-00-10", null],
    ["2024-1-10", null],
    ["0000-01-01", null],
  ]
  for (const [text, days] of cases) {
    assert.equal(parseDate(text), days, text)
    if (days !== null) assert.equal(formatDate(days), text)
  }
  assert.equal(formatDate(daysFromCivil(10_000, 1, 1)), "+010000-01-01")
  assert.equal(formatDate(daysFromCivil(-1, 1, 1)), "-000001-01-01")
})
