import assert from "node:assert/strict"
import { test } from "node:test"
import { type LakeWorld, openLakeWorld, orderRows } from "../../../test/kit/lake-world.ts"
import { isPlatformError } from "../../std/errors.ts"
import { SeededRandom } from "../../std/random.ts"
import { readGroup, readGroups } from "../../stores/lake/data-file-reader.ts"
import { decode } from "../../testing/plain-records.ts"
import { SimClock } from "../../testing/sim-clock.ts"
import { SimCrash, SimDisk } from "../../testing/sim-disk.ts"

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
      for (const { offset } of await readGroup(table.disk, group)) {
        const place = `${group.partition}@${offset}`
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

/** Appends and archives in one life; dies where the disk says so. */
async function live(world: LakeWorld, written: Map<string, string>, from: number): Promise<void> {
  await world.archiver.start()
  for (let n = from; n < from + 60; n += 20) {
    for (const partition of PARTITIONS) {
      const rows = orderRows(n + partition * 10, n + partition * 10 + 10)
      const { durableEnd } = await world.log.range("order", partition)
      await world.append(partition, rows)
      for (const [i, { value }] of rows.entries()) written.set(`${partition}@${durableEnd + i}`, value!)
    }
    await world.archiver.archiveNow()
    if (n > from) await world.archiver.upkeepNow()
    world.clock.pass(20_000)
  }
}

const LIMITS = { snapshotMs: 30_000, graceMs: 20_000 }

async function open(disk: SimDisk, seed: number, clock?: SimClock): Promise<LakeWorld> {
  const options = { disk, directory: "/data", seed, limits: LIMITS, ...SEGMENTS }
  return openLakeWorld(clock === undefined ? options : { ...options, clock })
}

async function stepsOfALife(): Promise<number> {
  const disk = new SimDisk({ random: new SeededRandom(1) })
  let steps = 0
  const counted = new Proxy(disk, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== "function") return value
      return (...args: unknown[]) => {
        steps++
        return Reflect.apply(value, target, args)
      }
    },
  })
  const world = await open(counted, 1)
  await live(world, new Map(), 0)
  await world[Symbol.asyncDispose]()
  return steps
}

test("a crash at any step of the archiver loses no record and has none twice", async () => {
  const steps = await stepsOfALife()
  let crashes = 0
  for (let step = 1; step < steps; step += 11) {
    const disk = new SimDisk({ random: new SeededRandom(step) })
    const written = new Map<string, string>()
    let clock = new SimClock()
    try {
      const first = await open(disk, step, clock)
      disk.crashAfter(step)
      await live(first, written, 0)
    } catch (error) {
      assert.ok(error instanceof SimCrash, String(error))
      crashes++
    }
    if (step % 2 === 0) disk.crash()
    else disk.kill()
    // What the dead process had planned dies with its clock.
    clock = new SimClock(clock.nowMs())
    const world = await open(disk, step + 1_000_000, clock)
    await checkTable(world)
    await live(world, written, 1000)
    const history = await historyOf(world)
    for (const [place, value] of written) assert.equal(history.get(place), value, `step ${step}: ${place}`)
    await checkTable(world)
    await world[Symbol.asyncDispose]()
  }
  assert.ok(crashes > 20, `${crashes} crashes`)
})

test("after a failed write or sync the archiver goes on where it was", async () => {
  for (let step = 1; step < 40; step += 5) {
    const disk = new SimDisk({ random: new SeededRandom(step) })
    const world = await open(disk, step)
    const written = new Map<string, string>()
    await live(world, written, 0)
    await world.append(0, orderRows(500, 510))
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
    assert.equal(history.size, written.size + 10)
    await world[Symbol.asyncDispose]()
  }
})
