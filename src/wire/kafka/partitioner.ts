/**
 * Which partition a key belongs to, as Kafka's Java client decides: MurmurHash2 (Austin Appleby, 32 bits, the
 * seed 0x9747b28c, little-endian words), its sign bit cleared, modulo the number of partitions.
 */
const SEED = 0x9747b28c
const MULTIPLIER = 0x5bd1e995

/** The signed 32-bit hash of bytes[start, end). */
export function murmur2(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let hash = SEED ^ (end - start)
  let at = start
  for (; at + 4 <= end; at += 4) {
    let word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    word = Math.imul(word, MULTIPLIER)
    word ^= word >>> 24
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word, MULTIPLIER)
  }
  const rest = end - at
  if (rest > 0) {
    if (rest > 2) hash ^= (bytes[at + 2] as number) << 16
    if (rest > 1) hash ^= (bytes[at + 1] as number) << 8
    hash = Math.imul(hash ^ (bytes[at] as number), MULTIPLIER)
  }
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER)
  return hash ^ (hash >>> 15)
}

/** Partition of the key bytes[start, end). */
export function partitionOf(bytes: Uint8Array, start: number, end: number, partitions: number): number {
  return (murmur2(bytes, start, end) & 0x7fffffff) % partitions
}
