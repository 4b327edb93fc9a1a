/** What the laws of the log's conformance suite share: a place for a log, and how to read and compare it. */
import assert from "node:assert/strict"
import type { Log, TopicSpec } from "../../src/log/log.ts"
import { isPlatformError } from "../../src/std/errors.ts"
import { decode, type StoredRecord, values } from "../../src/testing/plain-records.ts"

/** A place that a log can be opened in again and again. */
export interface LogPlace {
  /** Opens with segments of about 4 KiB and upkeep every few milliseconds of the place's time. */
  open(): Promise<Log>
  /** Lets time pass and what is due happen. */
  passTime(ms: number): Promise<void>
  nowMs(): number
  /** Removes the place. */
  remove(): Promise<void>
}

/** Declares one law as a test with a place of its own. */
export type Law = (title: string, body: (place: LogPlace) => Promise<void>) => void

export const DELETE: TopicSpec = { name: "events", partitions: 2 }
export const COMPACT: TopicSpec = { name: "state", partitions: 1, cleanup: "compact" }
/** For what upkeep does in time of its own. */
const ROUNDS = 200

export async function readAll(log: Log, topic = "events", partition = 0): Promise<StoredRecord[]> {
  const { begin, durableEnd } = await log.range(topic, partition)
  const records: StoredRecord[] = []
  for (let offset = begin; offset < durableEnd; ) {
    const { batches, nextOffset } = await log.read({ topic, partition, offset, maxBytes: 10_000 })
    assert.ok(nextOffset > offset, "a read before the end advances")
    records.push(...decode(batches, offset))
    offset = nextOffset
  }
  return records
}

export const texts = (records: readonly StoredRecord[]) => records.map(({ value }) => value)
export const rejects = (promise: Promise<unknown>, code: string) =>
  assert.rejects(promise, (error) => isPlatformError(error, code), code)

/** Appends until the partition has more than `segments` segments' worth of bytes. */
export async function fill(log: Log, segments: number, topic = "events", partition = 0): Promise<number> {
  let count = 0
  for (; count < segments * 5; count++) {
    await log.append({ topic, partition, records: values(`${count} ${"x".repeat(1000)}`) })
  }
  return count
}

/** Lets upkeep run until `isDone`. */
export async function upkeep(place: LogPlace, isDone: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    if (await isDone()) return
    await place.passTime(10)
  }
  assert.fail("upkeep did not get there")
}
