import assert from "node:assert/strict"
import { test } from "node:test"
import { idsOf } from "../../test/kit/ids-of.ts"
import { Duplicates } from "../runners/embedded/duplicates/duplicates.ts"
import { TINY_LIMITS } from "../runners/embedded/duplicates/tiny-limits.ts"
import { SeededRandom } from "../std/random.ts"
import { SimDisk } from "./sim-disk.ts"

function duplicatesOf(windowMs: number): Duplicates {
  const disk = new SimDisk({ random: new SeededRandom(1) })
  disk.makeDirectory("/ids")
  return new Duplicates({
    disk,
    directory: "/ids",
    event: "sale",
    windowMs,
    limits: TINY_LIMITS,
    logId: "0123456789abcdef0123456789abcdef",
  })
}

const at = (baseOffset: number, appendTimeMs: number) => ({ partition: 0, baseOffset, appendTimeMs })

test("a duplicate is an id that last occurred less than the window before", () => {
  const duplicates = duplicatesOf(1_000)
  const cases: [string, number, boolean][] = [
    ["a", 0, true],
    ["a", 999, false],
    ["b", 999, true],
    ["a", 1_998, false],
    ["a", 2_998, true],
  ]
  for (const [offset, [id, timeMs, fresh]] of cases.entries()) {
    const skip = duplicates.rule(idsOf(id), at(offset, timeMs))
    assert.deepEqual(skip, fresh ? null : Uint8Array.of(1), `${id} at ${timeMs}`)
  }
})

test("copies within one batch are duplicates of its first row", () => {
  const skip = duplicatesOf(1_000).rule(idsOf("a", "b", "a", "a", "c", "b"), at(0, 5))
  assert.deepEqual(skip, Uint8Array.of(0, 0, 1, 1, 0, 1))
})

test("the door answers a copy with the place of the first row", () => {
  const duplicates = duplicatesOf(1_000)
  duplicates.rule(idsOf("x", "a"), at(10, 100))
  duplicates.rule(idsOf("a"), at(20, 900))
  assert.deepEqual(duplicates.find(idsOf("a"), 0, 1_500), { partition: 0, offset: 11, appendTimeMs: 900 })
  assert.equal(duplicates.find(idsOf("a"), 0, 1_900), undefined, "the window is over")
  assert.equal(duplicates.find(idsOf("b"), 0, 1_500), undefined)
  duplicates.rule(idsOf("a"), at(30, 1_900))
  assert.equal(duplicates.find(idsOf("a"), 0, 1_901)?.offset, 30, "a fresh row has a place of its own")
})

test("the door may forget, the ruling does not", () => {
  const duplicates = duplicatesOf(100_000)
  const names = Array.from({ length: 500 }, (_, i) => `id${i}`)
  for (const [i, name] of names.entries()) duplicates.rule(idsOf(name), at(i, i))
  const known = names.filter((name) => duplicates.find(idsOf(name), 0, 600) !== undefined)
  assert.deepEqual(known, names.slice(-TINY_LIMITS.knownIds), "the newest ones are known")
  for (const name of names) assert.deepEqual(duplicates.rule(idsOf(name), at(900, 600)), Uint8Array.of(1))
})

test("a copy of a row that is on its way waits for its place, until the row was ruled on", async () => {
  const duplicates = duplicatesOf(1_000)
  const place = { partition: 3, baseOffset: 10, appendTimeMs: 5 }
  duplicates.announce(idsOf("a", "b"), null, Promise.resolve(place))
  assert.deepEqual(await duplicates.coming(idsOf("b"), 0), { partition: 3, offset: 11, appendTimeMs: 5 })
  assert.equal(duplicates.coming(idsOf("c"), 0), undefined)
  duplicates.rule(idsOf("a", "b"), place)
  assert.equal(duplicates.coming(idsOf("b"), 0), undefined)
  assert.equal(duplicates.find(idsOf("b"), 0, 6)?.offset, 11)
})

test("only the rows that are appended are announced, by their rank among them", async () => {
  const duplicates = duplicatesOf(1_000)
  const place = Promise.resolve({ partition: 0, baseOffset: 10, appendTimeMs: 5 })
  duplicates.announce(idsOf("known", "a", "known", "b"), Int32Array.of(1, 3), place)
  assert.equal((await duplicates.coming(idsOf("b"), 0))?.offset, 11)
  assert.equal(duplicates.coming(idsOf("known"), 0), undefined)
})

test("a row whose append failed is not waited for any more, others are", async () => {
  const duplicates = duplicatesOf(1_000)
  const others = Array.from({ length: 300 }, (_, i) => `other${i}`)
  duplicates.announce(
    idsOf(...others),
    null,
    Promise.resolve({ partition: 0, baseOffset: 7, appendTimeMs: 1 }),
  )
  const failed = Promise.reject(new Error("the disk is gone"))
  duplicates.announce(idsOf("a", "b"), null, failed)
  await assert.rejects(duplicates.coming(idsOf("a"), 0)!, /the disk is gone/)
  assert.equal(duplicates.coming(idsOf("a"), 0), undefined)
  for (const [i, name] of others.entries()) {
    assert.equal((await duplicates.coming(idsOf(name), 0))?.offset, 7 + i)
  }
})
