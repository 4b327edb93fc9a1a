import assert from "node:assert/strict"
import { cp, mkdtemp, readdir, rename, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, test } from "node:test"
import { z } from "zod"
import type { EventContract } from "../../src/contracts/contract.ts"
import { event, timestamp } from "../../src/index.ts"
import type { Log } from "../../src/log/log.ts"
import { isPlatformError } from "../../src/std/errors.ts"
import { NodeDisk } from "../../src/std/node/disk.ts"
import { decode, type PlainRecord } from "../../src/testing/plain-records.ts"
import { icebirdRows, placesOf } from "../kit/icebird-rows.ts"
import { type LakeWorld, openLakeWorld, order1, orderRows } from "../kit/lake-world.ts"

const disk = new NodeDisk()
let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "lake-disk-"))
})
afterEach(() => rm(root, { recursive: true, force: true }))

type WorldOptions = Partial<Parameters<typeof openLakeWorld>[0]>

/** Names are never used twice, in no life. */
let lives = 0

/** One life of the platform on a folder, with the lake's own thread. */
async function live<T>(
  directory: string,
  work: (world: LakeWorld) => Promise<T>,
  options: WorldOptions = {},
): Promise<T> {
  await using world = await openLakeWorld({ disk, directory, isThreaded: true, seed: ++lives, ...options })
  await world.archiver.prepare()
  return await work(world)
}

/** "partition@offset" to text, of a log or of log and lake as one. */
async function placesIn(log: Log, topic: string): Promise<Map<string, string>> {
  const places = new Map<string, string>()
  for (let partition = 0; partition < log.topic(topic)!.partitions; partition++) {
    const { begin, durableEnd } = await log.range(topic, partition)
    for (let offset = begin; offset < durableEnd; ) {
      const read = await log.read({ topic, partition, offset, maxBytes: 100_000 })
      for (const record of decode(read.batches, offset))
        places.set(`${partition}@${record.offset}`, record.value ?? "")
      assert.ok(read.nextOffset > offset)
      offset = read.nextOffset
    }
  }
  return places
}

/** What icebird finds in the table is what log and lake have of it, record by record. */
async function checkTable(world: LakeWorld, name: string, expected: ReadonlyMap<string, string>) {
  const { directory } = world.lake.table(name)
  const found = placesOf(await icebirdRows(directory))
  assert.deepEqual(new Map([...found].sort()), new Map([...expected].sort()))
}

test("a data directory that was moved is read by others at its new place, and goes on there", async () => {
  const [before, after] = [`${root}/before`, `${root}/after`]
  await live(before, async ({ append, archiver, clock }) => {
    for (let n = 0; n < 40; n += 10) {
      await append(n % 20 === 0 ? 0 : 1, orderRows(n, n + 10))
      await archiver.archiveNow()
      clock.skip(60_000)
    }
  })
  await rename(before, after)
  const firstSnapshot = await live(after, async (world) => {
    const { metadata } = world.lake.table("order")
    assert.ok(!JSON.stringify(metadata).includes(before), "no path of before is left")
    await checkTable(world, "order", await placesIn(world.log, "order"))
    await world.append(0, orderRows(40, 50))
    await world.archiver.archiveNow()
    await checkTable(world, "order", await placesIn(world.log, "order"))
    return metadata.snapshots[0]!
  })
  // What was the current table then is found, too, and what lists it replaced is gone.
  await live(after, async ({ lake }) => {
    const table = lake.table("order")
    const snapshot = table.snapshotAt({ snapshotId: String(firstSnapshot["snapshot-id"]) })
    const files = table.dataFiles(snapshot)
    assert.deepEqual(
      files.map(({ recordCount }) => recordCount),
      [10],
    )
    assert.ok(files.every(({ path }) => path.startsWith(after) && disk.exists(path)))
    const kept = (await readdir(`${table.directory}/metadata`)).filter((name) => name.startsWith("snap-"))
    assert.equal(kept.length, table.metadata.snapshots.length)
  })
})

