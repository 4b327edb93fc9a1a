import assert from "node:assert/strict"
import { test } from "node:test"
import { isPlatformError } from "../../src/std/errors.ts"
import { SeededRandom } from "../../src/std/random.ts"
import { readGroup, readGroups } from "../../src/stores/lake/data-file-reader.ts"
import { offsetAt } from "../../src/stores/lake/record-slab.ts"
import { decode } from "../../src/testing/plain-records.ts"
import { SimClock } from "../../src/testing/sim-clock.ts"
import { SimCrash, SimDisk } from "../../src/testing/sim-disk.ts"
import { type LakeWorld, openLakeWorld, orderRows } from "../kit/lake-world.ts"

/** Odd, so that power losses and kills alternate. 1 crashes at each step of all, which takes minutes. */
const STRIDE = 9
const SEGMENTS = { segmentBytes: 4096, retentionBytes: 4096 }
const PARTITIONS = [0, 1]

/** Each record of the history with its place, and where it is twice. */
async function historyOf(world: LakeWorld): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const add = (partition: number, offset: number, value: string | null) => {
    const place = `${partition}@${offset}`
    assert.ok(!found.has(place), `${place} is there twice`)
    found.set(place, value ?? "")
  }
  for (const partition of PARTITIONS) {
    const { begin, durableEnd } = await world.history.range("order", partition)
    for (let offset = begin; offset < durableEnd; ) {
      const read = await world.history.read({ topic: "order", partition, offset, maxBytes: 64 * 1024 })
      for (const record of decode(read.batches, offset)) add(partition, record.offset, record.value)
      assert.ok(read.nextOffset > offset, "a reader gets on")
      offset = read.nextOffset
    }
  }
  return found
}

/** The lake's own rows: none twice, up to where it says that it is. */
async function checkTable(world: LakeWorld): Promise<void> {
  const table = world.lake.find("order")
  if (table === undefined) return
  const places = new Set<string>()
  for (const file of table.dataFiles()) {
    for (const group of readGroups(table.disk, table.local(file.path))) {
      const slab = await readGroup(table.disk, group)
      for (let row = 0; row < slab.count; row++) {
        const place = `${group.partition}@${offsetAt(slab, row)}`
        assert.ok(!places.has(place), `${place} is in the lake twice`)
        places.add(place)
      }
    }
  }
  const ends = table.offsets.get("order") ?? []
  const begins = table.begins.get("order") ?? []
  const expected = ends.reduce((sum, end, partition) => sum + end - (begins[partition] ?? 0), 0)
  assert.equal(places.size, expected, "the lake has what its snapshot says, and nothing else")
}

/** Some rows into each partition; what the archiver is to move. */
async function append(world: LakeWorld, written: Map<string, string>, from: number): Promise<void> {
  for (const partition of PARTITIONS) {
    const rows = orderRows(from + partition * 6, from + partition * 6 + 6)
    const { durableEnd } = await world.log.range("order", partition)
    await world.append(partition, rows)
    for (const [i, { value }] of rows.entries()) written.set(`${partition}@${durableEnd + i}`, value!)
  }
}

/** Two commits in the lake, a third to come. */
async function live(world: LakeWorld, written: Map<string, string>, from: number): Promise<void> {
  await world.archiver.prepare()
  for (let n = from; n < from + 36; n += 12) {
    if (n > from) await world.archiver.archiveNow()
    await append(world, written, n)
    world.clock.pass(20_000)
  }
}

async function archive(world: LakeWorld): Promise<void> {
  await world.archiver.archiveNow()
  world.clock.skip(25_000)
  await world.archiver.upkeepNow()
  world.clock.skip(25_000)
  await world.archiver.upkeepNow()
}

const LIMITS = { snapshotMs: 30_000, graceMs: 20_000, smallFiles: 2 }

async function open(disk: SimDisk, seed: number, clock: SimClock): Promise<LakeWorld> {
  return openLakeWorld({ disk, directory: "/data", seed, clock, limits: LIMITS, ...SEGMENTS })
}

test("a crash at any step of the archiver loses no record and has none twice", async () => {
  let step = 1
  for (let isAlive = false; !isAlive; step += STRIDE) {
    const disk = new SimDisk({ random: new SeededRandom(step) })
    const written = new Map<string, string>()
    const clock = new SimClock()
    const first = await open(disk, step, clock)
    await live(first, written, 0)
    disk.crashAfter(step)
    try {
      await archive(first)
      isAlive = true
    } catch (error) {
      assert.ok(error instanceof SimCrash, String(error))
    }
    if (step % 2 === 0) disk.crash()
    else disk.kill()
    // What the dead process had planned dies with its clock.
    const world = await open(disk, step + 1_000_000, new SimClock(clock.nowMs()))
    await checkTable(world)
    await live(world, written, 1000)
    await archive(world)
    const history = await historyOf(world)
    for (const [place, value] of written) assert.equal(history.get(place), value, `step ${step}: ${place}`)
    assert.equal(history.size, written.size)
    await checkTable(world)
    await world[Symbol.asyncDispose]()
  }
  assert.ok(step > 60, `only ${step} steps: the test crashes in all of them`)
})

test("after a failed write or sync the archiver goes on where it was", async () => {
  for (let step = 1; step < 40; step += 3) {
    const disk = new SimDisk({ random: new SeededRandom(step) })
    const world = await open(disk, step, new SimClock())
    const written = new Map<string, string>()
    await live(world, written, 0)
    if (step % 2 === 0) disk.fillAfter(step)
    else disk.failSyncs(1, step)
    await world.archiver.archiveNow().catch((error: unknown) => {
      assert.ok(isPlatformError(error) && error.code.startsWith("disk-"), String(error))
    })
    await checkTable(world)
    disk.heal()
    await world.archiver.archiveNow()
    await checkTable(world)
    const history = await historyOf(world)
    for (const [place, value] of written) assert.equal(history.get(place), value, `step ${step}: ${place}`)
    assert.equal(history.size, written.size)
    await world[Symbol.asyncDispose]()
  }
})
