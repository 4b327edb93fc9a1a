import assert from "node:assert/strict"
import { test } from "node:test"
import type { LogicalType, Scalar } from "../../columns/types.ts"
import { BYTES, decimal, FLOAT64, INT32, INT64, STRING } from "../../columns/types.ts"
import { SeededRandom } from "../../std/random.ts"
import { keepingNothing, MemorySpill } from "../kit/memory-spill.ts"
import { adopted, imagesOf } from "../kit/page-images.ts"
import { copyEntries } from "../resharding/entries.ts"
import { type MultisetItem, OrderedMultiset } from "./ordered-multiset.ts"
import { PageStore } from "./page-store.ts"

const STATE_BYTES = 64 << 20
const GROUPS = 5

const item = (type: LogicalType, parts: Partial<MultisetItem> = {}): MultisetItem => {
  return { type, nullable: false, descending: false, nullsFirst: false, ...parts }
}

/** Values of groups, each as often as it is there, in order. */
class Model {
  readonly #groups = Array.from({ length: GROUPS }, () => new Map<number, number>())

  of(group: number): readonly (readonly [value: number, count: number])[] {
    return [...this.#groups[group]!].sort(([a], [b]) => a - b)
  }

  add(group: number, value: number, weight: number): void {
    const values = this.#groups[group]!
    const count = (values.get(value) ?? 0) + weight
    if (count === 0) values.delete(value)
    else values.set(value, count)
  }

  countOf(group: number, value: number): number {
    return this.#groups[group]!.get(value) ?? 0
  }
}

function check(values: OrderedMultiset, model: Model, random: SeededRandom): void {
  for (let group = 0; group < GROUPS; group++) {
    const expected = model.of(group)
    assert.deepEqual(
      [...values.entries(group)],
      expected.map(([value, count]) => ({ items: [value], count })),
    )
    const total = expected.reduce((sum, [, count]) => sum + count, 0)
    assert.equal(values.count(group), total)
    assert.equal(values.entryCount(group), expected.length)
    if (total === 0) {
      assert.equal(values.mostFrequent(group), null)
      continue
    }
    assert.deepEqual(values.extreme(group, "min"), [expected[0]![0]])
    assert.deepEqual(values.extreme(group, "max"), [expected.at(-1)![0]])
    const most = Math.max(...expected.map(([, count]) => count))
    assert.deepEqual(values.mostFrequent(group), [expected.find(([, count]) => count === most)![0]])
    const all = expected.flatMap(([value, count]) => Array<number>(count).fill(value))
    const places = [0, total - 1, ...Array.from({ length: 20 }, () => random.below(total))]
    for (const place of places) assert.deepEqual(values.at(group, place), [all[place]])
  }
}

function liveThrough(store: PageStore, different: number): void {
  const random = new SeededRandom(4)
  const values = new OrderedMultiset(store, [item(INT32)])
  const model = new Model()
  const change = (steps: number) => {
    for (let step = 0; step < steps; step++) {
      // One group is much larger than the others: pages of its own, and a part of two.
      const group = random.below(3) === 0 ? random.below(GROUPS) : 2
      const value = random.below(different) - (different >> 1)
      const count = model.countOf(group, value)
      const weight = count > 0 && random.below(5) < 2 ? -1 - random.below(count) : 1 + random.below(3)
      values.add(group, value, weight)
      model.add(group, value, weight)
      store.relieve()
    }
  }
  check(values, model, random)
  for (let round = 0; round < 4; round++) {
    change(4_000)
    check(values, model, random)
  }
  using snapshot = values.table.snapshot()
  const images = imagesOf(store, snapshot.pages)
  const before = Array.from({ length: GROUPS }, (_, group) => [...values.entries(group)])
  change(2_000)
  const twin = new OrderedMultiset(store, [item(INT32)])
  twin.table.adopt(adopted(store, images, snapshot), snapshot.count)
  assert.deepEqual(
    before,
    before.map((_, group) => [...twin.entries(group)]),
  )
  check(values, model, random)
  const odd = new OrderedMultiset(store, [item(INT32)])
  copyEntries(values.table, odd.table, (entry) => values.groupOf(entry) % 2 === 1)
  before.forEach((_, group) => {
    assert.deepEqual([...odd.entries(group)], group % 2 === 1 ? [...values.entries(group)] : [])
  })
  values.table.drop()
  twin.table.drop()
  odd.table.drop()
}

test("values come and go, and each is found by its place", () => {
  for (const different of [30, 400, 20_000]) liveThrough(new PageStore(STATE_BYTES), different)
})

test("so they do while pages leave memory whenever they may", () => {
  const file = new MemorySpill()
  const store = new PageStore(STATE_BYTES, keepingNothing(() => file).spill)
  liveThrough(store, 20_000)
  assert.ok(file.reads > 1_000)
  assert.equal(store.usedBytes, 0, "all pages were given back")
})

test("every place of a group that begins and ends inside of pages", () => {
  const values = new OrderedMultiset(new PageStore(STATE_BYTES), [item(INT32)])
  const sizes = [1, 9_000, 3, 20_000, 1]
  sizes.forEach((size, group) => {
    for (let value = 0; value < size; value++) values.add(group, value, 1 + (value & 1))
  })
  sizes.forEach((size, group) => {
    const all = Array.from({ length: size }, (_, value) => Array<number>(1 + (value & 1)).fill(value)).flat()
    assert.equal(values.count(group), all.length)
    all.forEach((value, place) => {
      assert.equal(values.at(group, place)[0], value)
    })
  })
})

test("a group is read while others are", () => {
  const values = new OrderedMultiset(new PageStore(STATE_BYTES), [item(INT32)])
  for (let group = 1; group < 4; group++) for (let value = 0; value < 50; value++) values.add(group, value, 1)
  let seen = 0
  for (const { items } of values.entries(2)) {
    assert.equal(items[0], seen++)
    assert.equal(values.count(1), 50)
    assert.deepEqual(values.at(3, 7), [7])
  }
  assert.equal(seen, 50)
})

test("a group that has no value, beside others and alone", () => {
  const values = new OrderedMultiset(new PageStore(STATE_BYTES), [item(INT32)])
  const isEmpty = (group: number) => {
    assert.equal(values.count(group), 0)
    assert.deepEqual([...values.entries(group)], [])
    assert.equal(values.mostFrequent(group), null)
    assert.throws(() => values.extreme(group, "min"), /a group with rows has values/)
  }
  isEmpty(1)
  values.add(2, 7, 1)
  for (const group of [1, 3]) isEmpty(group)
  values.add(2, 7, -1)
  isEmpty(2)
})

test("of rows that only come one value a group is kept", () => {
  const values = new OrderedMultiset(new PageStore(STATE_BYTES), [item(INT32)])
  for (const value of [5, 3, 9, 3, 4]) {
    values.keep(1, value, "min")
    assert.equal(values.count(2), value === 5 ? 0 : 1)
    values.keep(2, value, "max")
    assert.equal(values.count(2), 1)
  }
  assert.deepEqual([...values.entries(1)], [{ items: [3], count: 1 }])
  assert.deepEqual([...values.entries(2)], [{ items: [9], count: 1 }])
})

test("tuples are ordered by their items, each in its direction, NULL where it belongs", () => {
  const items = [
    item(INT32, { nullable: true, descending: true, nullsFirst: true }),
    item(STRING, { nullable: true }),
  ]
  const sorted: (readonly Scalar[])[] = [
    [null, "a"],
    [2, "a"],
    [2, "b"],
    [2, null],
    [1, "a"],
  ]
  for (const order of [sorted, sorted.toReversed(), sorted.toSorted(() => -1)]) {
    const values = new OrderedMultiset(new PageStore(STATE_BYTES), items)
    for (const tuple of order) values.add(1, tuple, 1)
    assert.deepEqual(
      Array.from(values.entries(1), (entry) => entry.items),
      sorted,
    )
  }
})

test("an item is counted whatever stands beside it", () => {
  const values = new OrderedMultiset(new PageStore(STATE_BYTES), [item(STRING), item(FLOAT64)])
  assert.equal(values.countFirst(1, "a", 8), false)
  values.add(1, ["a", 3], 4)
  values.add(1, ["ab", 0], 1)
  assert.equal(values.count(1), 5)
  assert.equal(values.countFirst(1, "a", 8), true)
  assert.equal(values.count(1), 6)
  assert.equal(values.countFirst(2, "a", 8), false)
  assert.deepEqual(
    [...values.entries(1)],
    [
      { items: ["a", 3], count: 5 },
      { items: ["ab", 0], count: 1 },
    ],
  )
  assert.deepEqual(values.removeLeastFrequent(1), { items: ["ab", 0], count: 1 })
  assert.deepEqual([values.entryCount(1), values.count(1)], [1, 5])
})

test("taking back what is not there is noticed", () => {
  const ofTexts = () => new OrderedMultiset(new PageStore(STATE_BYTES), [item(STRING)])
  const values = ofTexts()
  values.add(1, "a", 1)
  assert.throws(() => values.add(1, "a", -2), /a retraction hits a value that is there/)
  assert.throws(() => ofTexts().add(1, "b", -1), /a retraction hits a value that is there/)
})

test("values are in PostgreSQL's order, and -0 is 0", () => {
  const sorted: readonly (readonly [LogicalType, readonly Scalar[]])[] = [
    [FLOAT64, [Number.NEGATIVE_INFINITY, -1, 0, 2, Number.POSITIVE_INFINITY, Number.NaN]],
    [STRING, ["", "A", "a", "aa", "é", "\uFFFD", "\u{1F600}"]],
    [INT64, [-(2n ** 63n), -5n, 0n, 2n ** 63n - 1n]],
    [decimal(38, 2), [-5n, 0n, 2n ** 100n]],
    [BYTES, [Uint8Array.of(), Uint8Array.of(0), Uint8Array.of(0, 1), Uint8Array.of(1), Uint8Array.of(200)]],
  ]
  for (const [type, all] of sorted) {
    const values = new OrderedMultiset(new PageStore(STATE_BYTES), [item(type)])
    for (const value of all.toReversed()) values.add(1, value, 1)
    assert.deepEqual(
      Array.from(values.entries(1), ({ items }) => items[0]),
      all,
    )
  }
  const zeros = new OrderedMultiset(new PageStore(STATE_BYTES), [item(FLOAT64)])
  zeros.add(1, -0, 1)
  zeros.add(1, 0, 1)
  assert.deepEqual([...zeros.entries(1)], [{ items: [0], count: 2 }])
})
