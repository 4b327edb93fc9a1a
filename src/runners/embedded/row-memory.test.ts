import assert from "node:assert/strict"
import { test } from "node:test"
import { RowMemory } from "./row-memory.ts"

test("the last holder's release frees everything", () => {
  const buffers = [new ArrayBuffer(8), new ArrayBuffer(16)]
  const memory = new RowMemory()
  for (const buffer of buffers) memory.add(buffer)
  memory.hold()
  memory.release()
  assert.deepEqual(
    buffers.map((buffer) => buffer.detached),
    [false, false],
  )
  memory.release()
  assert.deepEqual(
    buffers.map((buffer) => buffer.detached),
    [true, true],
  )
})

test("freed memory is neither released, held nor added to again", () => {
  const memory = new RowMemory()
  memory.release()
  assert.throws(() => memory.release(), /each holder releases once/)
  assert.throws(() => memory.hold(), /no new holder/)
  assert.throws(() => memory.add(new ArrayBuffer(1)), /takes nothing more/)
})
