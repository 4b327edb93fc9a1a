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
