import assert from "node:assert/strict"
import { test } from "node:test"
import { EpochMemory } from "./epoch-memory.ts"

const MB = 1 << 20

test("nothing overlaps in the course of an epoch, and the next one takes the same memory", () => {
  const memory = new EpochMemory()
  const sizes = [8, 3 * MB, 2 * MB, 0, 9 * MB, 8, MB]
  const first = sizes.map((size) => memory.take(size))
  first.forEach(({ buffer, at }, k) => {
    new Uint8Array(buffer, at, sizes[k]).fill(k)
  })
  first.forEach(({ buffer, at }, k) => {
    assert.ok(new Uint8Array(buffer, at, sizes[k]).every((byte) => byte === k))
  })
  memory.reuse()
  assert.deepEqual(
    sizes.map((size) => memory.take(size)),
    first,
  )
  assert.equal(new Set(first.map(({ buffer }) => buffer)).size, 4)
})

test("memory that an epoch did without goes", () => {
  const memory = new EpochMemory()
  const [small, large] = [memory.take(8), memory.take(9 * MB)]
  memory.reuse()
  assert.equal(memory.take(8).buffer, small.buffer)
  memory.reuse()
  memory.take(8)
  assert.notEqual(memory.take(9 * MB).buffer, large.buffer)
})
