import assert from "node:assert/strict"
import { test } from "node:test"
import { formatUnscaled, parseInt64, parseScaledFloor, parseUnscaled } from "./exact-number.ts"

test("whole numbers are exact to 64 bits, however they are written", () => {
  const cases: [string, bigint | string][] = [
    ["0", 0n],
    ["-0", 0n],
    ["9223372036854775807", 9223372036854775807n],
    ["-9223372036854775808", -9223372036854775808n],
    ["9223372036854775808", "too-large"],
    ["1.20e2", 120n],
    ["1200e-2", 12n],
    ["12e-1", "not-an-integer"],
    ["0e999999999999", 0n],
    ["1e999999999999", "too-large"],
    ["1e-999999999999", "not-an-integer"],
    ["01", "not-a-number"],
    ["+1", "not-a-number"],
    ["1.", "not-a-number"],
    [".5", "not-a-number"],
    ["", "not-a-number"],
    ["0x10", "not-a-number"],
    [" 1", "not-a-number"],
  ]
  for (const [text, expected] of cases) assert.equal(parseInt64(text), expected, text)
})

test("decimals keep every digit or are refused", () => {
  const cases: [string, bigint | string][] = [
    ["1.5", 150n],
    ["-1.50", -150n],
    ["1.500000", 150n],
    ["99999999.99", 9999999999n],
    ["100000000", "too-large"],
    ["1.005", "too-many-fraction-digits"],
    ["1e2", 10000n],
  ]
  for (const [text, expected] of cases) assert.equal(parseUnscaled(text, 10, 2), expected, text)
})

test("instants given as numbers are cut towards the past", () => {
  const cases: [string, bigint | null][] = [
    ["1.5", 1_500_000n],
    ["1.0000009", 1_000_000n],
    ["-1.0000001", -1_000_001n],
    ["-0.0000000001", -1n],
    ["0.0000000001", 0n],
    ["1e400", null],
    ["x", null],
  ]
  for (const [text, expected] of cases) assert.equal(parseScaledFloor(text, 6), expected, text)
})

test("decimals are written with all their fraction digits", () => {
  assert.equal(formatUnscaled(-150n, 2), "-1.50")
  assert.equal(formatUnscaled(-5n, 2), "-0.05")
  assert.equal(formatUnscaled(5n, 0), "5")
  assert.equal(formatUnscaled(0n, 3), "0.000")
})
