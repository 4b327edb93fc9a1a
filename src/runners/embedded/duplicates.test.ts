import assert from "node:assert/strict"
import { test } from "node:test"
import { DuplicateMemory } from "./duplicates.ts"

const at = (offset: number, appendTimeMs: number) => ({ partition: 0, offset, appendTimeMs })

test("a duplicate is an id that last occurred less than the window before", () => {
  const memory = new DuplicateMemory(1_000)
  const cases: [string, number, boolean][] = [
    ["a", 0, true],
    ["a", 999, false],
    ["b", 999, true],
    ["a", 1_998, false],
    ["a", 2_998, true],
  ]
  for (const [offset, [id, timeMs, fresh]] of cases.entries()) {
    assert.equal(memory.admit(id, at(offset, timeMs)), fresh, `${id} at ${timeMs}`)
  }
})

test("ids behind the window are forgotten", () => {
  const memory = new DuplicateMemory(1_000)
  for (let i = 0; i < 100; i++) memory.admit(`id${i}`, at(i, i * 100))
  assert.ok(memory.size <= 11, `${memory.size} ids are kept`)
  assert.equal(memory.find("id99", 9_950)?.offset, 99)
  assert.equal(memory.find("id0", 9_950), undefined)
})

test("a copy of a row that is on its way waits for its place, until the row was decided on", async () => {
  const memory = new DuplicateMemory(1_000)
  memory.announce(["a", "b"], Promise.resolve({ partition: 3, baseOffset: 10, appendTimeMs: 5 }))
  assert.deepEqual(await memory.coming("b"), { partition: 3, offset: 11, appendTimeMs: 5 })
  assert.equal(memory.coming("c"), undefined)
  memory.admit("b", { partition: 3, offset: 11, appendTimeMs: 5 })
  assert.equal(memory.coming("b"), undefined)
  assert.equal(memory.find("b", 6)?.offset, 11)
})

test("a row whose append failed is not waited for any more", async () => {
  const memory = new DuplicateMemory(1_000)
  const failed = Promise.reject(new Error("the disk is gone"))
  memory.announce(["a"], failed)
  await assert.rejects(memory.coming("a")!, /the disk is gone/)
  assert.equal(memory.coming("a"), undefined)
})
