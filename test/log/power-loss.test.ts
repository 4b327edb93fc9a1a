/** Power losses at moments that random lives seldom meet, each with many outcomes. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { LogCore } from "../../src/log/embedded/core.ts"
import { DEFAULT_LIMITS, type LogLimits } from "../../src/log/embedded/limits.ts"
import { SeededRandom } from "../../src/std/random.ts"
import { values } from "../../src/testing/plain-records.ts"
import { SimClock } from "../../src/testing/sim-clock.ts"
import { SimDisk } from "../../src/testing/sim-disk.ts"

const OUTCOMES = 40

function open(disk: SimDisk, limits: Partial<LogLimits>): LogCore {
  const random = new SeededRandom(1)
  const sink = { appended: () => {}, refused: () => assert.fail("nothing is refused") }
  return LogCore.open({
    disk,
    clock: new SimClock(),
    random,
    directory: "/log",
    limits: { ...DEFAULT_LIMITS, ...limits },
    sink,
  })
}

function append(core: LogCore, count: number): void {
  for (let ticket = 0; ticket < count; ticket++) {
    core.append({ ticket, topic: "t", partition: 0, records: values("x".repeat(900)), fence: null })
  }
  core.commit()
}

test("what recovery cut off stays cut off through a power loss right after it", () => {
  for (let seed = 0; seed < OUTCOMES; seed++) {
    const disk = new SimDisk({ random: new SeededRandom(seed) })
    const limits = { batchBytes: 500, preallocateBytes: 16_384 }
    let core = open(disk, limits)
    core.createTopic({ name: "t", partitions: 1 })
    append(core, 1)
    // The group's write happens, its sync does not: some of its batches survive.
    disk.crashAfter(1)
    assert.throws(() => append(core, 5), /simulated machine stopped/)
    disk.crash()
    core = open(disk, limits)
    const { durableEnd } = core.range("t", 0)
    assert.ok(durableEnd >= 1 && durableEnd <= 6)
    append(core, 2)
    disk.crash()
    core = open(disk, limits)
    assert.equal(core.range("t", 0).durableEnd, durableEnd + 2)
  }
})

test("a power loss while retention deletes leaves no hole", () => {
  for (let seed = 0; seed < OUTCOMES; seed++) {
    const disk = new SimDisk({ random: new SeededRandom(seed) })
    const limits = { segmentBytes: 1_000, preallocateBytes: 2_048 }
    let core = open(disk, limits)
    core.createTopic({ name: "t", partitions: 1, retentionBytes: 1_000 })
    for (let i = 0; i < 8; i++) append(core, 1)
    disk.crashAfter(4 + (seed % 20))
    try {
      core.maintain()
    } catch (error) {
      assert.match(String(error), /simulated machine stopped/)
    }
    disk.crash()
    core = open(disk, limits)
    const { begin, durableEnd } = core.range("t", 0)
    assert.equal(durableEnd, 8)
    for (let offset = begin; offset < durableEnd; )
      offset = core.read("t", 0, { offset, maxBytes: 1 }).nextOffset
  }
})
