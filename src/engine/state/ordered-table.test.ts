/** An ordered table against a sorted Map, and rows as byte strings against SQL's order. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { readRow } from "../../columns/scalar.ts"
import type { Column, Scalar } from "../../columns/types.ts"
import { BOOLEAN, BYTES, decimal, FLOAT64, INT32, INT64, STRING, TIMESTAMP } from "../../columns/types.ts"
import { SeededRandom } from "../../std/random.ts"
import type { OrderSpec } from "../dataflow.ts"
import { batchOf, rowKey } from "../kit/batches.ts"
import { highStore } from "../kit/high-store.ts"
import { keepingNothing, MemorySpill } from "../kit/memory-spill.ts"
import { adopted, imagesOf } from "../kit/page-images.ts"
import { RowBuilder } from "../operators/row-builder.ts"
import { OrderedRowCodec } from "./ordered-row.ts"
import { OrderedTable } from "./ordered-table.ts"
import { PageStore } from "./page-store.ts"

const STATE_BYTES = 64 << 20

function entriesOf(table: OrderedTable): [string, number][] {
  const found: [string, number][] = []
  for (const at = table.first(); at.valid; at.next()) {
    found.push([Buffer.from(at.bytes()).toString("latin1"), at.weight])
  }
  return found
}

test("entries come and go in order, across pages that split, and a snapshot stays as it was", () => {
  liveThrough(new PageStore(STATE_BYTES))
})

test("so they do while pages leave memory whenever they may", () => {
  const file = new MemorySpill()
  const { spill } = keepingNothing(() => file)
  const store = new PageStore(STATE_BYTES, spill)
  liveThrough(store)
  assert.ok(file.reads > 1_000)
  store.relieve()
  assert.equal(store.usedBytes, 0, "all pages can leave")
})

test("so they do above 2 GB", () => {
  liveThrough(highStore())
})

test("pages that only a snapshot holds leave memory too, and it reads them as they were", () => {
  // Nothing leaves before it is asked to, so that the table copies its pages while they are in memory.
  const spill = { openFile: () => new MemorySpill(), keepBytes: 0, crowdedBytes: STATE_BYTES }
  const store = new PageStore(STATE_BYTES, spill)
  const table = new OrderedTable(store)
  const row = (k: number, text: string) => Buffer.from(`${String(k).padStart(4, "0")} ${text}`)
  const rows = Array.from({ length: 2_000 }, (_, k) => row(k, "as it was ".repeat(10)))
  for (const bytes of rows) table.add(bytes, bytes.length, 1)
  using snapshot = table.snapshot()
  for (const bytes of rows) table.add(bytes, bytes.length, 1)
  store.relieve()
  assert.equal(store.usedBytes, 0)
  const twin = new OrderedTable(store)
  twin.adopt(adopted(store, imagesOf(store, snapshot.pages), snapshot), snapshot.count)
  assert.deepEqual(new Set(entriesOf(twin).map(([, weight]) => weight)), new Set([1]))
  assert.deepEqual(new Set(entriesOf(table).map(([, weight]) => weight)), new Set([2]))
})

function liveThrough(store: PageStore): void {
  const random = new SeededRandom(3)
  const table = new OrderedTable(store)
  const oracle = new Map<string, number>()
  const sorted = () => [...oracle].sort(([a], [b]) => (a < b ? -1 : 1))
  const change = () => {
    const length = random.below(40) === 0 ? 3_000 + random.below(9_000) : 1 + random.below(12)
    const end = String.fromCharCode(...Array.from({ length }, () => random.below(4) * 85))
    // Longer than what is known of a page that is out.
    const text = (random.below(3) === 0 ? "same ".repeat(60) : "") + end
    const weight = random.below(3) === 0 ? 0 - (oracle.get(text) ?? 0) : 1 + random.below(3)
    const sum = (oracle.get(text) ?? 0) + weight
    if (sum === 0) oracle.delete(text)
    else oracle.set(text, sum)
    assert.equal(table.add(Buffer.from(text, "latin1"), text.length, weight), sum)
  }
  for (let round = 0; round < 4_000; round++) change()
  assert.deepEqual(entriesOf(table), sorted())
  assert.equal(table.count, oracle.size)
  const before = sorted()
  const snapshot = table.snapshot()
  const images = imagesOf(store, snapshot.pages)
  for (let round = 0; round < 4_000; round++) change()
  const twin = new OrderedTable(store)
  assert.deepEqual(imagesOf(store, snapshot.pages), images)
  twin.adopt(adopted(store, images, snapshot), snapshot.count)
  assert.deepEqual(entriesOf(twin), before)
  checkTotals(twin)
  assert.deepEqual(entriesOf(table), sorted())
  const bound = Buffer.from(sorted()[oracle.size >> 1]![0], "latin1")
  table.removeBelow(bound, bound.length)
  assert.deepEqual(entriesOf(table), sorted().slice(oracle.size >> 1))
  checkTotals(table)
  snapshot[Symbol.dispose]()
}

/** What is known of pages without a look into them. */
function checkTotals(table: OrderedTable): void {
  const { totals, mosts, length } = table.pageList
  assert.deepEqual([totals.length, mosts.length], [length, length])
  const found = totals.map((_, index) => table.weightOf(index, 0, table.pageList.entries(index)))
  assert.deepEqual(totals, found)
  mosts.forEach((most, index) => {
    const greatest = table.firstOfMost(index, 0, table.pageList.entries(index)).weight
    assert.ok(most === 0 || most === greatest, `${most} is ${greatest}`)
    assert.equal(table.mostOf(index), greatest)
  })
}

