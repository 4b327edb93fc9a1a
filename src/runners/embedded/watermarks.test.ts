import assert from "node:assert/strict"
import { test } from "node:test"
import type { Batch } from "../../columns/batch.ts"
import { TIMESTAMP } from "../../columns/types.ts"
import { allocateVector } from "../../columns/vector.ts"
import { NO_WATERMARK } from "../../engine/dataflow.ts"
import { SourceTime } from "./watermarks.ts"

const SETTINGS = { partitions: 2, outOfOrdernessMs: 5_000, idleMs: 1_000, idleAdvance: false }
const FAR = 10_000_000

function times(...seconds: number[]): Batch {
  const vector = allocateVector(TIMESTAMP, seconds.length)
  for (const [row, second] of seconds.entries())
    (vector.values as BigInt64Array)[row] = BigInt(second) * 1_000_000n
  return { length: seconds.length, vectors: [vector] }
}

const seconds = (watermarkUs: bigint) => Number(watermarkUs) / 1e6

test("the watermark is the slowest partition's newest row less the declared disorder", () => {
  const time = new SourceTime(SETTINGS, 0)
  time.observe(0, times(100, 90), 0, FAR, 0)
  assert.equal(time.advance(0), NO_WATERMARK, "partition 1 has brought nothing yet")
  time.observe(1, times(60), 0, FAR, 0)
  assert.equal(seconds(time.advance(0)), 55)
  assert.equal(time.heldBy(0)?.partition, 1)
})

test("it is known since when a partition holds the watermark, and nobody does when all are idle", () => {
  const time = new SourceTime(SETTINGS, 0)
  time.observe(0, times(100), 0, FAR, 100)
  time.observe(1, times(60), 0, FAR, 100)
  time.advance(100)
  time.observe(1, times(70), 0, FAR, 400)
  time.advance(400)
  assert.deepEqual(time.heldBy(500), { partition: 1, sinceMs: 100 })
  time.observe(1, times(300), 0, FAR, 600)
  time.advance(600)
  assert.deepEqual(time.heldBy(700), { partition: 0, sinceMs: 600 })
  assert.equal(time.heldBy(5_000), null)
})

test("an idle partition stops holding the watermark, and takes it up again without moving it back", () => {
  const time = new SourceTime(SETTINGS, 0)
  time.observe(0, times(100), 0, FAR, 0)
  time.observe(1, times(60), 0, FAR, 0)
  time.observe(0, times(200), 0, FAR, 1_500)
  assert.equal(seconds(time.advance(1_500)), 195)
  time.observe(1, times(70), 0, FAR, 1_600)
  assert.equal(seconds(time.advance(1_600)), 195, "it never falls")
})

test("a partition with rows that were not read is not idle", () => {
  const time = new SourceTime(SETTINGS, 0)
  time.observe(0, times(100), 0, FAR, 5_000)
  time.markBusy(1, 5_000)
  assert.equal(time.advance(5_000), NO_WATERMARK)
})

test("a producer's clock cannot run the watermark more than a second ahead of the append time", () => {
  const time = new SourceTime({ ...SETTINGS, partitions: 1 }, 0)
  time.observe(0, times(1_000_000), 0, 100_000, 0)
  assert.equal(seconds(time.advance(0)), 96)
})

test("all partitions idle: the watermark stays, or follows the clock when declared", () => {
  for (const [idleAdvance, expected] of [
    [false, 55],
    [true, 194],
  ] as const) {
    const time = new SourceTime({ ...SETTINGS, partitions: 1, idleAdvance }, 0)
    time.observe(0, times(60), 0, FAR, 0)
    time.advance(0)
    assert.equal(seconds(time.advance(200_000)), expected)
  }
})

test("partitions that fall idle leave the same watermark whenever somebody looks", () => {
  const four = { ...SETTINGS, partitions: 4 }
  for (const looks of [[1_000], [1_050, 1_250], [1_010, 1_050, 1_150, 1_250], [1_250], [9_000]]) {
    const time = new SourceTime(four, 0)
    time.observe(0, times(60), 0, FAR, 50)
    time.observe(1, times(100), 0, FAR, 150)
    time.observe(2, times(90), 0, FAR, 150)
    for (const nowMs of looks) time.advance(nowMs)
    assert.equal(seconds(time.advance(10_000)), 85, `looked at ${looks}`)
  }
  const never = new SourceTime(four, 0)
  assert.equal(never.advance(10_000), NO_WATERMARK)
})

test("a saved state continues where it was", () => {
  const time = new SourceTime({ ...SETTINGS, partitions: 1 }, 0)
  time.observe(0, times(-60), 0, FAR, 0)
  time.advance(0)
  const restored = new SourceTime({ ...SETTINGS, partitions: 1 }, 0)
  restored.restore(JSON.parse(JSON.stringify(time.save())))
  assert.equal(restored.watermarkUs, time.watermarkUs)
  restored.observe(0, times(-50), 0, FAR, 0)
  assert.equal(seconds(restored.advance(0)), -55)
})
