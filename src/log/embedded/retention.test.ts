import assert from "node:assert/strict"
import { test } from "node:test"
import { expiredSegments } from "./retention.ts"

const segments = [
  { sizeBytes: 100, nextOffset: 10, lastAppendMs: 1_000 },
  { sizeBytes: 100, nextOffset: 20, lastAppendMs: 2_000 },
  { sizeBytes: 100, nextOffset: 30, lastAppendMs: 3_000 },
  { sizeBytes: 50, nextOffset: 35, lastAppendMs: 3_500 },
]
const everything = Number.MAX_SAFE_INTEGER

test("retention takes the oldest closed segments that are too old or too much, up to what is held", () => {
  const cases: [name: string, rule: Partial<Parameters<typeof expiredSegments>[1]>, expected: number][] = [
    ["no rule", {}, 0],
    ["none is older than allowed", { retentionMs: 3_000 }, 0],
    ["one is older", { retentionMs: 2_999 }, 1],
    ["all closed are older, the active one stays", { retentionMs: 0 }, 3],
    ["exactly as large as allowed", { retentionBytes: 350 }, 0],
    ["one byte too large", { retentionBytes: 349 }, 1],
    ["nothing is allowed, the active one stays", { retentionBytes: 0 }, 3],
    ["a hold in the second", { retentionBytes: 0, keepFrom: 19 }, 1],
    ["a hold at the end of the second", { retentionBytes: 0, keepFrom: 20 }, 2],
    ["a hold at the beginning", { retentionMs: 0, keepFrom: 0 }, 0],
    ["either rule is enough", { retentionMs: 2_500, retentionBytes: 200 }, 2],
  ]
  for (const [name, rule, expected] of cases) {
    const full = {
      nowMs: 4_000,
      keepFrom: everything,
      retentionMs: undefined,
      retentionBytes: undefined,
      ...rule,
    }
    assert.equal(expiredSegments(segments, full), expected, name)
  }
  const rule = { nowMs: 4_000, keepFrom: everything, retentionMs: 0, retentionBytes: 0 }
  assert.equal(expiredSegments([], rule), 0)
})