const refund = event("refund", {
  schema: z.object({ id: z.string(), at: timestamp(), order_id: z.string(), link: z.url() }),
  id: "id",
  time: "at",
  topic: "order",
  partitions: 2,
}) as unknown as EventContract
/** An event of the same topic that this platform has no contract of. */
const gift = { ...refund, name: "gift" } as EventContract

function refunds(from: number, to: number): PlainRecord[] {
  return Array.from({ length: to - from }, (_, i) => {
    const n = from + i
    const link = n % 2 === 0 ? ` https://shop.example/${n} ` : `https://shop.example/${n}`
    const row = { id: `r${n}`, at: "2026-11-27T23:59:00Z", order_id: `order-${n}`, link, note: { n } }
    return { key: row.order_id, value: JSON.stringify(row) }
  })
}

test("several events of one topic go to a table each, and come back as one history", async () => {
  const options = { contracts: [order1, refund], segmentBytes: 4096, retentionBytes: 4096 }
  await live(
    root,
    async (world) => {
      const { archiver, append, clock, history, lake, log } = world
      const sent = new Map<string, string>()
      const of = new Map<string, Map<string, string>>()
      const send = async (partition: number, rows: readonly PlainRecord[], contract: EventContract) => {
        const { durableEnd } = await log.range("order", partition)
        await append(partition, rows, contract)
        const places = of.get(contract.name) ?? new Map<string, string>()
        of.set(contract.name, places)
        for (const [i, { value }] of rows.entries()) {
          sent.set(`${partition}@${durableEnd + i}`, value!)
          places.set(`${partition}@${durableEnd + i}`, value!)
        }
      }
      for (let n = 0; n < 60; n += 10) {
        const partition = (n / 10) % 2
        await send(partition, orderRows(n, n + 5), order1)
        await send(partition, refunds(n, n + 4), refund)
        // Its table begins in the middle of a pass.
        if (n >= 20) await send(1 - partition, refunds(n, n + 1), gift)
        clock.pass(1_000)
        if (n % 20 === 10) await archiver.archiveNow()
      }
      await archiver.archiveNow()
      clock.pass(60_000)
      assert.ok((await log.range("order", 0)).begin > 0, "the log deleted what the lake has")
      assert.deepEqual(new Map([...(await placesIn(history, "order"))].sort()), new Map([...sent].sort()))
      for (const [name, expected] of of) {
        await checkTable(world, name, expected)
        assert.deepEqual(lake.table(name).offsets, lake.table("order").offsets)
      }
      const rows = await icebirdRows(lake.table("refund").directory)
      for (const row of rows) {
        const n = String(row["id"]).slice(1)
        assert.equal(row["link"], `https://shop.example/${n}`, "as the contract has it, without spaces")
        assert.deepEqual(row["_unknown_fields"], { note: `{"n":${n}}` })
      }
      const rawRows = await icebirdRows(lake.table("gift").directory)
      assert.ok(rawRows.length > 0 && rawRows.every((row) => !("link" in row)))
      assert.deepEqual(world.reports, [])
    },
    options,
  )
})

