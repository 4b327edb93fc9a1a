/**
 * Values with counts, ordered per group: what min and max need when rows can be taken back. One persistent
 * AVL tree over (group, value): an update copies the path to its node, so a snapshot is the root, and old
 * roots stay true. It lives in the JavaScript heap, not in pages; only aggregates over retracting input have
 * one.
 */
import type { Scalar } from "../../columns/types.ts"
import { assert } from "../../std/assert.ts"

export interface MultisetNode {
  readonly group: number
  readonly value: Scalar
  readonly count: number
  readonly left: MultisetNode | null
  readonly right: MultisetNode | null
  readonly height: number
}

/** An estimate for stateBytes: a node, its number and its links. */
const NODE_BYTES = 112

export class OrderedMultiset {
  root: MultisetNode | null = null
  size = 0

  /** Adds the value `weight` times, or takes it away. */
  add(group: number, value: Scalar, weight: number): void {
    this.root = this.#put(this.root, group, normalise(value), weight)
  }

  /** The least or greatest value of a group that has one. */
  extreme(group: number, name: "min" | "max"): Scalar {
    let found: MultisetNode | null = null
    for (let node = this.root; node !== null; ) {
      if (node.group === group) {
        found = node
        node = name === "min" ? node.left : node.right
      } else {
        node = node.group < group ? node.right : node.left
      }
    }
    assert(found !== null, "a group with rows has values in its multiset")
    return found.value
  }

  get bytes(): number {
    return this.size * NODE_BYTES
  }

  #put(node: MultisetNode | null, group: number, value: Scalar, weight: number): MultisetNode | null {
    if (node === null) {
      assert(weight > 0, "a retraction hits a value that is there")
      this.size++
      return { group, value, count: weight, left: null, right: null, height: 1 }
    }
    const order = group - node.group || compareValues(value, node.value)
    if (order < 0) return balance(node, this.#put(node.left, group, value, weight), node.right)
    if (order > 0) return balance(node, node.left, this.#put(node.right, group, value, weight))
    const count = node.count + weight
    assert(count >= 0, "a retraction hits a value that is there")
    if (count > 0) return { ...node, count }
    this.size--
    if (node.left === null) return node.right
    if (node.right === null) return node.left
    const next = leftmost(node.right)
    return balance(next, node.left, withoutLeftmost(node.right))
  }
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

/** PostgreSQL's order: NaN greatest, strings by bytes. Both values have one type. */
export function compareValues(a: Scalar, b: Scalar): number {
  if (typeof a === "string") return compareText(a, b as string)
  if (a instanceof Uint8Array) return compareArrays(a, b as Uint8Array)
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1
  if (Number.isNaN(b)) return -1
  const [x, y] = [a as number, b as number]
  return x < y ? -1 : x > y ? 1 : 0
}

/** By code points, which is the order of the UTF-8 bytes. */
function compareText(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length)
  for (let k = 0; k < shorter; k++) {
    const [x, y] = [a.charCodeAt(k), b.charCodeAt(k)]
    if (x === y) continue
    const [highX, highY] = [x >= 0xd800 && x <= 0xdfff, y >= 0xd800 && y <= 0xdfff]
    return highX === highY ? x - y : highX ? 1 : -1
  }
  return a.length - b.length
}

function compareArrays(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length)
  for (let k = 0; k < shorter; k++) if (a[k] !== b[k]) return a[k]! - b[k]!
  return a.length - b.length
}

function normalise(value: Scalar): Scalar {
  return value === 0 ? 0 : value
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

function link(entry: MultisetNode, left: MultisetNode | null, right: MultisetNode | null): MultisetNode {
  const { group, value, count } = entry
  return { group, value, count, left, right, height: 1 + Math.max(height(left), height(right)) }
}
