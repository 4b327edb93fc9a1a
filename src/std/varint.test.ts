import assert from "node:assert/strict"
import { test } from "node:test"
import { isPlatformError } from "./errors.ts"
import { readVarint, readVarlong, varintSize, writeVarint, writeVarlong } from "./varint.ts"

test("zigzag varints have Kafka's bytes and read back", () => {
  const cases: [number, number[]][] = [
    [0, [0]],
    [-1, [1]],
    [1, [2]],
    [63, [0x7e]],
    [-64, [0x7f]],
    [64, [0x80, 0x01]],
    [-65, [0x81, 0x01]],
    [8191, [0xfe, 0x7f]],
    [8192, [0x80, 0x80, 0x01]],
    [2 ** 31 - 1, [0xfe, 0xff, 0xff, 0xff, 0x0f]],
    [-(2 ** 31), [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ]
  for (const [value, expected] of cases) {
    const bytes = new Uint8Array(5)
    const end = writeVarint(bytes, 0, value)
    assert.deepEqual([...bytes.subarray(0, end)], expected, String(value))
    assert.equal(varintSize(value), expected.length)
    const cursor = { bytes, position: 0, end }
    assert.equal(readVarint(cursor), value)
    assert.equal(cursor.position, end)
  }
})

test("varlongs keep all 64 bits", () => {
  for (const value of [0n, -1n, 1n, 2n ** 31n, -(2n ** 40n), 2n ** 63n - 1n, -(2n ** 63n)]) {
    const bytes = new Uint8Array(10)
    const end = writeVarlong(bytes, 0, value)
    assert.equal(readVarlong({ bytes, position: 0, end }), value)
  }
})

test("a varint that is cut off or too long is refused", () => {
  const cases: [number[], "int" | "long"][] = [
    [[], "int"],
    [[0x80], "int"],
    [[0xff, 0xff, 0xff, 0xff, 0x10], "int"],
    [[0x80, 0x80, 0x80, 0x80, 0x80, 0x00], "int"],
    [[0x80, 0x80], "long"],
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], "long"],
  ]
  for (const [list, kind] of cases) {
    const cursor = { bytes: Uint8Array.from(list), position: 0, end: list.length }
    const read = kind === "int" ? readVarint : readVarlong
    assert.throws(
      () => read(cursor),
      (error) => isPlatformError(error, "varint-invalid"),
      String(list),
    )
  }
})
