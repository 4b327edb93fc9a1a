import assert from "node:assert/strict"
import { test } from "node:test"
import {
  ahead,
  decodeStamp,
  encodeCompacted,
  encodeStamp,
  GROUPS,
  isOffsetRight,
  SEQUENCES,
} from "./group-stamp.ts"

const place = { key: 0x9e3779b9, segmentBase: 2 ** 40 + 5, position: 12_345, baseOffset: 2 ** 40 + 9 }

test("a stamp reads back at its place, is never negative, and makes no sense elsewhere", () => {
  const stamps = [
    { lastInGroup: false, sequence: 0, group: 0 },
    { lastInGroup: true, sequence: SEQUENCES - 1, group: GROUPS - 1 },
    { lastInGroup: true, sequence: 5, group: 77 },
  ]
  for (const stamp of stamps) {
    const field = encodeStamp(stamp, place)
    assert.ok(field >= 0 && field < 2 ** 31)
    assert.deepEqual(decodeStamp(field, place), stamp)
    for (const other of [{ position: 12_346 }, { segmentBase: 5 }, { key: 1 }, { baseOffset: 9 }]) {
      assert.notDeepEqual(decodeStamp(field, { ...place, ...other }), stamp)
    }
  }
})

test("whole numbers are taken modulo", () => {
  const field = encodeStamp({ lastInGroup: false, sequence: SEQUENCES + 3, group: GROUPS * 5 + 4 }, place)
  assert.deepEqual(decodeStamp(field, place), { lastInGroup: false, sequence: 3, group: 4 })
})

test("counts modulo a number are compared around the wrap", () => {
  const cases: [number, number, number][] = [
    [5, 3, 2],
    [3, 5, -2],
    [1, 1022, 3],
    [1022, 1, -3],
    [5000, 4999, 1],
    [7, 7, 0],
  ]
  for (const [a, b, expected] of cases) assert.equal(ahead(a, b, 1024), expected, `${a} ${b}`)
})

test("a base offset is right when it continues, or when compaction vouches for it", () => {
  const { baseOffset } = place
  const compacted = { baseOffset, partitionLeaderEpoch: encodeCompacted(place) }
  const plain = { baseOffset, partitionLeaderEpoch: 5 }
  const cases: [typeof plain, number, boolean][] = [
    [plain, baseOffset, true],
    [plain, baseOffset - 1, false],
    [plain, baseOffset + 1, false],
    [compacted, baseOffset, true],
    [compacted, baseOffset - 1, true],
    [compacted, 0, true],
    [compacted, baseOffset + 1, false],
    [{ ...compacted, baseOffset: baseOffset + 64 }, baseOffset, false],
  ]
  for (const [header, expected, right] of cases) {
    assert.equal(isOffsetRight(header, expected, place), right, `${header.baseOffset} for ${expected}`)
  }
})
