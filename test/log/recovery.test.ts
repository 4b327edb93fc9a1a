/**
 * Recovery without the marks' help: the machine stopped before any mark was synced, so that only the stamps
 * in the batches tell what was acknowledged. Each case damages the files by hand and says what must come of
 * it.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { LogCore } from "../../src/log/embedded/core.ts"
import { DEFAULT_LIMITS } from "../../src/log/embedded/limits.ts"
import { isPlatformError } from "../../src/std/errors.ts"
import { SeededRandom } from "../../src/std/random.ts"
import { keyed, values } from "../../src/testing/plain-records.ts"
import { SimClock } from "../../src/testing/sim-clock.ts"
import { SimDisk } from "../../src/testing/sim-disk.ts"
import { readBatchHeader, viewOf } from "../../src/wire/kafka/record-batch.ts"
import type { RecordSet } from "../../src/wire/kafka/record-set.ts"

const SECTOR = 512
const limits = { ...DEFAULT_LIMITS, batchBytes: 500, preallocateBytes: 16_384 }

class Scene {
  readonly disk = new SimDisk({ random: new SeededRandom(1) })
  readonly #clock = new SimClock()
  readonly #random = new SeededRandom(2)
  #ticket = 0
  #marks: Uint8Array = new Uint8Array(0)
  core = this.open()

  constructor() {
    this.core.createTopic({ name: "t", partitions: 2 })
    for (const partition of [0, 1]) this.append(partition, values("first"))
    this.core.commit()
    this.core.maintain()
    this.#marks = this.disk.contents("/log/+durable")
  }

  open(verify: "active" | "all" = "active"): LogCore {
    const sink = { appended: () => {}, refused: () => assert.fail("nothing is refused") }
    const { disk } = this
    return LogCore.open({
      disk,
      clock: this.#clock,
      random: this.#random,
      directory: "/log",
      limits,
      verify,
      sink,
    })
  }

  append(partition: number, records: RecordSet): void {
    this.core.append({ ticket: this.#ticket++, topic: "t", partition, records, fence: null })
  }

  /** A commit of one batch for each partition named. */
  group(...partitions: number[]): void {
    for (const partition of partitions) this.append(partition, values("abcdefgh".repeat(100)))
    this.core.commit()
  }

  path(partition: number): string {
    return `/log/t/${partition}/00000000000000000000.log`
  }

  /** Begin and end of each batch of the partition. */
  batches(partition: number): (readonly [number, number])[] {
    const bytes = this.disk.contents(this.path(partition))
    const found: (readonly [number, number])[] = []
    for (let at = 0; ; ) {
      const { sizeBytes, magic } = readBatchHeader(viewOf(bytes), at)
      if (magic !== 2) return found
      found.push([at, at + sizeBytes])
      at += sizeBytes
    }
  }

  batch(partition: number, index: number): readonly [number, number] {
    return this.batches(partition).at(index) ?? [0, 0]
  }

  set(path: string, at: number, bytes: Uint8Array): void {
    const before = this.disk.contents(path)
    for (const [i, byte] of bytes.entries()) this.disk.flip(path, at + i, (before[at + i] ?? 0) ^ byte)
  }

  /** Takes the whole sectors of [from, to) back to zero, as if they had never been written. */
  lose(partition: number, from: number, to: number): void {
    const start = Math.ceil(from / SECTOR) * SECTOR
    const end = Math.ceil(to / SECTOR) * SECTOR
    this.set(this.path(partition), start, new Uint8Array(end - start))
  }

  /** Takes everything from `from` on back to zero; what the sector held before was synced earlier. */
  loseFrom(partition: number, from: number): void {
    const path = this.path(partition)
    this.set(path, from, new Uint8Array(this.disk.contents(path).length - from))
  }

  flip(partition: number, position: number): void {
    this.disk.flip(this.path(partition), position, 4)
  }

  /** The process dies and the marks on the disk are those of the beginning. */
  reopen(): readonly number[] {
    this.disk.kill()
    this.set("/log/+durable", 0, this.#marks)
    this.core = this.open()
    // Recovery syncs the marks.
    this.#marks = this.disk.contents("/log/+durable")
    return [0, 1].map((partition) => this.core.range("t", partition).durableEnd)
  }
}

