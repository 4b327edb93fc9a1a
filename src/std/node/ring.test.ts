import assert from "node:assert/strict"
import { test } from "node:test"
import { SeededRandom } from "../random.ts"
import { SharedRing } from "./ring.ts"

test("frames arrive whole and in order, whatever their sizes, across the end of the ring", () => {
  const producer = SharedRing.create(1024)
  const consumer = new SharedRing(producer.memory)
  const random = new SeededRandom(5)
  const sent: number[][] = []
  let received = 0
  let refused = 0
  for (let round = 0; round < 5000; round++) {
    const length = random.below(producer.longestPayload)
    const start = random.below(3) > 0 ? producer.reserve(length) : -1
    if (start >= 0) {
      const payload = Array.from({ length }, () => random.below(256))
      producer.bytes.set(payload, start)
      producer.publish(start, round)
      sent.push([round, ...payload])
    } else refused++
    if (random.below(2) === 0) continue
    const frame = consumer.peek()
    if (frame === null) continue
    const payload = consumer.bytes.subarray(frame.start, frame.start + frame.length)
    assert.deepEqual([frame.kind, ...payload], sent[received++])
    consumer.release()
  }
  assert.ok(received > 1000 && refused > 100)
})

test("counts that wrap around 2^32 change nothing", () => {
  const ring = SharedRing.create(64)
  new Int32Array(ring.memory, 0, 2).fill(-16)
  for (let round = 0; round < 10; round++) {
    const start = ring.reserve(8)
    ring.bytes[start] = round
    ring.publish(start, 1)
    assert.equal(ring.bytes[ring.peek()?.start ?? -1], round)
    ring.release()
  }
  assert.equal(ring.peek(), null)
})

test("a full ring refuses until something is released", () => {
  const ring = SharedRing.create(64)
  for (let i = 0; i < 4; i++) ring.publish(ring.reserve(8), i)
  assert.equal(ring.reserve(8), -1)
  ring.peek()
  ring.release()
  assert.notEqual(ring.reserve(8), -1)
})
