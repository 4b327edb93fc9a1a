import assert from "node:assert/strict"
import { test } from "node:test"
import { Intake, type IntakeSlice } from "./intake.ts"
import { RowMemory } from "./row-memory.ts"

const EMPTY = { length: 0, vectors: [] }

function slice(partition: number, baseOffset: number, count: number, heldBytes = 10): IntakeSlice {
  const place = { event: "e", topic: "t", partition, baseOffset, appendTimeMs: 0 }
  return { ...place, count, batch: EMPTY, heldBytes, memory: null }
}

/** A log that has every offset, in appends of ten rows, except the gaps named. */
function loaderOf(loads: string[], gaps: readonly (readonly [from: number, to: number])[] = []) {
  return async (topic: string, partition: number, from: number, until: number) => {
    loads.push(`${topic}/${partition} ${from}-${until}`)
    const gap = gaps.find(([start, end]) => from >= start && from < end)
    if (gap !== undefined) return { slices: [], nextOffset: Math.min(gap[1], until) }
    const end = Math.min(until, from - (from % 10) + 10)
    return { slices: [slice(partition, from, end - from)], nextOffset: end }
  }
}

function intakeAt(taken: number, durableEnd: number, loads: string[] = [], gaps: [number, number][] = []) {
  const intake = new Intake(loaderOf(loads, gaps))
  for (const partition of [0, 1]) intake.addPartition({ topic: "t", partition, taken, durableEnd })
  return intake
}

const places = (slices: readonly IntakeSlice[]) =>
  slices.map(({ partition, baseOffset, count }) => `${partition}:${baseOffset}+${count}`)

test("rows from the door come out in offset order, without reading the log", async () => {
  const loads: string[] = []
  const intake = intakeAt(0, 0, loads)
  intake.offer(slice(0, 5, 3))
  intake.offer(slice(1, 0, 2))
  intake.offer(slice(0, 0, 5))
  const taken = await intake.take(100)
  assert.deepEqual(places(taken), ["0:0+5", "0:5+3", "1:0+2"])
  assert.deepEqual(loads, [])
  assert.equal(intake.backlogRows, 10, "rows are pending until their epoch is out")
  intake.markPublished(taken)
  assert.equal(intake.backlogRows, 0)
  assert.deepEqual(await intake.take(100), [])
})

test("a gap before the queue is read from the log, up to where the queue begins", async () => {
  const loads: string[] = []
  const intake = intakeAt(0, 0, loads)
  intake.offer(slice(0, 12, 3))
  assert.deepEqual(places(await intake.take(100)), ["0:0+10", "0:10+2", "0:12+3"])
  assert.deepEqual(loads, ["t/0 0-12", "t/0 10-12"])
})

test("offsets that the log no longer has are passed over", async () => {
  const intake = intakeAt(0, 30, [], [[0, 20]])
  const taken = await intake.take(100)
  assert.deepEqual(places(taken), ["0:20+10", "1:20+10"])
  intake.markPublished(taken)
  assert.equal(intake.backlogRows, 0)
})

test("partitions take turns, so that a long backlog makes nobody late", async () => {
  const intake = intakeAt(0, 50)
  assert.deepEqual(places(await intake.take(35)), ["0:0+10", "0:10+10", "1:0+10", "1:10+10"])
})

test("a queue that is full forgets rows, and reads them again when their turn comes", async () => {
  const loads: string[] = []
  const intake = intakeAt(0, 0, loads)
  intake.offer(slice(0, 0, 10, 127 * 1024 * 1024))
  intake.offer(slice(0, 10, 10, 2 * 1024 * 1024))
  assert.deepEqual(places(await intake.take(100)), ["0:0+10", "0:10+10"])
  assert.deepEqual(loads, ["t/0 10-20"])
})

test("an earlier epoch's rows are taken exactly, also in the middle of an append", async () => {
  const intake = intakeAt(3, 3)
  assert.deepEqual(places(await intake.takeUntil("t", 0, 14)), ["0:3+7", "0:10+4"])
  assert.equal(intake.position("t", 0).taken, 14)
  assert.deepEqual(await intake.takeUntil("t", 0, 14), [])
})

test("a slice's memory is held until its epoch is out, or until the slice is dropped", async () => {
  const intake = intakeAt(0, 0)
  const offer = (baseOffset: number, heldBytes: number): ArrayBuffer => {
    const buffer = new ArrayBuffer(8)
    const memory = new RowMemory()
    memory.add(buffer)
    intake.offer({ ...slice(0, baseOffset, 10, heldBytes), memory })
    return buffer
  }
  const queued = offer(0, 10)
  const refused = offer(10, 128 * 1024 * 1024)
  assert.deepEqual([queued.detached, refused.detached], [false, true])
  const taken = await intake.take(100)
  assert.equal(queued.detached, false, "the engine reads it")
  intake.markPublished(taken)
  assert.equal(queued.detached, true)
  const stale = offer(5, 10)
  offer(20, 10)
  await intake.take(100)
  assert.equal(stale.detached, true, "its rows were taken before")
})

test("offsets without rows of the project are not pending once what comes before them is out", async () => {
  const intake = intakeAt(0, 30, [], [[10, 30]])
  const taken = await intake.take(100)
  assert.deepEqual(places(taken), ["0:0+10", "1:0+10"])
  assert.equal(intake.backlogRows, 60)
  intake.markPublished(taken)
  assert.equal(intake.backlogRows, 0)
  const empty = intakeAt(0, 30, [], [[0, 30]])
  assert.deepEqual(await empty.take(100), [])
  assert.equal(empty.backlogRows, 0)
  const replayed = intakeAt(0, 30, [], [[10, 30]])
  replayed.markPublished(await replayed.takeUntil("t", 0, 30))
  assert.equal(replayed.position("t", 0).published, 30)
})
