import assert from "node:assert/strict"
import { test } from "node:test"
import { murmur2, partitionOf } from "./partitioner.ts"

test("murmur2 agrees with Kafka's Java client", () => {
  const cases: [string, number][] = [
    ["21", -973932308],
    ["foobar", -790332482],
    ["a-little-bit-long-string", -985981536],
    ["a-little-bit-longer-string", -1486304829],
    ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
    ["abc", 479470107],
    ["1", -1993445489],
    ["12", 126087238],
    ["123", -267702483],
    ["1234", -1614185708],
    ["12345", -1188365604],
  ]
  for (const [text, expected] of cases) {
    const key = new TextEncoder().encode(`x${text}y`)
    assert.equal(murmur2(key, 1, key.length - 1), expected, text)
    assert.equal(partitionOf(key, 1, key.length - 1, 7), (expected & 0x7fffffff) % 7, text)
  }
})
