/**
 * Exactly once: log, journal, checkpoints and what leaves a view, numbers 59 to 67 of docs/regressions.md:
 * ways in which other stream processors were wrong, each with data of its own. Numbers with # are those of
 * public trackers. 59 has no test here, since there are no transactions outside that could linger.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { z } from "zod"
import { nativeBlock } from "../../src/columns/native/native-block.ts"
import { RowPacker } from "../../src/columns/native/row-packer.ts"
import type { Scalar } from "../../src/columns/types.ts"
import { event } from "../../src/contracts/event.ts"
import { int32, timestamp } from "../../src/contracts/field-types.ts"
import { bindProject } from "../../src/plan/bind-project.ts"
import type { ViewPlan } from "../../src/plan/plan.ts"
import { view } from "../../src/plan/view.ts"
import type { EpochOutcome, EpochOutput } from "../../src/ports/epoch-output.ts"
import { type CheckpointManifest, CheckpointStore } from "../../src/runners/embedded/checkpoint-store.ts"
import { supersededRows } from "../../src/runners/embedded/store-feed/superseded.ts"
import type { Disk } from "../../src/std/disk.ts"
import { SeededRandom } from "../../src/std/random.ts"
import { queryRows } from "../../src/stores/clickhouse.ts"
import { ClickHouseStore } from "../../src/stores/hot/clickhouse-store.ts"
import { type StoreBlock, viewBlockColumns } from "../../src/stores/store.ts"
import { SimDisk } from "../../src/testing/sim-disk.ts"
import { batchOf, changesOf } from "../kit/batch-of.ts"
import { openEmbeddedStore } from "../kit/embedded-store.ts"
import { latest, reading, row, rows, SECOND } from "../kit/readings.ts"
import { CHECKPOINTS, SimMachine } from "../kit/sim-machine.ts"
import { SqlEngine } from "../kit/sql-engine.ts"

const sale = event("sale", {
  schema: z.object({ id: z.string(), at: timestamp(), shop: z.string(), amount: int32() }),
  id: "id",
  time: "at",
  key: "shop",
  partitions: 2,
  idle: "1 second",
})
const totals = view("totals", {
  sql: "SELECT shop, count(*) AS n, sum(amount) AS total FROM sale GROUP BY shop",
  state: "unbounded",
})
const closed = view("closed", {
  sql: `SELECT window_end, count(*) AS n FROM tumble(sale, at, INTERVAL '10 seconds') GROUP BY window_end`,
  emit: "final",
})

const BASE_MS = Date.UTC(2023, 0, 1)
const sales = (from: number, count: number) =>
  Array.from({ length: count }, (_, k) => {
    const n = from + k
    return { id: `s${n}`, at: new Date(BASE_MS + n * 100).toISOString(), shop: `shop ${n % 3}`, amount: n }
  })

/** The answer by hand, over the sales 0 to count - 1. */
function totalsOf(count: number): string[] {
  const shops = new Map<string, { n: number; total: number }>()
  for (let n = 0; n < count; n++) {
    const shop = shops.get(`shop ${n % 3}`) ?? { n: 0, total: 0 }
    shops.set(`shop ${n % 3}`, { n: shop.n + 1, total: shop.total + n })
  }
  return [...shops].map(([shop, { n, total }]) => `${shop} ${n} ${total}`).toSorted()
}

/** Remembers what it was given, and when it said that it is durable. */
class Witness implements EpochOutput {
  readonly taken: EpochOutcome[] = []
  covers(): boolean {
    return true
  }
  begin(): void {}
  publish(outcome: EpochOutcome): void {
    this.taken.push(outcome)
  }
  room(): null {
    return null
  }
  async whenDurable(epoch: number): Promise<void> {
    assert.ok(this.taken.some((outcome) => outcome.epoch === epoch) || epoch === 0, `epoch ${epoch} came`)
  }
}

// FLINK-31363 (flink#22126).
test("60: epochs without rows are epochs: outputs get them, a checkpoint stands behind them", async () => {
  const witness = new Witness()
  const options = { events: [sale], views: [closed], outputs: () => [witness], checkpointIntervalMs: 500 }
  const machine = await SimMachine.of(options)
  await machine.start()
  await machine.post("sale", [{ ...sales(0, 1)[0]!, shop: "shop 0" }, ...sales(201, 1)])
  await machine.pass(3_000)
  const last = witness.taken.at(-1)!
  assert.deepEqual([last.rulings, last.duplicates], [[], []], "only time has passed")
  assert.equal(machine.rows("closed").length, 1)
  const [newest] = new CheckpointStore(machine.disk, CHECKPOINTS).list()
  assert.equal(newest!.epoch, last.epoch)
  machine.kill()
  await machine.start()
  assert.equal(machine.rows("closed").length, 1)
  await machine.post("sale", sales(500, 1))
  assert.equal(machine.view("closed").epoch, last.epoch + 1, "no number was used twice or left out")
})

