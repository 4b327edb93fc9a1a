import assert from "node:assert/strict"
import { test } from "node:test"
import { SeededRandom } from "../../std/random.ts"
import type { MultisetNode } from "./ordered-multiset.ts"
import { compareValues, multisetEntries, OrderedMultiset } from "./ordered-multiset.ts"

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
