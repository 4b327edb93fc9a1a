import assert from "node:assert/strict"
import { test } from "node:test"
import { z } from "zod"
import { readRow } from "../../columns/scalar.ts"
import type { Framing } from "../decoder.ts"
import { event } from "../event.ts"
import { decimal, float64, int32, int64, json, timestamp } from "../field-types.ts"
import { createJsonDecoder } from "./decoder.ts"
import { MAX_ROW_BYTES, SHAPE_ROWS } from "./limits.ts"
import { mergeShapes, shapeOf } from "./shape.ts"

const order = event("order", {
  schema: z.object({
    id: z.string(),
    at: timestamp(),
    n: int64().optional(),
    small: int32().nullish(),
    price: decimal(10, 2).optional(),
    wide: decimal(30, 3).optional(),
    share: float64().optional(),
    yes: z.boolean().optional(),
    day: z.iso.date().optional(),
    level: z.enum(["low", "high"]).optional(),
    note: z.string().max(5).default("none"),
    extra: json().optional(),
  }),
  id: "id",
  time: "at",
})

const encoder = new TextEncoder()
const head = '"id":"a","at":"2024-05-01T12:34:56.789Z"'

/**
 * What the row decodes to, or its code, by a decoder that has learned `like` and by one that knows nothing.
 */
function both(text: string, like: string, framing: Framing = "ndjson") {
  const learned = createJsonDecoder(order)
  learned.decode(encoder.encode(`${like}\n`.repeat(2 * SHAPE_ROWS)), "ndjson")
  return [learned, createJsonDecoder(order)].map((decoder) => {
    const decoded = decoder.decode(encoder.encode(text), framing)
    const rows = Array.from({ length: decoded.batch.length }, (_, row) => [
      decoded.indexes[row],
      ...readRow(decoded.batch, row),
    ])
    return { rows, rejected: decoded.rejected, received: decoded.received }
  })
}

function same(text: string, like: string, framing: Framing = "ndjson") {
  const [learned, fresh] = both(text, like, framing)
  assert.deepEqual(learned, fresh, text)
  return learned!
}

test("a learned loop reads every spelling of a value as the general path does", () => {
  const spellings: Readonly<Record<string, readonly string[]>> = {
    n: [
      "0",
      "-1",
      "7",
      "123456789",
      "1234567890",
      "-999999999999999",
      "1234567890123456",
      "9223372036854775807",
      '"12"',
      "1e3",
      "1.5",
      "01",
      "-",
      "null",
      "12x",
    ],
    small: ["0", "-5", "2147483647", "2147483648", "-2147483648", "-2147483649", "null", "nul", "1.0", "00"],
    price: ["0", "1.5", "-1.50", "12345678.91", "123456789", "1.005", "1e1", '"2.5"', ".5", "1.", "-0.00"],
    wide: ["1.5", "-1.5", "-0.001", "123456789012", "-123456789012.123", "123456789012345678901234567.123"],
    share: ["0.1", "-0", "-0.0", "1e300", "1e400", "0.30000000000000004", "123456789012345678", "100", "1."],
    yes: ["true", "false", "tru", "falsy", "1", "truex"],
    day: ['"2024-02-29"', '"2023-02-29"', '"2024-2-29"', '"2024-02-29T"', "5", '""'],
    level: ['"low"', '"high"', '"mid"', '"l\\u006fw"', '""'],
    note: [
      '"abc"',
      '"abcdef"',
      '"\u00e9\u00e9\u00e9\u00e9\u00e9"',
      '"\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}"',
      '"a\\n"',
      '"a\tb"',
      '"\\u0000"',
      '"abc',
      '"ab\\"',
    ],
    extra: ['{"a":[1]}', "[1, 2]", "5", "null", '"x"', "{a:1}", '{"a":"\\ud800"}'],
  }
  for (const [field, values] of Object.entries(spellings)) {
    const like = `{${head},"${field}":${values[0]}}`
    for (const value of values) {
      const text = `{${head},"${field}":${value}}`
      same(text, like)
      same(`${like}\n${text}\n${like}`, like)
      same(`[${like},${text},${like}]`, like, "ndjson")
    }
  }
})

test("times in a learned loop are checked to the last digit", () => {
  const like = `{${head}}`
  const times = [
    "2024-05-01T12:34:56Z",
    "2024-05-01T12:34:56.1Z",
    "2024-05-01T12:34:56.123456789Z",
    "2024-05-01T12:34:56.1234567890Z",
    "2024-05-01T12:34:56.Z",
    "2024-05-01T24:00:00Z",
    "2024-05-01T23:60:00Z",
    "2024-05-01T23:59:60Z",
    "2024-05-01T1:34:56Z",
    "2024-05-01T12:34:5:Z",
    "2024-05-01T12:3/:56Z",
    "2024-05-01T12-34-56Z",
    "2024-05-01 12:34:56Z",
    "2024-05-01T12:34:56+02:00",
    "2024-05-32T12:34:56Z",
    "1600-05-01T12:34:56Z",
    "9999-12-31T23:59:59.999999Z",
    "1969-12-31T23:59:59.999999Z",
    "2024-05-01T12:34:56.789",
  ]
  for (const time of times) {
    const text = `{"id":"a","at":"${time}"}`
    same(text, like)
    same(`${like}\n${text}\n${like}\n${text}`, like)
  }
})