type Case = readonly [name: string, act: (scene: Scene) => void, expected: readonly number[] | "log-corrupt"]

const CASES: readonly Case[] = [
  ["nothing is missing", (s) => [s.group(0), s.group(0, 1)], [3, 2]],
  [
    "a sector in the last group was not written",
    (s) => {
      s.group(0)
      s.group(0)
      const [from] = s.batch(0, -1)
      s.lose(0, from + 100, from + 700)
    },
    [2, 1],
  ],
  [
    "nothing of the last group was written",
    (s) => [s.group(0), s.group(0), s.loseFrom(0, s.batch(0, -1)[0])],
    [2, 1],
  ],
  [
    "the first batch of the last group is lost, the second is there",
    (s) => {
      s.group(0)
      s.group(0, 0, 0)
      const [from, to] = s.batch(0, -3)
      s.lose(0, from, to - SECTOR)
    },
    [2, 1],
  ],
  [
    "the last group is torn in one partition and whole in the other",
    (s) => {
      s.group(0, 1)
      s.group(0, 0, 1)
      s.loseFrom(0, s.batch(0, -1)[0])
    },
    [3, 3],
  ],
  [
    "a record of the last group holds images of batches",
    (s) => {
      s.group(0)
      const bytes = s.disk.contents(s.path(0)).slice(0, 2500)
      const image = { ...values("x"), bytes, valueEnds: Int32Array.of(bytes.length) }
      s.append(0, image)
      s.group(0)
      const [from] = s.batch(0, -2)
      s.set(s.path(0), from, new Uint8Array(SECTOR - (from % SECTOR)))
    },
    [2, 1],
  ],
  [
    "a bit of a middle group flipped",
    (s) => [s.group(0), s.group(0), s.flip(0, s.batch(0, -2)[0] + 300)],
    "log-corrupt",
  ],
  [
    "a bit of a middle group's stamp flipped",
    (s) => [s.group(0), s.group(0), s.flip(0, s.batch(0, -2)[0] + 13)],
    "log-corrupt",
  ],
  [
    "a bit of a middle group's base offset flipped",
    (s) => [s.group(0), s.group(0), s.flip(0, s.batch(0, -2)[0] + 7)],
    "log-corrupt",
  ],
  [
    "a bit of the last group flipped",
    (s) => [s.group(0), s.group(0), s.flip(0, s.batch(0, -1)[0] + 300)],
    "log-corrupt",
  ],
  [
    "a bit of the last group's length flipped",
    (s) => [s.group(0), s.group(0), s.flip(0, s.batch(0, -1)[0] + 11)],
    "log-corrupt",
  ],
  [
    "a middle group is gone with its header",
    (s) => {
      s.group(0)
      s.group(0)
      s.group(0)
      const [from, to] = s.batch(0, -3)
      s.set(s.path(0), from, new Uint8Array(to - from))
    },
    "log-corrupt",
  ],
  [
    "several middle groups are gone",
    (s) => {
      for (let i = 0; i < 6; i++) s.group(0)
      const from = s.batch(0, -5)[0]
      s.set(s.path(0), from, new Uint8Array(s.batch(0, -1)[0] - from))
    },
    "log-corrupt",
  ],
  [
    "the end of a group is gone, and another partition has a later group",
    (s) => {
      s.group(0, 0)
      s.group(1)
      s.group(1)
      s.loseFrom(0, s.batch(0, -1)[0])
    },
    "log-corrupt",
  ],
  [
    "a group is gone whose number a later batch behind it tells, and another partition has a later group",
    (s) => {
      s.group(0, 0)
      s.group(1)
      s.group(1)
      const [from, to] = s.batch(0, -2)
      s.set(s.path(0), from, new Uint8Array(to - from))
    },
    "log-corrupt",
  ],
  ["acknowledged data before the marks is gone", (s) => [s.group(0), s.loseFrom(0, 10)], "log-corrupt"],
]

for (const [name, act, expected] of CASES) {
  test(`recovery by stamps: ${name}`, () => {
    const scene = new Scene()
    act(scene)
    if (expected === "log-corrupt") {
      const before = scene.disk.contents(scene.path(0))
      assert.throws(
        () => scene.reopen(),
        (error) => isPlatformError(error, "log-corrupt") && String(error.details.file).endsWith(".log"),
      )
      assert.deepEqual(scene.disk.contents(scene.path(0)), before, "nothing was changed")
      return
    }
    assert.deepEqual(scene.reopen(), expected)
    // What was cut off is gone for good, and the log goes on.
    scene.group(0, 1)
    assert.deepEqual(
      scene.reopen(),
      expected.map((end) => end + 1),
    )
  })
}

