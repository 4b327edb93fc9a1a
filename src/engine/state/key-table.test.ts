import assert from "node:assert/strict"
import { test } from "node:test"
import { SeededRandom } from "../../std/random.ts"
import { finishHash, mixWord } from "../code/hashing.ts"
import { highStore } from "../kit/high-store.ts"
import { KeyTable } from "./key-table.ts"
import { SIZE_CLASS } from "./page-format.ts"
import { pageBytes } from "./page-sizes.ts"
import { PageStore } from "./page-store.ts"

const hashOf = new Function("key", `let h = 1; ${mixWord("h", "key", "0")} ${finishHash("h")} return h`) as (
  key: number,
) => number
const utf8 = new TextEncoder()

/** Slots of three words: hash, key, bytes. */
function bytesTable(store = new PageStore(64 << 20)) {
  const table = new KeyTable(store, { strideWords: 3, bytesFields: [2] }, null)
  return { store, table }
}

function put({ store, table }: ReturnType<typeof bytesTable>, key: number, text: string): void {
  const bytes = utf8.encode(text)
  let [address, page] = find(table, store, key)
  if (address === 0) {
    address = table.insert(hashOf(key), bytes.length)
    page = table.page
    store.f64[address + 1] = key
  } else {
    page = table.own(hashOf(key))
    address = find(table, store, key)[0]
  }
  table.storeBytes(page, address, 2, bytes, 0, bytes.length)
}

function find(table: KeyTable, store: PageStore, key: number): [address: number, page: number] {
  let found: [number, number] = [0, 0]
  table.forEachSlot((address, page) => {
    if (store.f64[address + 1] === key) found = [address, page]
  })
  return found
}

function contents(store: PageStore, slots: Iterable<readonly [number, number]>): Map<number, string> {
  const read = new TextDecoder()
  const all = new Map<number, string>()
  for (const [address, page] of slots) {
    const start = page * 8 + store.i32[(address + 2) * 2]!
    const key = store.f64[address + 1]!
    assert.ok(!all.has(key), `key ${key} is there once`)
    all.set(key, read.decode(store.u8.slice(start, start + store.i32[(address + 2) * 2 + 1]!)))
  }
  return all
}

function slotsOf(table: KeyTable): [number, number][] {
  const slots: [number, number][] = []
  table.forEachSlot((address, page) => slots.push([address, page]))
  return slots
}

test("keys with bytes survive growth, splits, overwriting, removal and compaction", () => {
  liveThrough(bytesTable())
})

test("so they do above 2 GB", () => {
  liveThrough(bytesTable(highStore()))
})

function liveThrough(pair: ReturnType<typeof bytesTable>): void {
  const random = new SeededRandom(5)
  const expected = new Map<number, string>()
  for (let step = 0; step < 6_000; step++) {
    const key = random.below(700)
    if (random.below(4) === 0 && expected.has(key)) {
      pair.table.own(hashOf(key))
      const [address, page] = find(pair.table, pair.store, key)
      pair.table.remove(page, address)
      expected.delete(key)
    } else {
      const text = "x".repeat(random.below(step % 500 === 0 ? 30_000 : 300)) + key
      put(pair, key, text)
      expected.set(key, text)
    }
    if (step % 500 !== 0) continue
    assert.deepEqual(
      new Map([...contents(pair.store, slotsOf(pair.table))].sort()),
      new Map([...expected].sort()),
    )
    assert.equal(pair.table.count, expected.size)
  }
  assert.ok(pair.table.pages().length > 4, "the table has split")
}

test("a snapshot stays as it was while the table goes on, and gives its pages back when released", () => {
  const random = new SeededRandom(6)
  const pair = bytesTable()
  for (let key = 0; key < 800; key++) put(pair, key, `first ${key}`)
  const before = new Map([...contents(pair.store, slotsOf(pair.table))].sort())
  const snapshot = pair.table.snapshot()
  const shared = pair.store.usedBytes
  for (let step = 0; step < 800; step++) put(pair, random.below(1_200), "second")
  const frozen = [...snapshot.pages].flatMap((page) =>
    [...snapshot.slotsOf(page)].map((address) => [address, page] as const),
  )
  assert.deepEqual(new Map([...contents(pair.store, frozen)].sort()), before)
  assert.ok(pair.store.usedBytes > shared, "changed pages were copied")
  snapshot[Symbol.dispose]()
  snapshot[Symbol.dispose]()
  const own = [...pair.table.pages()].map((page) => pageBytes(pair.store.i32[page * 2 + SIZE_CLASS]!))
  assert.equal(
    pair.store.usedBytes,
    own.reduce((a, b) => a + b, 0),
    "no page is left over",
  )
})

test("a dropped table leaves nothing in use", () => {
  const pair = bytesTable()
  for (let key = 0; key < 500; key++) put(pair, key, "x".repeat(200))
  pair.table.drop()
  assert.equal(pair.store.usedBytes, 0)
})

test("an entry larger than the largest page is refused with its size", () => {
  const { table } = bytesTable(new PageStore(512 << 20))
  assert.throws(() => table.insert(1, 70_000_000), { code: "state-entry-too-large" })
})

test("a full store says so", () => {
  const pair = bytesTable(new PageStore(100_000))
  assert.throws(
    () => {
      for (let key = 0; key < 5_000; key++) put(pair, key, "x".repeat(100))
    },
    { code: "state-full" },
  )
})

test("sequential and random keys spread over pages and places alike", () => {
  const random = new SeededRandom(9)
  const keys: [string, (k: number) => number][] = [
    ["sequential", (k) => k],
    ["by thousands", (k) => k * 1_000],
    ["random", () => random.uint32() | 0],
    ["high bits only", (k) => k << 16],
  ]
  for (const [name, key] of keys) {
    const [top, bottom] = [new Int32Array(1_024), new Int32Array(1_024)]
    for (let k = 0; k < 65_536; k++) {
      const hash = hashOf(key(k))
      top[hash >>> 22]!++
      bottom[hash & 1_023]!++
    }
    for (const counts of [top, bottom]) {
      // 64 expected per bucket; a uniform hash leaves this range less than once in a million buckets.
      assert.ok(
        Math.max(...counts) < 112 && Math.min(...counts) > 24,
        `${name}: ${Math.min(...counts)} to ${Math.max(...counts)}`,
      )
    }
  }
})
