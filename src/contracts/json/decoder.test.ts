import assert from "node:assert/strict"
import { test } from "node:test"
import { z } from "zod"
import { readRow } from "../../columns/scalar.ts"
import type { DecodedRows, Decoder, Framing } from "../decoder.ts"
import { event } from "../event.ts"
import { bytes, decimal, int64, json, timestamp } from "../field-types.ts"
import { createJsonDecoder } from "./decoder.ts"
import { MAX_DEPTH, MAX_ROW_BYTES } from "./limits.ts"

const encoder = new TextEncoder()

const thing = event("thing", {
  schema: z.object({
    id: z.string(),
    at: timestamp({ unit: "ms" }),
    n: int64().optional(),
    d: decimal(30, 2).optional(),
    j: json().optional(),
    b: bytes().optional(),
    plan: z.string().default("free"),
  }),
  id: "id",
  time: "at",
})

function rowsOf(decoded: DecodedRows): unknown[][] {
  return Array.from({ length: decoded.batch.length }, (_, row) => readRow(decoded.batch, row))
}

function decode(
  text: string | Uint8Array,
  framing: Framing = "ndjson",
  decoder: Decoder = createJsonDecoder(thing),
) {
  return decoder.decode(typeof text === "string" ? encoder.encode(text) : text, framing)
}

/** Codes by index. */
function codesOf(decoded: DecodedRows): [number, string | null, string][] {
  return decoded.rejected.map(({ index, field, code }) => [index, field, code])
}

const row = (id: string, more = "") => `{"id":"${id}","at":1${more}}`
const plain = (id: string) => [id, 1000n, null, null, null, null, "free"]

test("lines are rows; blank lines, carriage returns and a missing last line feed do not matter", () => {
  const decoded = decode(`${row("a")}\n\n \t\r\n${row("b")}\r\n  ${row("c")}  \n${row("d")}`)
  assert.deepEqual(rowsOf(decoded), ["a", "b", "c", "d"].map(plain))
  assert.deepEqual([decoded.received, decoded.rejectedCount], [4, 0])
  assert.deepEqual([...decoded.indexes.subarray(0, 4)], [0, 1, 2, 3])
  const text = Array.from({ length: 4 }, (_, i) =>
    new TextDecoder().decode(decoded.bytes.subarray(decoded.valueStarts[i], decoded.valueEnds[i])),
  )
  assert.deepEqual(
    text,
    ["a", "b", "c", "d"].map((id) => row(id)),
  )
})

