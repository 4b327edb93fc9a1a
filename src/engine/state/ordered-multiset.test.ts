import assert from "node:assert/strict"
import { test } from "node:test"
import { SeededRandom } from "../../std/random.ts"
import type { MultisetNode } from "./ordered-multiset.ts"
import { compareTuples, compareValues, multisetEntries, OrderedMultiset } from "./ordered-multiset.ts"

function depth(node: MultisetNode | null): number {
  return node === null ? 0 : 1 + Math.max(depth(node.left), depth(node.right))
}

test("values come and go, extremes stay right, the tree stays low, old roots stay as they were", () => {
  const random = new SeededRandom(4)
  const values = new OrderedMultiset()
  const expected = new Map<string, number>()
  let frozen: { root: MultisetNode | null; entries: string[] } = { root: null, entries: [] }
  const show = (root: MultisetNode | null) =>
    [...multisetEntries(root)].map((node) => `${node.group}/${node.value}×${node.count}`)
  for (let step = 0; step < 8_000; step++) {
    const [group, value] = [random.below(5), random.below(400)]
    const key = `${group}/${value}`
    const count = expected.get(key) ?? 0
    const weight = count > 0 && random.below(5) < 3 ? -count : 1
    values.add(group, value, weight)
    if (count + weight === 0) expected.delete(key)
    else expected.set(key, count + weight)
    if (step % 1_000 !== 0) continue
    assert.deepEqual(show(frozen.root), frozen.entries)
    assert.deepEqual(
      show(values.root).sort(),
      [...expected].map(([name, times]) => `${name}×${times}`).sort(),
    )
    assert.equal(values.size, expected.size)
    for (let group = 0; group < 5; group++) {
      const own = [...expected.keys()]
        .filter((name) => name.startsWith(`${group}/`))
        .map((name) => Number(name.slice(2)))
      if (own.length === 0) continue
      assert.equal(values.extreme(group, "min"), Math.min(...own))
      assert.equal(values.extreme(group, "max"), Math.max(...own))
    }
    assert.ok(
      depth(values.root) <= 1.45 * Math.log2(values.size + 2),
      "AVL trees are at most 1.44 log2 n deep",
    )
    frozen = { root: values.root, entries: show(values.root) }
  }
})

test("the k-th value and the first of the most frequent ones are found while values come and go", () => {
  const random = new SeededRandom(11)
  const values = new OrderedMultiset()
  const expected: number[][] = [[], [], []]
  for (let step = 0; step < 3_000; step++) {
    const group = random.below(3)
    const own = expected[group]!
    if (own.length > 0 && random.below(5) < 2) {
      const [gone] = own.splice(random.below(own.length), 1)
      values.add(group, gone!, -1)
    } else {
      const value = random.below(30)
      own.push(value)
      values.add(group, value, 1)
    }
    if (step % 50 !== 0) continue
    for (const [of, all] of expected.entries()) {
      const sorted = all.toSorted((a, b) => a - b)
      assert.equal(values.count(of), sorted.length)
      assert.deepEqual(
        sorted.map((_, place) => values.at(of, place)),
        sorted,
      )
      assert.equal(values.mostFrequent(of), mode(sorted))
      const entries = [...values.entries(of)].flatMap(({ value, count }) => Array(count).fill(value))
      assert.deepEqual(entries, sorted)
    }
  }
})

function mode(sorted: readonly number[]): number | null {
  const counts = sorted.map((value) => sorted.filter((other) => other === value).length)
  return sorted[counts.indexOf(Math.max(...counts))] ?? null
}

test("of rows that only come one value a group is kept", () => {
  const values = new OrderedMultiset()
  for (const value of [5, 3, 9, 3, 4]) {
    values.keep(1, value, "min")
    values.keep(2, value, "max")
    values.replace(3, [value, "counter"])
  }
  assert.equal(values.extreme(1, "min"), 3)
  assert.equal(values.extreme(2, "max"), 9)
  assert.deepEqual(values.only(3), [4, "counter"])
  assert.equal(values.only(4), null)
  assert.equal(values.size, 3)
})

test("tuples are ordered by their items, each in its direction, NULL where it belongs", () => {
  const compare = compareTuples([
    { descending: true, nullsFirst: true },
    { descending: false, nullsFirst: false },
  ])
  const sorted = [
    [null, "a"],
    [2, "a"],
    [2, "b"],
    [2, null],
    [1, "a"],
  ]
  sorted.forEach((a, i) => {
    sorted.forEach((b, j) => {
      assert.equal(Math.sign(compare(a, b)), Math.sign(i - j), `${a} and ${b}`)
    })
  })
})

test("what a value takes in memory is counted and given back", () => {
  const values = new OrderedMultiset(compareTuples([{ descending: false, nullsFirst: false }]))
  const empty = values.bytes
  values.add(1, ["x".repeat(1_000)], 1)
  assert.ok(values.bytes > empty + 2_000)
  values.add(1, ["x".repeat(1_000)], -1)
  assert.equal(values.bytes, empty)
})

test("taking back what is not there is noticed", () => {
  const values = new OrderedMultiset()
  values.add(1, "a", 1)
  assert.throws(() => values.add(1, "b", -1), /a retraction hits a value that is there/)
  assert.throws(() => values.add(1, "a", -2), /a retraction hits a value that is there/)
})

test("values are in PostgreSQL's order", () => {
  const sorted = [
    [Number.NEGATIVE_INFINITY, -1, 0, 2, Number.POSITIVE_INFINITY, Number.NaN],
    ["", "A", "a", "aa", "é", "\uFFFD", "\u{1F600}"],
    [-5n, 0n, 2n ** 100n],
    [Uint8Array.of(), Uint8Array.of(1), Uint8Array.of(1, 0), Uint8Array.of(200)],
  ]
  for (const values of sorted) {
    values.forEach((a, i) => {
      values.forEach((b, j) => {
        assert.equal(Math.sign(compareValues(a, b)), Math.sign(i - j), `${String(a)} and ${String(b)}`)
      })
    })
  }
})
