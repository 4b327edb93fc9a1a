import assert from "node:assert/strict"
import { test } from "node:test"
import { freeMemory } from "./free-memory.ts"

test("freed memory is empty for whoever still looks at it", () => {
  const bytes = Uint8Array.of(1, 2, 3)
  const part = bytes.subarray(1)
  freeMemory(bytes.buffer)
  assert.deepEqual([bytes.length, part.length, part[0]], [0, 0, undefined])
})

test("memory is freed once", () => {
  const { buffer } = Uint8Array.of(1)
  freeMemory(buffer)
  assert.throws(() => freeMemory(buffer), /memory is freed once/)
})
