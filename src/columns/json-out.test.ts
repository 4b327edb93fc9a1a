import assert from "node:assert/strict"
import { test } from "node:test"
import { formatScalar, parseScalar, writeRowsAsJson } from "./json-out.ts"
import { writeWide } from "./scalar.ts"
import type { Column, LogicalType, Scalar } from "./types.ts"
import {
  BOOLEAN,
  BYTES,
  DATE,
  decimal,
  FLOAT64,
  INT32,
  INT64,
  JSON_TEXT,
  STRING,
  TIMESTAMP,
} from "./types.ts"
import type { Vector } from "./vector.ts"
import { allocateVector, wordsPerRow } from "./vector.ts"

function vectorOf(type: LogicalType, scalars: readonly Scalar[]): Vector {
  const encoder = new TextEncoder()
  const parts = scalars.map((scalar) => (typeof scalar === "string" ? encoder.encode(scalar) : scalar))
  const pieces = parts.map((part) => (part instanceof Uint8Array ? part : new Uint8Array(0)))
  const vector = allocateVector(type, scalars.length, new Uint8Array(Buffer.concat(pieces)))
  let at = 0
  parts.forEach((part, row) => {
    if (part === null) vector.nulls[row] = 1
    else if (part instanceof Uint8Array) {
      vector.values[row] = at
      at += part.length
      vector.ends[row] = at
    } else if (wordsPerRow(type) === 2) writeWide(vector.values as BigInt64Array, row, part as bigint)
    else vector.values[row] = (type.kind === "boolean" ? Number(part) : part) as never
  })
  return vector
}

const CASES: [string, LogicalType, Scalar, string, string][] = [
  ["yes", BOOLEAN, true, "true", "true"],
  ["small", INT32, -5, "-5", "-5"],
  ["large", INT64, 9223372036854775807n, '"9223372036854775807"', "9223372036854775807"],
  ["float", FLOAT64, 0.1, "0.1", "0.1"],
  ["nan", FLOAT64, Number.NaN, '"NaN"', '"NaN"'],
  ["infinite", FLOAT64, -Infinity, '"-Infinity"', '"-Infinity"'],
  ["price", decimal(12, 2), -5n, '"-0.05"', "-0.05"],
  ["wide", decimal(38, 1), -(10n ** 37n), `"-1${"0".repeat(36)}.0"`, `-1${"0".repeat(36)}.0`],
  ["text", STRING, 'a"\n\u{1f600}', '"a\\"\\n\u{1f600}"', '"a\\"\\n\u{1f600}"'],
  ["bytes", BYTES, new Uint8Array([104, 105]), '"aGk="', '"aGk="'],
  ["json", JSON_TEXT, '{"a": [1]}', '{"a": [1]}', '{"a": [1]}'],
  ["at", TIMESTAMP, 1_500_000n, '"1970-01-01T00:00:01.500Z"', '"1970-01-01T00:00:01.500Z"'],
  ["before", TIMESTAMP, -1n, '"1969-12-31T23:59:59.999999Z"', '"1969-12-31T23:59:59.999999Z"'],
  ["day", DATE, -1, '"1969-12-31"', '"1969-12-31"'],
  ["nothing", INT64, null, "null", "null"],
]

test("rows are written as JSON objects in column order", () => {
  const columns: Column[] = CASES.map(([name, type]) => ({ name, type, nullable: true }))
  const batch = { length: 1, vectors: CASES.map(([, type, value]) => vectorOf(type, [value])) }
  for (const numbers of ["string", "json"] as const) {
    const expected = CASES.map(
      ([name, , , asText, asJson]) => `"${name}":${numbers === "json" ? asJson : asText}`,
    )
    assert.equal(
      writeRowsAsJson(columns, batch, { from: 0, to: 1, numbers }),
      `[{${expected.join(",")}}]`,
      numbers,
    )
  }
})

test("a range of rows is an array, an empty range an empty one", () => {
  const columns: Column[] = [{ name: "n", type: INT32, nullable: false }]
  const batch = { length: 3, vectors: [vectorOf(INT32, [1, 2, 3])] }
  assert.equal(writeRowsAsJson(columns, batch, { from: 1, to: 3, numbers: "string" }), '[{"n":2},{"n":3}]')
  assert.equal(writeRowsAsJson(columns, batch, { from: 1, to: 1, numbers: "string" }), "[]")
  assert.equal(
    writeRowsAsJson([], { length: 2, vectors: [] }, { from: 0, to: 2, numbers: "json" }),
    "[{},{}]",
  )
})

test("a key that needs escapes stays valid JSON", () => {
  const columns: Column[] = [{ name: 'a"b', type: INT32, nullable: false }]
  const batch = { length: 1, vectors: [vectorOf(INT32, [1])] }
  assert.deepEqual(JSON.parse(writeRowsAsJson(columns, batch, { from: 0, to: 1, numbers: "json" })), [
    { 'a"b': 1 },
  ])
})

test("the text of a value reads back as the value", () => {
  for (const [name, type, value] of CASES) {
    if (value === null) continue
    assert.deepEqual(parseScalar(type, formatScalar(type, value)), value, name)
  }
})

test("a text that is no value of the type is told apart", () => {
  const cases: [LogicalType, string, Scalar | undefined][] = [
    [BOOLEAN, "TRUE", undefined],
    [INT32, "2147483648", undefined],
    [INT32, "1.5", undefined],
    [INT32, "1e3", 1000],
    [INT64, "9223372036854775808", undefined],
    [INT64, "", undefined],
    [FLOAT64, "1e400", undefined],
    [FLOAT64, " 1", undefined],
    [FLOAT64, "-0", 0],
    [decimal(4, 2), "100", undefined],
    [decimal(4, 2), "1.005", undefined],
    [TIMESTAMP, "2024-02-30T00:00:00Z", undefined],
    [TIMESTAMP, "2024-02-29", 1_709_164_800_000_000n],
    [TIMESTAMP, "2024-02-29T00:00:00", undefined],
    [DATE, "2024-02-30", undefined],
    [BYTES, "a", undefined],
    [JSON_TEXT, "{", undefined],
    [STRING, "", ""],
  ]
  for (const [type, text, expected] of cases)
    assert.deepEqual(parseScalar(type, text), expected, `${type.kind} ${text}`)
})
