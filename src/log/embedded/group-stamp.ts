/**
 * The stamp that each batch of a commit group carries in partitionLeaderEpoch, a field that the batch's
 * checksum does not cover and that means nothing in a log without replicas. Recovery tells by it whether
 * bytes that it cannot read belong to the one group that was not synced when the process died
 * (docs/decisions/0010).
 *
 *   bit  31  0, so that the field is never negative
 *        30  last batch of its group in this partition
 *     29-20  how many groups the partition has had, modulo 1024
 *      19-0  the group's number in the log, modulo 2^20
 *
 * All bits are masked with a hash of the log's key and the batch's place, so that a batch image inside
 * somebody's record is not taken for a batch.
 */

export interface GroupStamp {
  readonly lastInGroup: boolean
  /** Modulo SEQUENCES. */
  readonly sequence: number
  /** Modulo GROUPS. */
  readonly group: number
}

export interface StampPlace {
  /** Random, per log. */
  readonly key: number
  readonly segmentBase: number
  readonly position: number
  /** Of the batch: its checksum does not cover it, so the stamp vouches for it. */
  readonly baseOffset: number
}

export const SEQUENCES = 1 << 10
export const GROUPS = 1 << 20

export function encodeStamp(stamp: GroupStamp, place: StampPlace): number {
  const plain =
    (stamp.lastInGroup ? 1 << 30 : 0) | ((stamp.sequence % SEQUENCES) << 20) | (stamp.group % GROUPS)
  return plain ^ mask(place)
}

export function decodeStamp(field: number, place: StampPlace): GroupStamp {
  const plain = field ^ mask(place)
  return {
    lastInGroup: (plain & (1 << 30)) !== 0,
    sequence: (plain >>> 20) & (SEQUENCES - 1),
    group: plain & (GROUPS - 1),
  }
}

/**
 * What compaction stamps its batches with. Between those offsets may be missing, so that only the stamp tells
 * a damaged base offset from a gap.
 */
const COMPACTED: GroupStamp = { lastInGroup: false, sequence: 0, group: 0 }

export function encodeCompacted(place: StampPlace): number {
  return encodeStamp(COMPACTED, place)
}

/**
 * Whether a batch's base offset is right: it continues the batch before, or compaction vouches for it.
 * `expected` is the offset behind the batch before; a batch that was found by its offset must hold it.
 */
export function isOffsetRight(
  header: { readonly partitionLeaderEpoch: number; readonly baseOffset: number },
  expected: number,
  place: Omit<StampPlace, "baseOffset">,
): boolean {
  if (header.baseOffset === expected) return true
  const field = encodeCompacted({ ...place, baseOffset: header.baseOffset })
  return header.baseOffset > expected && header.partitionLeaderEpoch === field
}

/** How far `a` is ahead of `b` when both count modulo `modulus`: from -modulus / 2 to modulus / 2 - 1. */
export function ahead(a: number, b: number, modulus: number): number {
  const distance = (((a - b) % modulus) + modulus) % modulus
  return distance < modulus / 2 ? distance : distance - modulus
}

/** MurmurHash3's finaliser over the place; 31 bits. */
function mask({ key, segmentBase, position, baseOffset }: StampPlace): number {
  let hash = key | 0
  for (const part of [...halves(segmentBase), position, ...halves(baseOffset)]) {
    hash = Math.imul(hash ^ (part | 0), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
    hash ^= hash >>> 16
  }
  return hash & 0x7fffffff
}

function halves(value: number): [low: number, high: number] {
  return [value % 2 ** 32, Math.floor(value / 2 ** 32)]
}
