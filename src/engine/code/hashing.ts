/**
 * The hash of group and view keys: 32 bits, murmur3's mixing (Appleby, public domain). It must spread
 * sequential and random keys alike over the top bits (page), the bottom bits (place in the page's index) and
 * the tag. Checkpoints hold hashes: changing this changes the checkpoint format.
 */

export const HASH_SEED = 0x2f0b4a47

/** Statements that fold two int32 expressions into `hash`. */
export function mixWord(hash: string, low: string, high: string): string {
  return (
    `${hash} = Math.imul(${hash} ^ ${low}, -2048144789); ${hash} ^= ${hash} >>> 13;` +
    ` ${hash} = Math.imul(${hash} ^ ${high}, -1028477387); ${hash} ^= ${hash} >>> 16;`
  )
}

/** Last avalanche, so that the top bits depend on all others. */
export function finishHash(hash: string): string {
  return `${hash} = Math.imul(${hash} ^ (${hash} >>> 15), 739984925); ${hash} ^= ${hash} >>> 13;`
}

/** The same, of a hash that is at hand. */
export function finished(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 739984925)
  return mixed ^ (mixed >>> 13)
}

/** Folds the bytes [start, end) and their count into `hash`. */
export function mixBytes(hash: number, data: Uint8Array, start: number, end: number): number {
  let h = hash
  let at = start
  for (; at + 4 <= end; at += 4) {
    let k = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)
    k = Math.imul(k, -862048943)
    k = (k << 15) | (k >>> 17)
    h ^= Math.imul(k, 461845907)
    h = ((h << 13) | (h >>> 19)) * 5 + 3864292196
    h |= 0
  }
  let rest = 0
  for (let shift = 0; at < end; at++, shift += 8) rest |= data[at]! << shift
  rest = Math.imul(rest, -862048943)
  h ^= Math.imul((rest << 15) | (rest >>> 17), 461845907)
  h = Math.imul(h ^ (end - start), -2048144789)
  return h ^ (h >>> 13)
}

/** True when bytes at `at` in `memory` equal [start, start + length) of `data`. */
export function equalBytes(
  memory: Uint8Array,
  at: number,
  data: Uint8Array,
  start: number,
  length: number,
): boolean {
  for (let k = 0; k < length; k++) if (memory[at + k] !== data[start + k]) return false
  return true
}