// KAFKA-16017 (kafka#15177).
test("61: a process that ends while it reads history says nothing of rows it has not taken", async () => {
  const machine = await SimMachine.of({ events: [sale], views: [totals] })
  await machine.start()
  await machine.post("sale", sales(0, 300))
  machine.kill()
  for (const ends of ["clean", "kill", "clean"] as const) {
    await machine.start()
    if (ends === "clean") await machine.stop()
    else machine.kill()
  }
  await machine.start()
  await machine.post("sale", sales(300, 10))
  assert.deepEqual(machine.rows("totals"), totalsOf(310))
  const { verdicts, imbalance, pendingEvents } = machine.view("totals")
  assert.deepEqual([verdicts.applied, imbalance, pendingEvents], [310, 0, 0])
})

// KAFKA-20539, KAFKA-12261.
test("62: a topic gets no partition behind anyone's back, and views begin where the log begins", async () => {
  const before = await SimMachine.of({ events: [sale], views: [] })
  await before.start()
  await before.post("sale", sales(0, 30))
  await assert.rejects(before.log.createTopic({ name: "sale", partitions: 3 }), { code: "topic-exists" })
  await before.stop()
  const after = await SimMachine.of({ events: [sale], views: [totals], disk: before.disk })
  await after.start()
  await after.pass(0)
  assert.deepEqual(after.rows("totals"), totalsOf(30), "a view that is new has the first row, too")
})

// risingwave#23857.
test("63: a view whose key has no columns is one row, also in the store, merged or not", async () => {
  const all = view("all_sales", { sql: "SELECT count(*) AS n, sum(n) AS total FROM reading" })
  const { plans } = await bindProject({ events: [reading], views: [all] })
  const [{ columns, key }] = plans as [ViewPlan]
  assert.deepEqual(key, [])
  const table = { name: all.name, columns, key, isAppendOnly: false, fingerprint: "1" }
  await using embedded = await openEmbeddedStore()
  const store = new ClickHouseStore({ clickhouse: embedded.clickhouse, logId: "0".repeat(32) })
  assert.equal(await store.prepareView(table), null)
  const block = (cells: readonly (readonly Scalar[])[]): StoreBlock => {
    const packer = new RowPacker(viewBlockColumns(table))
    packer.append(batchOf(viewBlockColumns(table), cells).vectors, cells.length)
    return { rows: cells.length, pieces: [nativeBlock(viewBlockColumns(table), packer.take())] }
  }
  const stored = () => queryRows(embedded.clickhouse, "SELECT n, total FROM views.all_sales")
  const engine = await SqlEngine.of([reading], [all])
  const begin = async function* () {
    yield block(engine.rows(all.name).map((cells) => [...cells, 1n, 0]))
  }
  await store.replaceView(table, begin())
  for (let epoch = 1; epoch <= 6; epoch++) {
    const { changes } = engine.epoch(rows(["a", epoch, epoch], ["b", epoch, 1]))
    const written = changes[all.name]!.map(([weight, ...cells]) => {
      return weight === -1 ? [...cells, BigInt(2 * epoch), 1] : [...cells, BigInt(2 * epoch + 1), 0]
    })
    assert.equal(written.length, epoch === 1 ? 1 : 2, "the old row goes, the new one comes")
    await store.applyChanges(table, block(written))
    const [[n, total]] = engine.rows(all.name) as [[bigint, bigint]]
    const expected = [{ n: String(n), total: String(total) }]
    assert.deepEqual(await stored(), expected, `epoch ${epoch}`)
    if (epoch % 2 === 0) await embedded.clickhouse.command("OPTIMIZE TABLE _views.all_sales__1 FINAL")
    assert.deepEqual(await stored(), expected, `epoch ${epoch}, merged`)
  }
})

// materialize#6386, #6389, #26965.
test("64: a key is all of its columns; a row that changes one of them leaves its old place", async () => {
  const engine = await SqlEngine.of(
    [reading],
    [
      latest,
      view("by_both", {
        sql: "SELECT key, n % 3 AS rest, count(*) AS rows, max(n) AS high FROM latest GROUP BY key, n % 3",
        state: "unbounded",
      }),
    ],
  )
  engine.epoch(rows(["a", 1, 3], ["b", 1, 4], ["c", 1, 3]))
  const { changes } = engine.epoch(rows(["a", 2, 4], ["b", 2, 7]))
  assert.deepEqual(changes["by_both"]!.map(String).toSorted(), [
    "-1,a,0,1,3",
    "-1,b,1,1,4",
    "1,a,1,1,4",
    "1,b,1,1,7",
  ])
  const columns = [
    { name: "key", type: { kind: "string" }, nullable: true },
    { name: "rest", type: { kind: "int32" }, nullable: true },
    { name: "rows", type: { kind: "int64" }, nullable: false },
    { name: "high", type: { kind: "int32" }, nullable: true },
  ] as const
  const list = changes["by_both"]!.map(([weight, ...cells]) => ({ weight: weight as number, row: cells }))
  const marks = supersededRows(changesOf(columns, list), [0, 1])
  const left = list
    .filter((_, k) => marks?.[k] !== 1)
    .map(({ weight, row: cells }) => [weight, ...cells].join())
  assert.deepEqual(left.toSorted(), ["-1,a,0,1,3", "1,a,1,1,4", "1,b,1,1,7"], "a left its place, b did not")
})

