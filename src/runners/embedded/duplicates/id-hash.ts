/**
 * 128 bits of hash for each id of a column: MurmurHash3_x86_128 (Austin Appleby, public domain), with four
 * seeds of the log's own. An id of up to 16 bytes collides with none of its own length, since then every step
 * can be undone; of n longer ones two collide with a probability of about n^2 / 2^129.
 */
import { assert } from "../../../std/assert.ts"

/** Four 32-bit words. */
export type IdSeed = Int32Array

export const HASH_WORDS = 4

const C1 = 0x239b961b
const C2 = 0xab0e9789 | 0
const C3 = 0x38b34ae5
const C4 = 0xa1e38b93 | 0

/** The id of a log is 32 hex digits, by chance. */
export function seedOf(logId: string): IdSeed {
  assert(/^[0-9a-f]{32}$/.test(logId), "a log's id is 32 hex digits")
  return Int32Array.from({ length: HASH_WORDS }, (_, word) =>
    Number.parseInt(logId.slice(8 * word, 8 * word + 8), 16),
  )
}

export interface IdSlices {
  readonly bytes: Uint8Array
  readonly starts: Int32Array
  readonly ends: Int32Array
}

/** HASH_WORDS words a row. */
export function hashIds(count: number, { bytes, starts, ends }: IdSlices, seed: IdSeed): Int32Array {
  const hashes = new Int32Array(HASH_WORDS * count)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let row = 0; row < count; row++) {
    const start = starts[row] as number
    const end = ends[row] as number
    assert(start <= end, "an id is never null")
    hashOne(view, start, end, seed, hashes, HASH_WORDS * row)
  }
  return hashes
}

function hashOne(
  view: DataView,
  start: number,
  end: number,
  seed: IdSeed,
  hashes: Int32Array,
  at: number,
): void {
  let h1 = seed[0] as number
  let h2 = seed[1] as number
  let h3 = seed[2] as number
  let h4 = seed[3] as number
  let position = start
  for (; position + 16 <= end; position += 16) {
    h1 ^= mix(view.getInt32(position, true), C1, 15, C2)
    h1 = (Math.imul((rotate(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0
    h2 ^= mix(view.getInt32(position + 4, true), C2, 16, C3)
    h2 = (Math.imul((rotate(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0
    h3 ^= mix(view.getInt32(position + 8, true), C3, 17, C4)
    h3 = (Math.imul((rotate(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0
    h4 ^= mix(view.getInt32(position + 12, true), C4, 18, C1)
    h4 = (Math.imul((rotate(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0
  }
  if (position < end) {
    h1 ^= mix(tailWord(view, position, end), C1, 15, C2)
    if (position + 4 < end) h2 ^= mix(tailWord(view, position + 4, end), C2, 16, C3)
    if (position + 8 < end) h3 ^= mix(tailWord(view, position + 8, end), C3, 17, C4)
    if (position + 12 < end) h4 ^= mix(tailWord(view, position + 12, end), C4, 18, C1)
  }
  const length = end - start
  h1 ^= length
  h2 ^= length
  h3 ^= length
  h4 ^= length
  h1 = (h1 + h2 + h3 + h4) | 0
  h2 = finish((h2 + h1) | 0)
  h3 = finish((h3 + h1) | 0)
  h4 = finish((h4 + h1) | 0)
  h1 = (finish(h1) + h2 + h3 + h4) | 0
  hashes[at] = h1
  hashes[at + 1] = h2 + h1
  hashes[at + 2] = h3 + h1
  hashes[at + 3] = h4 + h1
}

function mix(word: number, before: number, bits: number, after: number): number {
  return Math.imul(rotate(Math.imul(word, before), bits), after)
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}

/** Up to four bytes, the first of them lowest. */
function tailWord(view: DataView, from: number, end: number): number {
  if (from + 4 <= end) return view.getInt32(from, true)
  let word = 0
  for (let at = end - 1; at >= from; at--) word = (word << 8) | view.getUint8(at)
  return word
}

function finish(word: number): number {
  let hash = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
