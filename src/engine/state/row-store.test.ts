import assert from "node:assert/strict"
import { test } from "node:test"
import { SeededRandom } from "../../std/random.ts"
import { highStore } from "../kit/high-store.ts"
import { keepingNothing, MemorySpill } from "../kit/memory-spill.ts"
import { imagesOf, pagesWith } from "../kit/page-images.ts"
import { PageStore } from "./page-store.ts"
import { RowStore } from "./row-store.ts"

/** | hash, - | mark | time | bytes | number | */
const SHAPE = { strideWords: 5, bytesFields: [3], markHalf: 2, timeWord: 2 }

interface Model {
  readonly time: bigint | null
  readonly bytes: Uint8Array
  readonly number: number
}

class Rows {
  readonly store: PageStore
  readonly rows: RowStore
  readonly model = new Map<number, Model>()

  constructor(store = new PageStore(2 ** 28)) {
    this.store = store
    this.rows = new RowStore(store, SHAPE, 64n << 20n)
  }

  insert(row: Model): void {
    if (row.time === null) this.rows.seekTimeless()
    else if (!this.rows.seekRecent(Number(row.time))) this.rows.seek(row.time)
    const id = this.rows.insert(row.bytes.length, Number(row.time ?? 0n))
    assert.ok(!this.model.has(id), "a new row has a new id")
    this.store.i64[this.rows.address + 2] = row.time ?? 0n
    this.store.f64[this.rows.address + 4] = row.number
    this.rows.storeBytes(3, row.bytes, 0, row.bytes.length)
    this.model.set(id, row)
  }

  remove(id: number): void {
    this.rows.remove(id)
    this.model.delete(id)
  }

  check(rows: RowStore = this.rows, model: ReadonlyMap<number, Model> = this.model): void {
    for (const [id, { bytes, number }] of model) {
      const address = rows.bringRow(id)
      const start = rows.directory.pages[id >>> 12]! * 8 + rows.store.i32[(address + 3) * 2]!
      const found = rows.store.u8.subarray(start, start + rows.store.i32[(address + 3) * 2 + 1]!)
      assert.deepEqual([rows.store.f64[address + 4], Buffer.compare(found, bytes)], [number, 0])
    }
  }
}

function randomRow(random: SeededRandom, nowUs: number): Model {
  const length = random.below(40) === 0 ? random.below(3_000) : random.below(30)
  return {
    time: random.below(9) === 0 ? null : BigInt(nowUs + random.below(20_000_000) - 10_000_000),
    bytes: Uint8Array.from({ length }, () => random.below(256)),
    number: random.below(1e9),
  }
}

test("rows keep their ids and contents while others come, go and are let go, beside a frozen copy", () => {
  liveThrough(new Rows())
})

test("so they do above 2 GB", () => {
  liveThrough(new Rows(highStore()))
})

test("so they do while pages leave memory at any time", () => {
  const file = new MemorySpill()
  const { spill } = keepingNothing(() => file)
  const rows = new Rows(new PageStore(2 ** 28, spill))
  liveThrough(rows)
  assert.ok(file.reads > 1_000)
  rows.store.relieve()
  assert.equal(rows.store.usedBytes, 0, "all pages can leave")
})

function liveThrough(rows: Rows): void {
  const random = new SeededRandom(5)
  let frozen: { snapshot: ReturnType<RowStore["snapshot"]>; model: Map<number, Model> } | null = null
  for (let epoch = 0; epoch < 60; epoch++) {
    const nowUs = epoch * 3_000_000
    for (let k = 0; k < 600; k++) {
      rows.insert(randomRow(random, nowUs))
      if (random.below(50) === 0) rows.store.relieve()
    }
    for (const id of [...rows.model.keys()]) if (random.below(3) === 0) rows.remove(id)
    const untilUs = BigInt(nowUs - 30_000_000)
    rows.rows.letGo(untilUs, (ids) => {
      for (const id of ids) {
        assert.ok(rows.model.get(id)!.time! <= untilUs)
        rows.remove(id)
      }
      rows.store.relieve()
    })
    assert.equal(rows.rows.directory.count(), rows.model.size)
    for (const { time } of rows.model.values()) assert.ok(time === null || time > untilUs)
    rows.check()
    if (epoch % 7 !== 3) continue
    if (frozen !== null) {
      const { meta, pages } = frozen.snapshot
      const twin = new RowStore(new PageStore(2 ** 28), SHAPE, 64n << 20n)
      const copies = pagesWith(twin.store, imagesOf(rows.store, pages))
      twin.restore(meta, () => copies.shift()!)
      rows.check(twin, frozen.model)
      frozen.snapshot[Symbol.dispose]()
    }
    frozen = { snapshot: rows.rows.snapshot(), model: new Map(rows.model) }
  }
  frozen?.snapshot[Symbol.dispose]()
}

test("rows that come and go in any order do not make the store grow", () => {
  const random = new SeededRandom(6)
  const rows = new Rows()
  const sizes: number[] = []
  for (let epoch = 0; epoch < 40; epoch++) {
    for (let k = 0; k < 1_000; k++) rows.insert({ ...randomRow(random, 0), time: null })
    const ids = [...rows.model.keys()]
    for (let k = ids.length - 1; k >= 2_000; k--) {
      const at = random.below(k + 1)
      rows.remove(ids[at]!)
      ids[at] = ids[k]!
    }
    sizes.push(rows.store.usedBytes)
  }
  rows.check()
  assert.equal(rows.model.size, 2_000)
  assert.ok(Math.max(...sizes) <= Math.max(...sizes.slice(4, 14)) * 1.5, sizes.join(" "))
})

test("a restored store hands out the same ids as one that never stopped", () => {
  const random = new SeededRandom(7)
  const steady = new Rows()
  for (let k = 0; k < 4_000; k++) steady.insert({ ...randomRow(random, k * 20_000), time: null })
  for (const id of [...steady.model.keys()]) if (id >>> 12 === 3 || random.below(3) > 0) steady.remove(id)
  const twin = new Rows()
  const { meta, pages } = steady.rows.snapshot()
  assert.ok(meta.freeNumbers.length > 0 && meta.buckets[0]!.sparse.length > 0, "there is something to forget")
  const copies = pagesWith(twin.store, imagesOf(steady.store, pages))
  twin.rows.restore(meta, () => copies.shift()!)
  for (const [id, row] of steady.model) twin.model.set(id, row)
  for (let k = 0; k < 4_000; k++) {
    const row = { ...randomRow(random, 0), time: null }
    steady.insert(row)
    twin.insert(row)
  }
  assert.deepEqual([...twin.model.keys()], [...steady.model.keys()])
})

test("rows larger than a page have a page that holds them, and an empty store holds nothing", () => {
  const rows = new Rows()
  for (const length of [70_000, 10, 300_000]) {
    rows.insert({ time: 7n, bytes: new Uint8Array(length).fill(length), number: length })
  }
  rows.check()
  for (const id of [...rows.model.keys()]) rows.remove(id)
  assert.equal(rows.store.usedBytes, 0)
  rows.insert({ time: 7n, bytes: new Uint8Array(1), number: 1 })
  rows.rows.letGo(7n, (ids) => {
    for (const id of ids) rows.remove(id)
  })
  assert.deepEqual([rows.model.size, rows.store.usedBytes], [0, 0])
  assert.deepEqual(rows.rows.buckets.all().length, 1, "its bucket went with it")
})
