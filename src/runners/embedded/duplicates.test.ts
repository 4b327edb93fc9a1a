import assert from "node:assert/strict"
import { test } from "node:test"
import { idsOf } from "../../../test/kit/ids-of.ts"
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
    assert.equal(memory.admit(idsOf(id), 0, at(offset, timeMs)), fresh, `${id} at ${timeMs}`)
  }
})

test("ids behind the window are forgotten", () => {
  const memory = new DuplicateMemory(1_000)
  for (let i = 0; i < 100; i++) memory.admit(idsOf(`id${i}`), 0, at(i, i * 100))
  assert.ok(memory.size <= 11, `${memory.size} ids are kept`)
  assert.equal(memory.find(idsOf("id99"), 0, 9_950)?.offset, 99)
  assert.equal(memory.find(idsOf("id0"), 0, 9_950), undefined)
})

test("a copy of a row that is on its way waits for its place, until the row was decided on", async () => {
  const memory = new DuplicateMemory(1_000)
  memory.announce(idsOf("a", "b"), null, Promise.resolve({ partition: 3, baseOffset: 10, appendTimeMs: 5 }))
  assert.deepEqual(await memory.coming(idsOf("b"), 0), { partition: 3, offset: 11, appendTimeMs: 5 })
  assert.equal(memory.coming(idsOf("c"), 0), undefined)
  memory.admit(idsOf("b"), 0, { partition: 3, offset: 11, appendTimeMs: 5 })
  assert.equal(memory.coming(idsOf("b"), 0), undefined)
  assert.equal(memory.find(idsOf("b"), 0, 6)?.offset, 11)
})

test("only the rows that are appended are announced, by their rank among them", async () => {
  const memory = new DuplicateMemory(1_000)
  const place = Promise.resolve({ partition: 0, baseOffset: 10, appendTimeMs: 5 })
  memory.announce(idsOf("known", "a", "known", "b"), Int32Array.of(1, 3), place)
  assert.equal((await memory.coming(idsOf("b"), 0))?.offset, 11)
  assert.equal(memory.coming(idsOf("known"), 0), undefined)
})

test("a row whose append failed is not waited for any more", async () => {
  const memory = new DuplicateMemory(1_000)
  const failed = Promise.reject(new Error("the disk is gone"))
  memory.announce(idsOf("a"), null, failed)
  await assert.rejects(memory.coming(idsOf("a"), 0)!, /the disk is gone/)
  assert.equal(memory.coming(idsOf("a"), 0), undefined)
})
