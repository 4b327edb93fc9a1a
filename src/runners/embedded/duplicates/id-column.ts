/** Ids of a batch's rows as slices of bytes, hashed once for every table that they are looked up in. */
import { HASH_WORDS, hashIds, type IdSeed, type IdSlices } from "./id-hash.ts"

/** Row i is bytes[starts[i], ends[i]), and has HASH_WORDS words of hash. */
export interface IdColumn extends IdSlices {
  readonly count: number
  readonly hashes: Int32Array
}

export function idColumn(count: number, slices: IdSlices, seed: IdSeed): IdColumn {
  const { bytes, starts, ends } = slices
  return { count, bytes, starts, ends, hashes: hashIds(count, slices, seed) }
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
    let slot = (this.#ids.hashes[HASH_WORDS * row] as number) & mask
    for (let other = this.#slots[slot]; other !== 0; other = this.#slots[slot]) {
      if (this.#isSame((other as number) - 1, row)) return false
      slot = (slot + 1) & mask
    }
    this.#slots[slot] = row + 1
    return true
  }

  #isSame(a: number, b: number): boolean {
    const { hashes } = this.#ids
    for (let word = 0; word < HASH_WORDS; word++) {
      if (hashes[HASH_WORDS * a + word] !== hashes[HASH_WORDS * b + word]) return false
    }
    return true
  }
}