test("a bad row is told with its place and its neighbours go on", () => {
  const lines = [
    row("a"),
    "{",
    "[1]",
    '"text"',
    '{"at":1}',
    '{"id":7,"at":1}',
    '{"id":null,"at":1}',
    '{"id":"x","at":"1"}',
    row("x", ',"n":"many"'),
    row("x", ',"n":9223372036854775808'),
    row("x", ',"n":1.5'),
    row("x", ',"d":0.001'),
    row("x", ',"b":"a"'),
    row("x", ',"plan":null'),
    row("x\\u0000"),
    row("x\\ud800"),
    row("x", ',"j":{"a":["\\udc00"]}'),
    `${row("x")} ${row("y")}`,
    row("z"),
  ]
  const decoded = decode(lines.join("\n"))
  assert.deepEqual(rowsOf(decoded), ["a", "z"].map(plain))
  assert.deepEqual(codesOf(decoded), [
    [1, null, "not-json"],
    [2, null, "not-an-object"],
    [3, null, "not-an-object"],
    [4, "id", "missing-field"],
    [5, "id", "wrong-type"],
    [6, "id", "wrong-type"],
    [7, "at", "wrong-type"],
    [8, "n", "invalid-format"],
    [9, "n", "out-of-range"],
    [10, "n", "wrong-type"],
    [11, "d", "out-of-range"],
    [12, "b", "invalid-format"],
    [13, "plan", "wrong-type"],
    [14, "id", "nul-character"],
    [15, "id", "lone-surrogate"],
    [16, "j", "lone-surrogate"],
    [17, null, "not-json"],
  ])
  assert.match(decoded.rejected[8]!.message, /^n is "?9223372036854775808|n is/)
  assert.equal(decoded.rejected[3]!.message, "id is missing; it must be a string")
  assert.equal(decoded.rejected[4]!.message, "id is 7; it must be a string")
})

test("rejected rows are all counted and described up to the number asked for", () => {
  const body = encoder.encode("{\n".repeat(250))
  const decoder = createJsonDecoder(thing)
  assert.equal(decoder.decode(body, "ndjson").rejected.length, 100)
  const few = decoder.decode(body, "ndjson", { maxRejected: 3 })
  assert.deepEqual([few.rejected.length, few.rejectedCount, few.received], [3, 250, 250])
})

test("a body is one object or an array of them", () => {
  const cases: [string, string[]][] = [
    [row("a"), ["a"]],
    [` [ ${row("a")} ,\n${row("b")} ] \n`, ["a", "b"]],
    [`[${row("a")},${row("b")},${row("c")}]`, ["a", "b", "c"]],
    ["[]", []],
    [" [ ] ", []],
    [`\ufeff[${row("a")}]`, ["a"]],
  ]
  for (const [text, ids] of cases) assert.deepEqual(rowsOf(decode(text, "json")), ids.map(plain), text)
  const mixed = decode(`[1, ${row("a")}, null, {"at":2}]`, "json")
  assert.deepEqual(codesOf(mixed), [
    [0, null, "not-an-object"],
    [2, null, "not-an-object"],
    [3, "id", "missing-field"],
  ])
  assert.equal(mixed.indexes[0], 1)
})

test("a body that cannot be taken apart is refused as a whole, with the byte", () => {
  const cases: [string, number][] = [
    ["", 0],
    ["  ", 2],
    ["[", 1],
    [`[${row("a")}`, 18],
    [`[${row("a")},`, 19],
    [`[${row("a")},]`, 19],
    [`[${row("a")} ${row("b")}]`, 19],
    [`[${row("a")}] x`, 20],
    ['{"id":"a"', 9],
    ['{"id":"a}', 9],
    [`${row("a")}${row("b")}`, 17],
    ["nonsense", 0],
    ['[{"id":"a","at":01}]', 17],
  ]
  for (const [text, position] of cases) {
    assert.throws(
      () => decode(text, "json"),
      (error: { code?: string; details?: { position?: number } }) => {
        assert.equal(error.code, "body-not-json", text)
        assert.equal(error.details?.position, position, text)
        return true
      },
    )
  }
})

test("an empty body in lines has no rows", () => {
  for (const text of ["", "\n", "\ufeff", " \n\t\n"])
    assert.equal(decode(text).received, 0, JSON.stringify(text))
})

test("numbers are exact, as numbers and as text", () => {
  const cases: [string, bigint | null, bigint | null][] = [
    ["9223372036854775807", 9223372036854775807n, 922337203685477580700n],
    ['"-9223372036854775808"', -9223372036854775808n, -922337203685477580800n],
    ["9007199254740993", 9007199254740993n, 900719925474099300n],
    ["1e2", 100n, 10000n],
    ['"12.00"', 12n, 1200n],
    ["-0", 0n, 0n],
  ]
  for (const [text, n, d] of cases) {
    const [found] = rowsOf(decode(row("a", `,"n":${text},"d":${text}`)))
    assert.deepEqual([found?.[2], found?.[3]], [n, d], text)
  }
})

test("the last of two equal keys counts, also when the first was wrong", () => {
  assert.deepEqual(rowsOf(decode('{"id":7,"at":"x","id":"b","at":1}')), [plain("b")])
  assert.deepEqual(codesOf(decode('{"id":"a","at":1,"id":7}')), [[0, "id", "wrong-type"]])
})

test("__proto__ is a key like others", () => {
  const decoded = decode('{"__proto__":{"id":"x","polluted":1},"id":"a","at":1,"j":{"__proto__":{"y":1}}}')
  assert.deepEqual(rowsOf(decoded)[0]?.slice(0, 5), ["a", 1000n, null, null, '{"__proto__":{"y":1}}'])
  assert.equal(({} as { polluted?: number }).polluted, undefined)
})

test("keys and values may be escaped, and what was escaped lies behind the input", () => {
  const decoded = decode(`{"\\u0069d":"\\ud83d\\ude00\\n\\"\\/","at":1}\n${row("b")}`)
  assert.deepEqual(rowsOf(decoded), [plain('\u{1f600}\n"/'), plain("b")])
  const { data, values } = decoded.batch.vectors[0]!
  assert.ok(data.length > decoded.bytes.length)
  assert.ok((values[0] as number) >= decoded.bytes.length)
})

test("bytes that are not UTF-8 are refused wherever they stand in a row", () => {
  const bad: number[][] = [
    [0xff],
    [0xc3],
    [0xc0, 0x80],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xe2, 0x82],
    [0x80],
    [0xe0, 0x9f, 0xbf],
    [0xf0, 0x8f, 0xbf, 0xbf],
    [0xf5, 0x80, 0x80, 0x80],
  ]
  for (const sequence of bad) {
    const inValue = Buffer.concat([Buffer.from('{"id":"'), Buffer.from(sequence), Buffer.from('","at":1}')])
    const inKey = Buffer.concat([
      Buffer.from('{"id":"a","at":1,"x'),
      Buffer.from(sequence),
      Buffer.from('":1}'),
    ])
    const inUnknown = Buffer.concat([
      Buffer.from('{"id":"a","at":1,"x":["'),
      Buffer.from(sequence),
      Buffer.from('"]}'),
    ])
    for (const body of [inValue, inKey, inUnknown]) {
      assert.deepEqual(codesOf(decode(new Uint8Array(body))), [[0, null, "invalid-utf8"]], String(sequence))
    }
  }
  assert.deepEqual(rowsOf(decode(row("\u00e9\u20ac\u{10ffff}"))), [plain("\u00e9\u20ac\u{10ffff}")])
})

