import assert from "node:assert/strict"
import { test } from "node:test"
import { bytesOf } from "../../test/kit/twin-terminal.ts"
import { isPlatformError } from "../std/errors.ts"
import { csvRows, jsonOfCell } from "./csv-rows.ts"
import { ndjsonRows, type SourceRow } from "./row-source.ts"
import type { SentField } from "./sent-field.ts"

async function texts(rows: AsyncIterable<readonly SourceRow[]>): Promise<[number, string][]> {
  const found: [number, string][] = []
  for await (const piece of rows) {
    for (const { json, line } of piece) found.push([line, new TextDecoder().decode(json)])
  }
  return found
}

function field(name: string, type: string, options: Partial<SentField> = {}): SentField {
  return { name, type, nullable: false, optional: false, number: false, ...options }
}

test("NDJSON rows keep their bytes and their line, wherever the input is cut", async () => {
  const text = '\ufeff{"a":1}\r\n\n  \n{"b":"é"}\nnot json\n{"c":3}'
  const expected = [
    [1, '{"a":1}'],
    [4, '{"b":"é"}'],
    [5, "not json"],
    [6, '{"c":3}'],
  ]
  assert.deepEqual(await texts(ndjsonRows(bytesOf([text]), "x")), expected)
  assert.deepEqual(await texts(ndjsonRows(bytesOf(text.split("")), "x")), expected)
  assert.deepEqual(await texts(ndjsonRows(bytesOf([]), "x")), [])
})

test("a JSON array is refused with what to do", async () => {
  await assert.rejects(texts(ndjsonRows(bytesOf(['[{"a":1}]']), "rows.json")), (error) => {
    return isPlatformError(error, "input-unreadable") && /rows\.json .* JSON array/.test(error.message)
  })
})

test("CSV cells become what the contract says, digit by digit", async () => {
  const fields = [
    field("id", "int64"),
    field("name", "string"),
    field("price", "decimal(12,2)"),
    field("ok", "boolean", { optional: true }),
    field("at", "timestamp"),
    field("note", "string", { nullable: true }),
    field("extra", "json", { optional: true }),
  ]
  const csv = [
    "id,name,price,ok,at,note,extra,unknown",
    '9007199254740993,"Smith, ""Jo""",007.10,yes,2026-01-01T00:00:00Z,,"{""a"":1}",u',
    "\r\nx,,+1.5,,2026-01-02T00:00:00Z, n ,plain,",
  ].join("\n")
  assert.deepEqual(await texts(csvRows(bytesOf([csv]), fields, "x")), [
    [
      2,
      '{"id":9007199254740993,"name":"Smith, \\"Jo\\"","price":7.10,"ok":true,"at":"2026-01-01T00:00:00Z",' +
        '"note":null,"extra":{"a":1},"unknown":"u"}',
    ],
    [
      4,
      '{"id":"x","name":"","price":1.5,"at":"2026-01-02T00:00:00Z","note":" n ",' +
        '"extra":"plain","unknown":""}',
    ],
  ])
})

test("a quoted cell may hold line breaks, and the row's line is where it ends", async () => {
  const csv = 'name,note\na,"two\nlines"\nb,one\n'
  const rows = await texts(
    csvRows(bytesOf(csv.split("")), [field("name", "string"), field("note", "string")], "x"),
  )
  assert.deepEqual(rows, [
    [3, '{"name":"a","note":"two\\nlines"}'],
    [4, '{"name":"b","note":"one"}'],
  ])
})

test("CSV that is broken is refused with its line", async () => {
  const fields = [field("a", "int32"), field("b", "int32")]
  const cases: [csv: string, message: RegExp][] = [
    ["x,y\n1,2\n", /names no field of the event; the fields are a, b/],
    ["a,a\n1,2\n", /names "a" twice/],
    ["a,b\n1\n", /line 2/],
    ['a,b\n"1,2\n', /line/i],
  ]
  for (const [csv, message] of cases) {
    await assert.rejects(
      texts(csvRows(bytesOf([csv]), fields, "rows.csv")),
      (error) => isPlatformError(error, "input-unreadable") && message.test(error.message),
      csv,
    )
  }
})

test("numbers are JSON numbers or stay the text that the server will judge", () => {
  const cases: [cell: string, json: string][] = [
    ["0", "0"],
    ["-0012.50", "-12.50"],
    ["+3", "3"],
    ["1e5", "1e5"],
    [" 7 ", "7"],
    [".5", '".5"'],
    ["1,000", '"1,000"'],
    ["NaN", '"NaN"'],
    ["0x10", '"0x10"'],
    ["", '""'],
  ]
  for (const [cell, json] of cases) assert.equal(jsonOfCell(cell, field("n", "float64")), json, cell)
  assert.equal(jsonOfCell("1700000000000", field("t", "timestamp", { number: true })), "1700000000000")
})