test("rows that end early, run on or break off leave a learned loop unharmed", () => {
  const like = `{${head},"n":5,"note":"abc"}`
  for (let cut = 0; cut < like.length; cut++) {
    same(like.slice(0, cut), like)
    same(`${like.slice(0, cut)}\n${like}`, like)
    same(`${like}\n${like.slice(0, cut)}`, like)
  }
  for (const text of [
    `${like} `,
    `${like}x`,
    `${like}${like}`,
    ` ${like}`,
    `${like}\r\n${like}`,
    `${like}\r${like}`,
  ])
    same(text, like)
})

test("a line feed inside a value does not join two lines", () => {
  const like = `{${head},"extra":[1,2]}`
  const found = same(`{${head},"extra":[1,\n2]}\n${like}`, like)
  assert.deepEqual(
    found.rejected.map((one) => one.code),
    ["not-json", "not-json"],
  )
  const pretty = JSON.stringify([JSON.parse(like), JSON.parse(like)], null, 2)
  assert.equal(same(pretty, like, "json").rows.length, 2)
})

test("what was learned from rows over several lines does not make one row of several lines", () => {
  const decoder = createJsonDecoder(order)
  const row = JSON.stringify({ id: "a", at: "2024-05-01T12:34:56Z" }, null, 1)
  const rows = Array.from({ length: 2 * SHAPE_ROWS }, () => row).join(",")
  assert.equal(decoder.decode(encoder.encode(`[${rows}]`), "json").batch.length, 2 * SHAPE_ROWS)
  const lines = decoder.decode(encoder.encode(row), "ndjson")
  assert.deepEqual([lines.batch.length, lines.received], [0, 4])
})

test("a range is one row and nothing else", () => {
  const like = `{${head},"n":5}`
  for (const [text, isTaken] of [
    [like, true],
    [`${like} `, true],
    [`${like}x`, false],
    [`${like}${like}`, false],
  ] as const) {
    const decoder = createJsonDecoder(order)
    const body = encoder.encode(`${`${like}\n`.repeat(2 * SHAPE_ROWS)}${text}`)
    decoder.decode(body, "ndjson")
    const start = body.length - text.length
    const ranges = {
      starts: Int32Array.of(start, 0),
      ends: Int32Array.of(body.length, like.length),
      indexes: null,
      count: 2,
    }
    const decoded = decoder.decodeRows(body, ranges)
    assert.deepEqual([...decoded.indexes.subarray(0, decoded.batch.length)], isTaken ? [0, 1] : [1], text)
  }
})

test("a row of a learned shape has the same limit of size", () => {
  const like = `{${head},"more":"x"}`
  const sized = (size: number) => `{${head},"more":"${"x".repeat(size - like.length + 1)}"}`
  assert.equal(same(sized(MAX_ROW_BYTES), like).rows.length, 1)
  assert.equal(same(sized(MAX_ROW_BYTES + 1), like).rejected[0]?.code, "row-too-large")
})

test("members that come and go share one loop", () => {
  const decoder = createJsonDecoder(order)
  const optional = ['"n":1', '"small":2', '"price":3.5', '"yes":true', '"note":"x"', '"more":{"y":1}']
  const rows = Array.from({ length: 640 }, (_, i) => {
    const present = optional.filter((_, bit) => ((i * 7) >> bit) & 1)
    return `{${[head, ...present].join(",")}}`
  })
  const decoded = decoder.decode(encoder.encode(rows.join("\n")), "ndjson")
  assert.equal(decoded.batch.length, rows.length)
  rows.forEach((text, row) => {
    const value = JSON.parse(text) as {
      n?: number
      small?: number
      price?: number
      note?: string
      yes?: boolean
    }
    const [, , n, small, price, , , yes, , , note] = readRow(decoded.batch, row)
    const expected = [
      value.n === undefined ? null : BigInt(value.n),
      value.small ?? null,
      value.price === undefined ? null : 350n,
      value.yes ?? null,
      value.note ?? "none",
    ]
    assert.deepEqual([n, small, price, yes, note], expected, text)
  })
})

test("shapes merge only over members that may be missing, in one order", () => {
  const shape = (text: string, fields: readonly number[]) => {
    const bytes = encoder.encode(text)
    const members = [...text.matchAll(/\d/g)].map((match, i) => ({
      field: fields[i]!,
      start: match.index,
      end: match.index + 1,
    }))
    return shapeOf({ bytes, start: 0, end: bytes.length, members, memberCount: members.length })!
  }
  const mayLack = (field: number) => field !== 1
  const full = shape('{"a":1,"b":2,"c":3}', [0, 1, 2])
  const without = shape('{"a":1,"b":2}', [0, 1])
  const merged = mergeShapes(without, full, mayLack)
  assert.deepEqual(
    merged?.members.map((member) => member.optional),
    [false, false, true],
  )
  assert.equal(mergeShapes(full, shape('{"a":1,"c":3}', [0, 2]), mayLack), null)
  assert.equal(mergeShapes(full, shape('{"a":1,"c":3,"b":2}', [0, 2, 1]), mayLack), null)
  assert.equal(mergeShapes(full, shape('{"a":1,"b": 2,"c":3}', [0, 1, 2]), mayLack), null)
  assert.equal(mergeShapes(full, shape('{"b":2,"c":3}', [1, 2]), mayLack), null)
})