test("depth and size have limits", () => {
  const nested = (levels: number) => row("a", `,"j":${"[".repeat(levels)}${"]".repeat(levels)}`)
  assert.equal(decode(nested(MAX_DEPTH - 1)).rejectedCount, 0)
  assert.deepEqual(codesOf(decode(nested(MAX_DEPTH))), [[0, null, "too-deep"]])
  assert.deepEqual(codesOf(decode(`[${nested(5000)},${row("b")}]`, "json")), [[0, null, "too-deep"]])
  const sized = (size: number) => row("a", `,"plan":"${"x".repeat(size - row("a", ',"plan":""').length)}"`)
  assert.equal(decode(sized(MAX_ROW_BYTES)).rejectedCount, 0)
  assert.deepEqual(codesOf(decode(sized(MAX_ROW_BYTES + 1))), [[0, null, "row-too-large"]])
})

test("unknown fields are kept or refused as declared; event_type is always allowed", () => {
  const strict = event("strict", {
    schema: z.strictObject({ id: z.string(), at: timestamp() }),
    id: "id",
    time: "at",
  })
  const text = (more: string) => `{"id":"a","at":"2024-01-01T00:00:00Z"${more}}`
  const decoder = createJsonDecoder(strict)
  assert.equal(decode(text(""), "ndjson", decoder).rejectedCount, 0)
  assert.equal(decode(text(',"event_type":"strict"'), "ndjson", decoder).rejectedCount, 0)
  assert.deepEqual(codesOf(decode(text(',"more":1'), "ndjson", decoder)), [[0, "more", "unknown-field"]])
  assert.equal(decode(row("a", ',"more":{"x":[1]}')).rejectedCount, 0)
})