test("the greatest weight of a page is known until it gets less", () => {
  const table = new OrderedTable(new PageStore(STATE_BYTES))
  const add = (name: string, weight: number) => table.add(Buffer.from(name), name.length, weight)
  const { mosts } = table.pageList
  add("b", 2)
  add("a", 5)
  assert.deepEqual(mosts, [5])
  add("b", 4)
  assert.deepEqual(mosts, [6])
  add("b", -3)
  assert.deepEqual(mosts, [0])
  add("c", 1)
  assert.deepEqual([mosts[0], table.mostOf(0), mosts[0]], [0, 5, 5])
  assert.deepEqual(table.firstOfMost(0, 1, 3), { page: 0, slot: 1, weight: 3 })
})

test("an entry is there more often than 32 bits can say, or less", () => {
  const table = new OrderedTable(new PageStore(STATE_BYTES))
  const row = Buffer.from("row")
  let sum = 0
  for (const weight of [2 ** 31, 2 ** 33 + 7, -(2 ** 40), -5, 2 ** 52, -(2 ** 52), 1]) {
    sum += weight
    assert.equal(table.add(row, row.length, weight), sum)
    assert.equal(table.first().weight, sum)
    assert.deepEqual(table.pageList.totals, [sum])
  }
  assert.equal(table.add(row, row.length, -sum), 0)
  assert.equal(table.count, 0)
})

const COLUMNS: readonly Column[] = [
  { name: "i", type: INT32, nullable: true },
  { name: "l", type: INT64, nullable: false },
  { name: "d", type: decimal(30, 2), nullable: true },
  { name: "f", type: FLOAT64, nullable: true },
  { name: "s", type: STRING, nullable: true },
  { name: "b", type: BYTES, nullable: false },
  { name: "t", type: TIMESTAMP, nullable: true },
  { name: "o", type: BOOLEAN, nullable: true },
]

const LONG = Array.from({ length: 40 }, (_, k) => (k % 7) * 42)

/** In PostgreSQL's ascending order. */
const VALUES: readonly (readonly Scalar[])[] = [
  [-(2 ** 31), -1, 0, 7, 2 ** 31 - 1],
  [-(2n ** 63n), -1n, 0n, 2n ** 40n, 2n ** 63n - 1n],
  [-(10n ** 29n), -1n, 0n, 2n ** 64n, 10n ** 29n],
  [Number.NEGATIVE_INFINITY, -1.5, 0, 1e-300, 3, Number.POSITIVE_INFINITY, Number.NaN],
  ["", "\0", "\0a", "a", "a\0", `a\0${"long".repeat(9)}`, "ab", "ab".repeat(20), "ü", "日"],
  [[], [0], [0, 255], [1], [1, 0, ...LONG], [1, 255, ...LONG], [255]].map((bytes) => Uint8Array.from(bytes)),
  [-1n, 0n, 1n],
  [false, true],
]

test("encoded rows compare as SQL orders them, by each type, direction and place of NULL", () => {
  for (const [column, values] of VALUES.entries()) {
    for (const descending of [false, true]) {
      for (const nullsFirst of [false, true]) {
        const order: OrderSpec[] = [{ column: 0, descending, nullsFirst }]
        const own = COLUMNS[column]!
        const codec = new OrderedRowCodec([own], [], order, 1)
        const wanted = descending ? values.toReversed() : [...values]
        if (own.nullable) wanted.splice(nullsFirst ? 0 : wanted.length, 0, null)
        const batch = batchOf(
          [own],
          wanted.map((value) => [value]),
        )
        codec.begin(batch)
        const texts = wanted.map((_, row) => {
          codec.encode(row)
          return Buffer.from(codec.bytes.subarray(0, codec.length))
        })
        assert.deepEqual(texts.toSorted(Buffer.compare), texts, `${own.name} ${descending} ${nullsFirst}`)
      }
    }
  }
})

test("a row can be had back from its bytes, whatever is partition and order", () => {
  const random = new SeededRandom(11)
  const pick = (k: number): Scalar =>
    COLUMNS[k]!.nullable && random.below(4) === 0 ? null : VALUES[k]![random.below(VALUES[k]!.length)]!
  for (let round = 0; round < 300; round++) {
    const row = COLUMNS.map((_, k) => pick(k))
    const partition = COLUMNS.map((_, k) => k).filter(() => random.below(3) === 0)
    const order = Array.from({ length: random.below(4) }, () => ({
      column: random.below(COLUMNS.length),
      descending: random.below(2) === 0,
      nullsFirst: random.below(2) === 0,
    }))
    const codec = new OrderedRowCodec(COLUMNS, partition, order, order.length)
    codec.begin(batchOf(COLUMNS, [row]))
    codec.encode(0)
    const builder = new RowBuilder(COLUMNS.map(({ type }) => type))
    codec.decode(codec.bytes, 0, builder.columns, 0)
    builder.length = 1
    assert.equal(rowKey(readRow(builder.take(false)!, 0)), rowKey(row))
    assert.equal(codec.partitionLengthOf(codec.bytes, 0), codec.partitionLength)
  }
})
