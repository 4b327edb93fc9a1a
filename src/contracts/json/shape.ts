/**
 * A shape is how one producer writes its rows: the order of the keys and the exact bytes around them.
 *
 *   {"auction":1000,"bidder":2001}
 *   ^^^^^^^^^^^    ^^^^^^^^^^     ^      before the first value, before the second, the tail
 *
 * Rows of one shape differ only in their values, and in members that are sometimes left out.
 */
import { MAX_SHAPE_BYTES, MAX_SHAPE_MEMBERS } from "./limits.ts"
import type { Member } from "./row-reader.ts"

export interface ShapeMember {
  /** Position of the field; -1 for a key that the contract does not name, whose value is skipped. */
  readonly field: number
  /** The bytes between the value before, or the row's start, and this value. */
  readonly before: Uint8Array
  /** Not every row has it. */
  readonly optional: boolean
}

export interface Shape {
  readonly members: readonly ShapeMember[]
  /** From the last value to the row's end. */
  readonly tail: Uint8Array
}

export interface WrittenRow {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
  readonly members: readonly Member[]
  readonly memberCount: number
}

/** A number that is equal for rows of one shape; null when such rows are not worth learning. */
export function hashShape({ bytes, start, end, members, memberCount }: WrittenRow): number | null {
  if (memberCount === 0 || memberCount > MAX_SHAPE_MEMBERS || memberCount > members.length) return null
  let hash = memberCount
  let at = start
  let size = 0
  for (let i = 0; i <= memberCount; i++) {
    const member = i < memberCount ? members[i]! : null
    const until = member === null ? end : member.start
    size += until - at
    if (size > MAX_SHAPE_BYTES) return null
    for (; at < until; at++) {
      if (bytes[at] === 0x0a) return null // a shape never reaches over the end of a line
      hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
    }
    if (member !== null) at = member.end
    hash = Math.imul(hash ^ 0x100, 0x01000193)
  }
  return hash
}

/** The shape of a row; null when it has a key twice. */
export function shapeOf({ bytes, start, end, members, memberCount }: WrittenRow): Shape | null {
  const seen = new Set<number>()
  const found: ShapeMember[] = []
  let at = start
  for (const member of members.slice(0, memberCount)) {
    if (member.field >= 0 && seen.has(member.field)) return null
    seen.add(member.field)
    found.push({ field: member.field, before: bytes.slice(at, member.start), optional: false })
    at = member.end
  }
  return { members: found, tail: bytes.slice(at, end) }
}

/**
 * One shape for rows of both, when they differ only by members that one of them lacks and the contract lets
 * producers leave out; null when they do not.
 */
export function mergeShapes(a: Shape, b: Shape, mayLack: (field: number) => boolean): Shape | null {
  if (!equal(a.tail, b.tail) || !sameMember(a.members[0]!, b.members[0]!)) return null
  const merged: ShapeMember[] = []
  let [i, j] = [0, 0]
  while (i < a.members.length || j < b.members.length) {
    const left = a.members[i]
    const right = b.members[j]
    if (left !== undefined && right !== undefined && sameMember(left, right)) {
      merged.push({ ...left, optional: left.optional || right.optional })
      i++
      j++
    } else if (
      left !== undefined &&
      mayLack(left.field) &&
      !b.members.some((other) => sameMember(left, other))
    ) {
      merged.push({ ...left, optional: true })
      i++
    } else if (
      right !== undefined &&
      mayLack(right.field) &&
      !a.members.some((other) => sameMember(right, other))
    ) {
      merged.push({ ...right, optional: true })
      j++
    } else {
      return null
    }
  }
  return merged.length > MAX_SHAPE_MEMBERS ? null : { members: merged, tail: a.tail }
}

function sameMember(a: ShapeMember, b: ShapeMember): boolean {
  return a.field === b.field && equal(a.before, b.before)
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}