// materialize#6526.
test("65: two updates of one key at one time, in one epoch or two, leave one row, the same one", async () => {
  for (const cuts of [[[1, 2, 3]], [[1], [2], [3]], [[3], [1, 2]], [[2, 3], [1]]]) {
    const engine = await SqlEngine.of([reading], [latest])
    for (const cut of cuts) {
      const list = cut.map((n) => row({ id: `r${n}`, at: 5, key: "a", n }))
      const { changes } = engine.epoch({ reading: list })
      const weights = (changes["latest"] ?? []).map(([weight]) => weight)
      assert.ok(weights.length <= 2 && new Set(weights).size === weights.length, `netted: ${weights}`)
    }
    assert.deepEqual(engine.rows("latest"), [["a", 3]])
  }
})

// risingwave#17711.
test("66: a row whose window was cleaned up is not taken back a second time", async () => {
  const engine = await SqlEngine.of(
    [reading],
    [
      view("per_key", {
        sql: `SELECT window_end, key, max(n) AS n FROM tumble(reading, at, INTERVAL '10 seconds')
            GROUP BY window_end, key`,
        allowedLateness: "20 seconds",
      }),
      view("high", {
        sql: "SELECT window_end, max(n) AS n, count(*) AS keys FROM per_key GROUP BY window_end",
      }),
      view("all", { sql: "SELECT count(*) AS keys, sum(n) AS n FROM per_key" }),
    ],
  )
  engine.epoch(rows(["a", 1, 5], ["b", 1, 3]), 29n * SECOND)
  const end = 10n * SECOND
  assert.deepEqual(engine.epoch(rows(["a", 2, 9])).changes["high"], [
    [-1, end, 5, 2n],
    [1, end, 9, 2n],
  ])
  engine.epoch({}, 30n * SECOND)
  engine.restart()
  const late = engine.epoch(rows(["a", 3, 99], ["b", 3, 99]))
  assert.deepEqual(late.changes, {})
  assert.deepEqual(engine.rows("high"), [[end, 9, 2n]])
  assert.deepEqual(engine.rows("all"), [[2n, 12n]])
})

const MANIFEST: CheckpointManifest = {
  ...{ epoch: 0, history: 1, generation: "g", journalOffset: 0, logId: "l", positions: {}, sources: {} },
  ...{ verdicts: {}, counters: {}, changelogs: {} },
}

// arroyo#688.
test("67: when old checkpoints cannot be removed once, later ones remove them", async () => {
  const disk = new SimDisk({ random: new SeededRandom(1) })
  disk.makeDirectory("/data")
  let failures = 3
  const failing: Disk = new Proxy<Disk>(disk, {
    get(own, name) {
      const value: unknown = Reflect.get(own, name)
      if (typeof value !== "function") return value
      if (name !== "remove") return value.bind(own)
      return (path: string) => {
        if (failures-- > 0) throw new Error("the disk refuses")
        own.remove(path)
      }
    },
  })
  const store = new CheckpointStore(failing, CHECKPOINTS)
  let refused = 0
  for (let epoch = 1; epoch <= 9; epoch++) {
    const writer = store.begin({ epoch, generation: 0 })
    writer.write({ name: "state", bytes: new Uint8Array(100) })
    await writer.finish({ ...MANIFEST, epoch }).catch(() => refused++)
    assert.equal(store.list()[0]!.epoch, epoch, "the new one counts whatever became of the old ones")
  }
  assert.equal(refused, 3)
  assert.deepEqual(
    store.list().map(({ epoch }) => epoch),
    [9, 8],
  )
  assert.deepEqual(disk.list(CHECKPOINTS).length, 2)
})

function checkpointFiles(disk: SimDisk): { readonly own: string[]; readonly pages: string[] } {
  const names = disk.list(CHECKPOINTS)
  const isOfPages = (name: string) => name.includes(".pages")
  return { own: names.filter((name) => !isOfPages(name)), pages: names.filter(isOfPages) }
}

test("67: a process that runs long keeps two checkpoints", async () => {
  const options = { events: [sale], views: [totals], checkpointIntervalMs: 500 }
  const machine = await SimMachine.of(options)
  await machine.start()
  for (let k = 0; k < 12; k++) {
    await machine.post("sale", sales(k, 1))
    await machine.pass(500)
    const { own } = checkpointFiles(machine.disk)
    assert.ok(own.length <= 3, "two, and one that is being written")
  }
  await machine.stop()
  const { own, pages } = checkpointFiles(machine.disk)
  assert.equal(own.length, 2)
  assert.ok(pages.length > 0 && pages.length < 12, `files of pages go as well: ${pages}`)
})