test("idle partitions with old group numbers recover beside busy ones", () => {
  const scene = new Scene()
  for (let i = 0; i < 600; i++) {
    scene.group(0)
    if (i % 200 === 0) scene.core.maintain()
  }
  scene.disk.kill()
  scene.core = scene.open()
  scene.group(1)
  scene.disk.kill()
  scene.core = scene.open()
  assert.equal(scene.core.range("t", 1).durableEnd, 2)
})

test("a damaged index is rebuilt, a damaged closed segment is refused when all is verified or read", () => {
  const scene = new Scene()
  const small = { ...limits, segmentBytes: 4096, indexIntervalBytes: 512 }
  Object.assign(limits, small)
  scene.disk.kill()
  scene.core = scene.open()
  for (let i = 0; i < 20; i++) scene.append(0, keyed({ key: "k", value: `${i} ${"v".repeat(600)}` }))
  scene.core.commit()
  for (let i = 0; i < 20; i++) scene.group(0)
  const files = scene.disk.files()
  const indexes = files.filter((path) => path.endsWith("index"))
  assert.ok(indexes.length >= 4)
  scene.disk.remove(indexes[0] ?? "")
  scene.disk.flip(indexes[1] ?? "", 3, 1)
  scene.disk.flip(indexes[2] ?? "", 9, 1)
  const readAll = () => {
    for (let offset = 0; offset < 41; ) {
      const read = scene.core.read("t", 0, { offset, maxBytes: 100 })
      assert.equal(readBatchHeader(viewOf(read.batches), 0).baseOffset, offset)
      offset = read.nextOffset
    }
  }
  scene.disk.kill()
  scene.core = scene.open()
  readAll()
  const closed = files.filter((path) => path.startsWith("/log/t/0/") && path.endsWith(".log"))[1] ?? ""
  scene.disk.flip(closed, 900, 1)
  scene.disk.kill()
  scene.core = scene.open("active")
  assert.throws(readAll, (error) => isPlatformError(error, "log-corrupt") && error.details.file === closed)
  assert.throws(
    () => scene.open("all"),
    (error) => isPlatformError(error, "log-corrupt"),
  )
})

test("a damaged base offset in a closed segment is noticed by whoever reads it", () => {
  const scene = new Scene()
  Object.assign(limits, { segmentBytes: 4096, indexIntervalBytes: 512 })
  scene.disk.kill()
  scene.core = scene.open()
  for (let i = 0; i < 20; i++) scene.group(0)
  const closed =
    scene.disk.files().filter((path) => path.startsWith("/log/t/0/") && path.endsWith(".log"))[1] ?? ""
  const base = Number(closed.slice(-24, -4))
  for (const [position, offset] of [
    [6, base],
    [7, base],
    [5, base + 1],
  ] as const) {
    scene.disk.kill()
    scene.disk.flip(closed, position, 1)
    assert.throws(
      () => {
        scene.core = scene.open()
        scene.core.read("t", 0, { offset, maxBytes: 100 })
      },
      (error) => isPlatformError(error, "log-corrupt") && error.details.file === closed,
    )
    scene.disk.flip(closed, position, 1)
  }
})

test("lost files are noticed", () => {
  for (const [path, file] of [
    ["/log/t/0/00000000000000000000.log", "00000000000000000000.log"],
    ["/log/+topics", "+topics"],
  ]) {
    const scene = new Scene()
    scene.disk.kill()
    scene.disk.remove(path ?? "")
    assert.throws(
      () => scene.open(),
      (error) => isPlatformError(error, "log-corrupt") && String(error.details.file).endsWith(file ?? ""),
    )
  }
})

test("damaged lists of topics and marks are noticed", () => {
  for (const path of ["/log/+topics", "/log/+durable"]) {
    const scene = new Scene()
    scene.disk.kill()
    scene.disk.flip(path, 20, 1)
    assert.throws(
      () => scene.open(),
      (error) => isPlatformError(error, "log-corrupt") && error.details.file === path,
    )
  }
})
