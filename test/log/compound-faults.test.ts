/** Faults that meet: what a failure left behind, and a crash on top of it. Each law here was once broken. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { LogCore } from "../../src/log/embedded/core.ts"
import { DEFAULT_LIMITS } from "../../src/log/embedded/limits.ts"
import type { TopicSpec } from "../../src/log/log.ts"
import { isPlatformError } from "../../src/std/errors.ts"
import { SeededRandom } from "../../src/std/random.ts"
import { keyed } from "../../src/testing/plain-records.ts"
import { SimClock } from "../../src/testing/sim-clock.ts"
import { SimDisk } from "../../src/testing/sim-disk.ts"
import { readBatchHeader, viewOf } from "../../src/wire/kafka/record-batch.ts"

/** Power losses per scenario, each of which keeps another subset of what was not synced. */
const OUTCOMES = 60
const limits = { ...DEFAULT_LIMITS, segmentBytes: 1_000, compactSegmentBytes: 1_000, preallocateBytes: 700 }
const FOLDER = "/log/t/0"

class Scene {
  readonly disk: SimDisk
  readonly clock = new SimClock()
  readonly refused: number[] = []
  #ticket = 0
  #fence: number | null = null
  core: LogCore

  constructor(seed: number, topic: Omit<TopicSpec, "name" | "partitions">) {
    this.disk = new SimDisk({ random: new SeededRandom(seed) })
    this.core = this.open()
    this.core.createTopic({ name: "t", partitions: 1, ...topic })
    if (topic.cleanup === "compact") this.#fence = this.core.openWriter("t")
  }

  open(): LogCore {
    const { disk, clock, refused } = this
    return LogCore.open({
      disk,
      clock,
      random: new SeededRandom(1),
      directory: "/log",
      limits,
      verify: "all",
      sink: { appended: () => {}, refused: (ticket) => void refused.push(ticket) },
    })
  }

  /** A commit of one record. */
  append(valueBytes: number, key = "k"): void {
    const records = keyed({ key, value: "x".repeat(valueBytes) })
    this.core.append({ ticket: this.#ticket++, topic: "t", partition: 0, records, fence: this.#fence })
    this.core.commit()
  }

  /** The planned failures of syncs end what upkeep does. */
  failUpkeep(): void {
    assert.throws(
      () => this.core.maintain(),
      (error) => isPlatformError(error, "disk-failed"),
    )
  }

  restart(power: "lost" | "kept"): void {
    if (power === "lost") this.disk.crash()
    else this.disk.kill()
    this.core = this.open()
  }

  /**
   * Base offsets of what reads begin with; each read takes no more than one batch, or as much as there is.
   */
  read(maxBytes = 1): number[] {
    const { begin, durableEnd } = this.core.range("t", 0)
    const offsets: number[] = []
    for (let offset = begin; offset < durableEnd; ) {
      const { batches, nextOffset } = this.core.read("t", 0, { offset, maxBytes })
      offsets.push(readBatchHeader(viewOf(batches), 0).baseOffset)
      offset = nextOffset
    }
    return offsets
  }

  segments(): number {
    return this.disk.files().filter((path) => path.startsWith(FOLDER) && path.endsWith(".log")).length
  }
}

test("deletions whose syncs fail, and a power loss then, leave no hole between segments", () => {
  for (let seed = 0; seed < OUTCOMES; seed++) {
    const scene = new Scene(seed, { retentionBytes: 1_500 })
    for (let i = 0; i < 8; i++) scene.append(600)
    // Marks are synced first; then each round of upkeep fails at the folder.
    scene.disk.failSyncs(3, 1)
    for (let round = 0; round < 3; round++) scene.failUpkeep()
    scene.restart("lost")
    const { begin, durableEnd } = scene.core.range("t", 0)
    assert.equal(durableEnd, 8)
    assert.deepEqual(
      scene.read(),
      Array.from({ length: durableEnd - begin }, (_, i) => begin + i),
    )
  }
})

test("a deletion whose sync failed does not keep retention from going on", () => {
  const scene = new Scene(1, { retentionBytes: 1_500 })
  for (let i = 0; i < 8; i++) scene.append(600)
  scene.disk.failSyncs(1, 1)
  scene.failUpkeep()
  scene.core.maintain()
  assert.ok(scene.segments() < 4)
})

test("a batch that the file's end cuts in its last sector was never acknowledged", () => {
  let cut = 0
  for (let seed = 0; seed < OUTCOMES; seed++) {
    // The file has 700 bytes; the second batch ends behind them and within the same sector.
    const scene = new Scene(seed, {})
    scene.append(510)
    scene.disk.crashAfter(2)
    assert.throws(() => scene.append(150), /simulated machine stopped/)
    scene.disk.crash()
    const end = scene.disk.contents(`${FOLDER}/00000000000000000000.log`).subarray(600)
    if (end.length === 100 && end.some((byte) => byte !== 0)) cut++
    scene.core = scene.open()
    const { durableEnd } = scene.core.range("t", 0)
    assert.ok(durableEnd === 1 || durableEnd === 2)
    scene.append(150)
    scene.restart("lost")
    assert.equal(scene.core.range("t", 0).durableEnd, durableEnd + 1)
  }
  assert.ok(cut > 0, "some outcomes had a part of the batch")
})

test("a header that the file's end cuts in its sector was never acknowledged", () => {
  for (let seed = 0; seed < OUTCOMES; seed++) {
    // The second batch begins less than a header before the file's end.
    const scene = new Scene(seed, {})
    scene.append(590)
    scene.disk.crashAfter(2)
    assert.throws(() => scene.append(20), /simulated machine stopped/)
    scene.restart("lost")
    assert.ok(scene.core.range("t", 0).durableEnd >= 1)
  }
})

test("after a new segment that upkeep could not finish, nothing is written to the one before", () => {
  for (let later = 1; later < 6; later++) {
    for (const power of ["kept", "lost"] as const) {
      const scene = new Scene(later, { retentionMs: 1_000 })
      scene.append(100)
      scene.clock.skip(2_000)
      // Marks, the old segment, the new one, its folder: one of these syncs fails.
      scene.disk.failSyncs(1, later)
      try {
        scene.core.maintain()
      } catch (error) {
        assert.ok(isPlatformError(error, "disk-failed"))
      }
      scene.append(100)
      scene.append(100)
      assert.deepEqual(scene.refused, [])
      scene.restart(power)
      assert.equal(scene.core.range("t", 0).durableEnd, 3)
      assert.ok(scene.read().includes(2))
    }
  }
})

test("a compacted segment whose name could not be synced is read as what it is now", () => {
  for (let seed = 0; seed < OUTCOMES; seed++) {
    const scene = new Scene(seed, { cleanup: "compact" })
    for (let i = 0; i < 12; i++) scene.append(250, i % 3 === 0 ? "a" : "b")
    // Marks; then learning the closed segments and writing the first: its contents, its name.
    scene.disk.failSyncs(1, 2)
    assert.throws(
      () => {
        while (scene.core.maintain());
      },
      (error) => isPlatformError(error, "disk-failed"),
    )
    assert.ok(scene.read(10_000).length > 1)
    assert.equal(scene.read().at(-1), 11)
    scene.restart(seed % 2 === 0 ? "lost" : "kept")
    assert.equal(scene.read().at(-1), 11)
  }
})
