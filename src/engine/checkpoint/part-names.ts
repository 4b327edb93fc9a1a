/**
 * An engine that is split by key has the state of each of its parts in one checkpoint: the first part's under
 * the names that an engine of one part would give them, the others' behind a prefix with their number. Pages
 * of all parts have keys of their own: those of part `index` of `count` are `index`, modulo `count`.
 */
import type { PartOf } from "../graph/placement.ts"

export function nameInCheckpoint(name: string, index: number): string {
  return index === 0 ? name : `$part/${index}/${name}`
}

/** Of a name in a checkpoint: which part's it is, and what that part calls it. */
export function nameInPart(name: string): { readonly index: number; readonly name: string } {
  const match = /^\$part\/(\d+)\/(.*)$/s.exec(name)
  return match === null ? { index: 0, name } : { index: Number(match[1]), name: match[2]! }
}

export function keyInCheckpoint(key: number, { index, count }: PartOf): number {
  return key * count + index
}

export function keyInPart(key: number, { index, count }: PartOf): number {
  return (key - index) / count
}
