/**
 * Pages in blocks of 256 bytes, each known by 64 bits of hash, so that a page of which a few rows changed is
 * written as the few blocks that hold them: of ten million keys in random order, one per cent is on every
 * page.
 *
 *   page      | block | block | block | …            in memory, no longer there as it was at the last
 *   checkpoint hashes    | 64 b  | 64 b  | 64 b  | …            what is remembered of it
 *
 * Four lanes take every fourth word: xor, multiply, rotate (as Appleby's MurmurHash3 does). Each step and
 * each finishing step is one-to-one in every lane, so blocks that differ in words of one lane alone never
 * look equal in that lane's part. Whoever changes this raises CHECKPOINT_FORMAT: the hashes of pages are on
 * disk.
 */

export const BLOCK_BYTES = 256
const BLOCK_WORDS = BLOCK_BYTES / 4

export function blockCount(sizeBytes: number): number {
  return sizeBytes / BLOCK_BYTES
}

/** Room for the hashes of a page: two halves a block. */
export function blankHashes(sizeBytes: number): Int32Array {
  return new Int32Array(blockCount(sizeBytes) * 2)
}

/**
 * Brings `hashes` up to date with the image, which begins at a multiple of four bytes, and marks the blocks
 * whose hash was another one with 1. Returns how many there are.
 */
export function updateHashes(image: Uint8Array, hashes: Int32Array, changed: Uint8Array): number {
  const words = new Int32Array(image.buffer, image.byteOffset, image.length >> 2)
  const blocks = blockCount(image.length)
  let count = 0
  for (let block = 0; block < blocks; block++) {
    let a = 0x1b873593
    let b = 0x2c1b3c6d
    let c = 0x297a2d39
    let d = 0x38b34ae5
    const end = (block + 1) * BLOCK_WORDS
    for (let k = block * BLOCK_WORDS; k < end; k += 4) {
      a = Math.imul(a ^ words[k]!, 0x9e3779b1)
      a = (a << 15) | (a >>> 17)
      b = Math.imul(b ^ words[k + 1]!, 0x85ebca77)
      b = (b << 13) | (b >>> 19)
      c = Math.imul(c ^ words[k + 2]!, 0xc2b2ae3d)
      c = (c << 16) | (c >>> 16)
      d = Math.imul(d ^ words[k + 3]!, 0x27d4eb2f)
      d = (d << 17) | (d >>> 15)
    }
    const low = finish(a ^ rotate(b, 7), c ^ rotate(d, 11), 0x85ebca6b)
    const high = finish(d ^ rotate(a, 19), b ^ rotate(c, 23), 0xcc9e2d51)
    const isChanged = hashes[2 * block] !== low || hashes[2 * block + 1] !== high
    hashes[2 * block] = low
    hashes[2 * block + 1] = high
    changed[block] = isChanged ? 1 : 0
    if (isChanged) count++
  }
  return count
}

/** The page's hash out of those of its blocks. */
export function pageHash(hashes: Int32Array): { readonly low: number; readonly high: number } {
  let low = hashes.length
  let high = ~hashes.length
  for (let k = 0; k < hashes.length; k += 2) {
    low = rotate(Math.imul(low ^ hashes[k]!, 0x9e3779b1), 13)
    high = rotate(Math.imul(high ^ hashes[k + 1]!, 0x85ebca77), 15)
  }
  return { low: finish(low, rotate(high, 9), 0x85ebca6b), high: finish(high, rotate(low, 5), 0xcc9e2d51) }
}

function finish(one: number, two: number, factor: number): number {
  const mixed = Math.imul(one ^ (one >>> 15), factor) ^ two
  const again = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return again ^ (again >>> 16)
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
