/**
 * Values with counts, ordered per group: what min and max need when rows can be taken back, and what lists,
 * percentiles and modes are made of. One persistent AVL tree over (group, value): an update copies the path
 * to its node, so a snapshot is the root, and old roots stay true. It lives in the JavaScript heap, not in
 * pages.
 *
 * A value is a scalar or a tuple. Nodes know the sum and the greatest of the counts below them, so that the
 * k-th value and the most frequent one are found by going down.
 */
import type { Scalar } from "../../columns/types.ts"
import { compareBytes, compareText } from "../../expr/values/compare.ts"
import { assert } from "../../std/assert.ts"

export type Held = Scalar | readonly Scalar[]
export type CompareHeld = (a: Held, b: Held) => number

export interface MultisetNode {
  readonly group: number
  readonly value: Held
  readonly count: number
  readonly left: MultisetNode | null
  readonly right: MultisetNode | null
  readonly height: number
  /** Sum and maximum of the counts in this subtree. */
  readonly total: number
  readonly most: number
}

/** Estimates for stateBytes: a node with its numbers and links; a value in a tuple; a character of text. */
const NODE_BYTES = 128
const ITEM_BYTES = 24

export class OrderedMultiset {
  root: MultisetNode | null = null
  size = 0
  readonly #compare: CompareHeld
  #valueBytes = 0

  constructor(compare: CompareHeld = compareHeld) {
    this.#compare = compare
  }

  /** Adds the value `weight` times, or takes it away. */
  add(group: number, value: Held, weight: number): void {
    this.root = this.#put(this.root, group, normalise(value), weight)
  }

  /** Keeps one value a group, the least or the greatest of those that came: for rows that only come. */
  keep(group: number, value: Held, name: "min" | "max"): void {
    const kept = this.#first(group, name)
    const held = normalise(value)
    if (kept !== null) {
      const order = this.#compare(held, kept.value)
      if (name === "min" ? order >= 0 : order <= 0) return
      this.root = this.#put(this.root, group, kept.value, -kept.count)
    }
    this.root = this.#put(this.root, group, held, 1)
  }

  /** For groups that have one value each: the value, null when there is none. */
  only(group: number): Held {
    return this.#first(group, "min")?.value ?? null
  }

  /** For groups that have one value each: takes the place of the one before. */
  replace(group: number, value: Held): void {
    const before = this.#first(group, "min")
    if (before !== null) this.root = this.#put(this.root, group, before.value, -1)
    this.root = this.#put(this.root, group, value, 1)
  }

  /** The least or greatest value of a group that has one. */
  extreme(group: number, name: "min" | "max"): Held {
    const found = this.#first(group, name)
    assert(found !== null, "a group with rows has values in its multiset")
    return found.value
  }

  /** How many values the group has, each as often as it was added. */
  count(group: number): number {
    return totalBefore(this.root, group + 1) - totalBefore(this.root, group)
  }

  /** The value at position `place` of the group's values in order, from 0. */
  at(group: number, place: number): Held {
    let rest = totalBefore(this.root, group) + place
    for (let node = this.root; node !== null; ) {
      const before = node.left?.total ?? 0
      if (rest < before) {
        node = node.left
      } else if (rest < before + node.count) {
        assert(node.group === group, "the place is inside the group")
        return node.value
      } else {
        rest -= before + node.count
        node = node.right
      }
    }
    throw new RangeError(`group ${group} has no value at ${place}`)
  }

  /** The first in order of the values with the greatest count, null when the group has none. */
  mostFrequent(group: number): Held {
    let best: MultisetNode | null = null
    const visit = (node: MultisetNode | null): void => {
      if (node === null || node.most <= (best?.count ?? 0)) return
      if (node.group >= group) visit(node.left)
      if (node.group === group && node.count > (best?.count ?? 0)) best = node
      if (node.group <= group) visit(node.right)
    }
    visit(this.root)
    return best === null ? null : (best as MultisetNode).value
  }

  /** The group's values in order. */
  *entries(group: number): Generator<MultisetNode> {
    yield* entriesOf(this.root, group)
  }

  get bytes(): number {
    return this.size * NODE_BYTES + this.#valueBytes
  }

  #first(group: number, name: "min" | "max"): MultisetNode | null {
    let found: MultisetNode | null = null
    for (let node = this.root; node !== null; ) {
      if (node.group === group) {
        found = node
        node = name === "min" ? node.left : node.right
      } else {
        node = node.group < group ? node.right : node.left
      }
    }
    return found
  }

  #put(node: MultisetNode | null, group: number, value: Held, weight: number): MultisetNode | null {
    if (node === null) {
      assert(weight > 0, "a retraction hits a value that is there")
      this.size++
      this.#valueBytes += bytesOf(value)
      return link({ group, value, count: weight }, null, null)
    }
    const order = group - node.group || this.#compare(value, node.value)
    if (order < 0) return balance(node, this.#put(node.left, group, value, weight), node.right)
    if (order > 0) return balance(node, node.left, this.#put(node.right, group, value, weight))
    const count = node.count + weight
    assert(count >= 0, "a retraction hits a value that is there")
    if (count > 0) return link({ group, value: node.value, count }, node.left, node.right)
    this.size--
    this.#valueBytes -= bytesOf(node.value)
    if (node.left === null) return node.right
    if (node.right === null) return node.left
    const next = leftmost(node.right)
    return balance(next, node.left, withoutLeftmost(node.right))
  }
}