test("a log that was restored to an earlier day takes the lake back with it", async () => {
  const data = `${root}/data`
  await live(data, async ({ append, archiver, clock }) => {
    await append(0, orderRows(0, 10))
    await archiver.archiveNow()
    clock.skip(60_000)
    await append(1, orderRows(10, 20))
  })
  await cp(`${data}/log`, `${root}/backup`, { recursive: true })
  await live(data, async ({ append, archiver }) => {
    await append(0, orderRows(20, 30))
    await archiver.archiveNow()
    await append(1, orderRows(30, 40))
    await archiver.archiveNow()
  })
  await rm(`${data}/log`, { recursive: true })
  await rename(`${root}/backup`, `${data}/log`)
  await live(data, async (world) => {
    const { append, archiver, lake, log, history, reports } = world
    assert.match(reports.join(), /The log is older than the lake's order/)
    assert.deepEqual(lake.table("order").offsets.get("order"), [10, 0])
    // Other events at the offsets of those that nobody has any more.
    await append(0, orderRows(500, 507))
    await archiver.archiveNow()
    const places = await placesIn(log, "order")
    assert.equal(places.size, 27)
    await checkTable(world, "order", places)
    assert.deepEqual(await placesIn(history, "order"), places)
  })
})

test("a log that is older than all snapshots of the lake is refused, and nothing changes", async () => {
  const data = `${root}/data`
  await live(data, async ({ append }) => append(0, orderRows(0, 10)))
  await cp(`${data}/log`, `${root}/backup`, { recursive: true })
  await live(data, async ({ append, archiver, clock, lake }) => {
    await append(0, orderRows(10, 20))
    await archiver.archiveNow()
    clock.skip(60_000)
    await append(0, orderRows(20, 30))
    await archiver.archiveNow()
    lake.table("order").expire(() => false)
  })
  await rm(`${data}/log`, { recursive: true })
  await rename(`${root}/backup`, `${data}/log`)
  const refused = live(data, async () => {})
  await assert.rejects(refused, (error) => isPlatformError(error, "lake-ahead-of-log"))
  assert.equal((await icebirdRows(`${data}/lake/order`)).length, 30)
})

test("a lake that was restored to an earlier day gets from the log what it lacks", async () => {
  const data = `${root}/data`
  await live(data, async ({ append, archiver }) => {
    await append(0, orderRows(0, 10))
    await archiver.archiveNow()
  })
  await cp(`${data}/lake`, `${root}/backup`, { recursive: true })
  await live(data, async ({ append, archiver, clock }) => {
    for (let n = 10; n < 40; n += 10) {
      await append(n % 20 === 0 ? 0 : 1, orderRows(n, n + 10))
      await archiver.archiveNow()
      clock.skip(60_000)
    }
  })
  await rm(`${data}/lake`, { recursive: true })
  await rename(`${root}/backup`, `${data}/lake`)
  await live(data, async (world) => {
    assert.deepEqual(world.lake.table("order").offsets.get("order"), [10, 0])
    await world.archiver.archiveNow()
    const places = await placesIn(world.log, "order")
    assert.equal(places.size, 40)
    await checkTable(world, "order", places)
    assert.deepEqual(world.reports, [])
  })
})

test("what neither restored lake nor log has any more is said, and the rest is archived", async () => {
  const data = `${root}/data`
  const options = { segmentBytes: 4096, retentionBytes: 4096 }
  await live(data, async ({ append, archiver }) => {
    await append(0, orderRows(0, 10))
    await archiver.archiveNow()
  })
  await cp(`${data}/lake`, `${root}/backup`, { recursive: true })
  const begin = await live(
    data,
    async ({ append, archiver, clock, log }) => {
      for (let n = 10; n < 90; n += 10) {
        await append(0, orderRows(n, n + 10))
        clock.pass(7_000)
      }
      await archiver.archiveNow()
      clock.pass(60_000)
      return (await log.range("order", 0)).begin
    },
    options,
  )
  assert.ok(begin > 10, "the log deleted what the newer lake had")
  await rm(`${data}/lake`, { recursive: true })
  await rename(`${root}/backup`, `${data}/lake`)
  await live(
    data,
    async (world) => {
      await world.archiver.archiveNow()
      assert.match(world.reports.join(), new RegExp(`order/0 offsets 10 to ${begin - 1} `))
      const places = await placesIn(world.log, "order")
      for (const [n, { value }] of orderRows(0, 10).entries()) places.set(`0@${n}`, value!)
      await checkTable(world, "order", places)
    },
    options,
  )
})
