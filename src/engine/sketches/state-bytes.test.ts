import assert from "node:assert/strict"
import { test } from "node:test"
import { INT64, STRING } from "../../columns/types.ts"
import { SKETCHES } from "../../expr/sketch-aggregates.ts"
import { SeededRandom } from "../../std/random.ts"
import { CELLS, cellsOf, cellsOfText } from "./cells.ts"
import { decodeState, encodeState } from "./state-bytes.ts"

const pairs = (cells: readonly number[]) =>
  Array.from({ length: cells.length / 2 }, (_, k) => [cells[2 * k]!, cells[2 * k + 1]!] as const)

test("what was written is read, up to the least and greatest of all", () => {
  const random = new SeededRandom(1)
  for (const kind of SKETCHES) {
    const { least, greatest, greatestNumber } = CELLS[kind]
    for (let round = 0; round < 200; round++) {
      const some = Array.from({ length: random.below(20) }, () => least + random.below(greatest - least + 1))
      const cells = [...new Set([least, greatest, ...some])].sort((a, b) => a - b)
      const sizes = [1, greatestNumber, 127, 128, random.below(2 ** 31)].map((n) =>
        Math.min(n, greatestNumber),
      )
      const written = cells.map((cell, k) => [cell, sizes[k % sizes.length] || 1] as const)
      assert.deepEqual(pairs(decodeState(kind, encodeState(kind, written))!), written)
    }
  }
})

test("bytes that are no sketch of the kind are none, nor those of one that was cut short or changed", () => {
  const bytes = encodeState("percentile", [
    [-5, 3],
    [70, 1_000],
  ])
  assert.notEqual(decodeState("percentile", bytes), null)
  const distinct = encodeState("count_distinct", [[70, 3]])
  for (const kind of ["percentile", "frequency"] as const) assert.equal(decodeState(kind, distinct), null)
  assert.equal(decodeState("percentile", new Uint8Array()), null)
  const whole = encodeState("percentile", [[-5, 3]]).length
  for (let length = 0; length < bytes.length; length++) {
    const cut = decodeState("percentile", bytes.subarray(0, length))
    assert.equal(cut === null, length !== 2 && length !== whole, `${length} bytes`)
  }
  const changed = (...rest: number[]) => decodeState("count_distinct", Uint8Array.from([1, 0, ...rest]))
  assert.equal(decodeState("count_distinct", Uint8Array.from([2, 0, 5, 1])), null, "another version")
  assert.equal(changed(5, 0), null, "a number is at least 1")
  assert.equal(changed(5, 54), null, "a rank is 53 at most")
  assert.equal(changed(5, 1, 0, 1), null, "a cell is there once")
  assert.equal(changed(0xff, 0x20, 1), null, "registers end at 4095")
  assert.equal(changed(...Array(9).fill(0x80), 1), null, "a varint ends")
  assert.deepEqual(changed(0xff, 0x1f, 53), [4_095, 53])
})

test("a value of any type is counted where its text is", () => {
  const texts = cellsOf("frequency", "12", STRING)
  assert.equal(texts.length, 2 * 5)
  assert.deepEqual(cellsOf("frequency", 12n, INT64), texts)
  assert.deepEqual(cellsOf("frequency", 12_00n, { kind: "decimal", precision: 9, scale: 2 }), texts)
  assert.deepEqual(cellsOf("frequency", 12.0, { kind: "float64" }), texts)
  assert.deepEqual(cellsOf("frequency", -0, { kind: "float64" }), cellsOf("frequency", 0n, INT64))
  assert.deepEqual(
    pairs(texts).map(([cell]) => cell),
    cellsOfText("12"),
  )
})
