/** Ids of a batch's rows as slices of bytes, hashed once for every table that they are looked up in. */
import { assert } from "../../std/assert.ts"
import type { IdColumn } from "./id-table.ts"

export function idColumn(
  count: number,
  { bytes, starts, ends }: Pick<IdColumn, "bytes" | "starts" | "ends">,
): IdColumn {
  const hashes = new Int32Array(count)
  for (let row = 0; row < count; row++)
    hashes[row] = hashOf(bytes, starts[row] as number, ends[row] as number)
  return { count, bytes, starts, ends, hashes }
}

/** FNV-1a over the bytes, then MurmurHash3's finaliser, since tables take the low bits. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  assert(start <= end, "an id is never null")
  let hash = 0x811c9dc5 | 0
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/** Tells the first row with an id from its later copies in the same column. */
export class FirstRows {
  readonly #ids: IdColumn
  /** Row + 1 by hash. */
  readonly #slots: Int32Array

  constructor(ids: IdColumn) {
    this.#ids = ids
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * ids.count + 1)))
  }

  /** False when a row with this id was added before. */
  add(row: number): boolean {
    const mask = this.#slots.length - 1
    let slot = (this.#ids.hashes[row] as number) & mask
    for (let other = this.#slots[slot]; other !== 0; other = this.#slots[slot]) {
      if (this.#isSame((other as number) - 1, row)) return false
      slot = (slot + 1) & mask
    }
    this.#slots[slot] = row + 1
    return true
  }

  #isSame(a: number, b: number): boolean {
    const { bytes, starts, ends, hashes } = this.#ids
    const startA = starts[a] as number
    const startB = starts[b] as number
    const length = (ends[a] as number) - startA
    if (hashes[a] !== hashes[b] || (ends[b] as number) - startB !== length) return false
    for (let i = 0; i < length; i++) if (bytes[startA + i] !== bytes[startB + i]) return false
    return true
  }
}
