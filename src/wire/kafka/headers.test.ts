import assert from "node:assert/strict"
import { test } from "node:test"
import { isPlatformError } from "../../std/errors.ts"
import { decodeHeaders, encodeHeaders, HEADER_NAME, type RecordHeader } from "./headers.ts"

const text = (value: string) => new TextEncoder().encode(value)

test("headers read back, with null and empty values", () => {
  const lists: RecordHeader[][] = [
    [],
    [{ name: "", value: null }],
    [
      { name: HEADER_NAME.event, value: text("flight") },
      { name: "é", value: new Uint8Array(0) },
      { name: "long", value: new Uint8Array(300) },
    ],
  ]
  for (const list of lists) assert.deepEqual(decodeHeaders(encodeHeaders(list)), list)
  assert.equal(encodeHeaders([]).length, 0)
})

test("headers have Kafka's bytes", () => {
  const bytes = encodeHeaders([{ name: "h", value: text("v") }])
  assert.deepEqual([...bytes], [2, 2, 0x68, 2, 0x76])
})

test("damaged headers are refused", () => {
  const cases: number[][] = [
    [2],
    [1],
    [2, 1, 0],
    [2, 2, 0x68, 200],
    [2, 2, 0x68, 2, 0x76, 9],
    [0xfe, 0xff, 0xff, 0xff, 0x0f, 2, 2],
    [2, 2, 0xff, 1],
  ]
  for (const list of cases) {
    assert.throws(
      () => decodeHeaders(Uint8Array.from(list)),
      (error) => isPlatformError(error, "record-headers-invalid"),
      String(list),
    )
  }
})