test("checks are honoured, with the words of the schema", () => {
  const checked = event("checked", {
    schema: z
      .object({
        id: z.string().min(2, "two letters at least"),
        at: timestamp(),
        low: z.number(),
        high: z.number().max(9),
        list: z.array(z.object({ n: int64() })).optional(),
        odd: z
          .int()
          .refine((value) => value % 2 === 1, "must be odd")
          .optional(),
        note: z
          .string()
          .refine(() => {
            throw new Error("broken check")
          })
          .optional(),
      })
      .refine((value) => value.low <= value.high, { message: "low is above high", path: ["low"] }),
    id: "id",
    time: "at",
  })
  const decoder = createJsonDecoder(checked)
  const text = (more: object) =>
    JSON.stringify({ id: "ab", at: "2024-01-01T00:00:00Z", low: 1, high: 2, ...more })
  const cases: [object, string | null, string, RegExp][] = [
    [{ id: "a" }, "id", "check-failed", /two letters at least/],
    [{ high: 10 }, "high", "out-of-range", /<=9/],
    [{ list: [{ n: 1 }, { n: "x" }] }, "list[1].n", "check-failed", /64 bits/],
    [{ odd: 2 }, "odd", "check-failed", /must be odd/],
    [{ note: "x" }, "note", "check-failed", /broken check/],
    [{ low: 3 }, "low", "check-failed", /low is above high/],
  ]
  assert.equal(decode(text({ odd: 1, list: [{ n: "5" }] }), "ndjson", decoder).rejectedCount, 0)
  for (const [more, field, code, message] of cases) {
    const [rejected] = decode(text(more), "ndjson", decoder).rejected
    assert.deepEqual([rejected?.field, rejected?.code], [field, code], JSON.stringify(more))
    assert.match(rejected?.message ?? "", message)
  }
})

test("exact numbers inside JSON fields are judged by their digits", () => {
  const nested = event("nested", {
    schema: z.object({ id: z.string(), at: timestamp(), o: z.object({ n: int64(), d: decimal(20, 2) }) }),
    id: "id",
    time: "at",
  })
  const decoder = createJsonDecoder(nested)
  const taken = (o: string) =>
    decode(`{"id":"a","at":"2024-01-01T00:00:00Z","o":${o}}`, "ndjson", decoder).rejectedCount === 0
  assert.equal(taken('{"n":9223372036854775807,"d":1.5}'), true)
  assert.equal(taken('{"n":9223372036854775808,"d":1.5}'), false)
  assert.equal(taken('{"n":1,"d":9007199254740993.01}'), true)
  assert.equal(taken('{"n":1,"d":9007199254740993.001}'), false)
})

test("rows can be decoded from ranges, called by their own indexes", () => {
  const text = `xx${row("a")}##${row("b")}{"id":1}`
  const starts = Int32Array.of(2, 21, 38)
  const ends = Int32Array.of(19, 38, 46)
  const bodyBytes = encoder.encode(text)
  const decoder = createJsonDecoder(thing)
  const decoded = decoder.decodeRows(bodyBytes, { starts, ends, indexes: Int32Array.of(5, 9, 12), count: 3 })
  assert.deepEqual(rowsOf(decoded), ["a", "b"].map(plain))
  assert.deepEqual([...decoded.indexes.subarray(0, 2)], [5, 9])
  assert.deepEqual(codesOf(decoded), [[12, "id", "wrong-type"]])
  assert.equal(decoded.received, 3)
})

test("a batch that was handed out stays as it is while the decoder goes on", () => {
  const decoder = createJsonDecoder(thing)
  const first = decode(row("a\\n"), "ndjson", decoder)
  decode(row("b\\t"), "ndjson", decoder)
  assert.deepEqual(rowsOf(first), [plain("a\n")])
})