/** Sum of the counts of all groups before this one. */
function totalBefore(root: MultisetNode | null, group: number): number {
  let total = 0
  for (let node = root; node !== null; ) {
    if (node.group < group) {
      total += (node.left?.total ?? 0) + node.count
      node = node.right
    } else node = node.left
  }
  return total
}

function* entriesOf(node: MultisetNode | null, group: number): Generator<MultisetNode> {
  if (node === null) return
  if (node.group >= group) yield* entriesOf(node.left, group)
  if (node.group === group) yield node
  if (node.group <= group) yield* entriesOf(node.right, group)
}

/** In order; a snapshot's root stays as it was while this runs. */
export function* multisetEntries(root: MultisetNode | null): Generator<MultisetNode> {
  const path: MultisetNode[] = []
  let node = root
  while (node !== null || path.length > 0) {
    for (; node !== null; node = node.left) path.push(node)
    const next = path.pop()!
    yield next
    node = next.right
  }
}

function compareHeld(a: Held, b: Held): number {
  return compareValues(a as Scalar, b as Scalar)
}

export interface Direction {
  readonly descending: boolean
  readonly nullsFirst: boolean
}

/** Tuples by their items, from the left; NULL where its item's direction has it. */
export function compareTuples(directions: readonly Direction[]): CompareHeld {
  return (a, b) => {
    const [left, right] = [a as readonly Scalar[], b as readonly Scalar[]]
    for (let k = 0; k < directions.length; k++) {
      const { descending, nullsFirst } = directions[k]!
      const [x, y] = [left[k]!, right[k]!]
      if (x === null || y === null) {
        if (x === y) continue
        return (x === null) === nullsFirst ? -1 : 1
      }
      const order = compareValues(x, y)
      if (order !== 0) return descending ? -order : order
    }
    return 0
  }
}

/** PostgreSQL's order: NaN greatest, strings by bytes. Both values have one type. */
export function compareValues(a: Scalar, b: Scalar): number {
  if (typeof a === "string") return compareText(a, b as string)
  if (a instanceof Uint8Array) return compareBytes(a, b as Uint8Array)
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1
  if (Number.isNaN(b)) return -1
  const [x, y] = [a as number, b as number]
  return x < y ? -1 : x > y ? 1 : 0
}

/** -0 is 0. */
function normalise(value: Held): Held {
  if (Array.isArray(value)) return value.map((item: Scalar) => (item === 0 ? 0 : item))
  return value === 0 ? 0 : value
}

function bytesOf(value: Held): number {
  if (typeof value === "string") return value.length * 2
  if (value instanceof Uint8Array) return value.length
  if (!Array.isArray(value)) return 0
  return value.reduce<number>((sum, item: Scalar) => sum + ITEM_BYTES + bytesOf(item), 0)
}

function leftmost(node: MultisetNode): MultisetNode {
  let at = node
  while (at.left !== null) at = at.left
  return at
}

function withoutLeftmost(node: MultisetNode): MultisetNode | null {
  return node.left === null ? node.right : balance(node, withoutLeftmost(node.left), node.right)
}

function height(node: MultisetNode | null): number {
  return node === null ? 0 : node.height
}

/** `entry` with these children, whose heights differ by two at most. */
function balance(entry: MultisetNode, left: MultisetNode | null, right: MultisetNode | null): MultisetNode {
  if (height(left) > height(right) + 1) {
    assert(left !== null, "the higher side exists")
    if (height(left.left) >= height(left.right)) return link(left, left.left, link(entry, left.right, right))
    const middle = left.right!
    return link(middle, link(left, left.left, middle.left), link(entry, middle.right, right))
  }
  if (height(right) > height(left) + 1) {
    assert(right !== null, "the higher side exists")
    if (height(right.right) >= height(right.left))
      return link(right, link(entry, left, right.left), right.right)
    const middle = right.left!
    return link(middle, link(entry, left, middle.left), link(right, middle.right, right.right))
  }
  return link(entry, left, right)
}

interface Entry {
  readonly group: number
  readonly value: Held
  readonly count: number
}

function link(
  { group, value, count }: Entry,
  left: MultisetNode | null,
  right: MultisetNode | null,
): MultisetNode {
  return {
    group,
    value,
    count,
    left,
    right,
    height: 1 + Math.max(height(left), height(right)),
    total: count + (left?.total ?? 0) + (right?.total ?? 0),
    most: Math.max(count, left?.most ?? 0, right?.most ?? 0),
  }
}
