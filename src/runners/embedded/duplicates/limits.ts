/** How much memory an event's ids take, and what follows from it. */
import { MIN_DEDUP_BYTES } from "../../../contracts/dedup.ts"
import { assert } from "../../../std/assert.ts"
import type { Disk } from "../../../std/disk.ts"
import { FILTER_BYTES_PER_ID } from "./id-filter.ts"
import { KNOWN_ID_BYTES } from "./known-ids.ts"
import { SLOT_WORDS } from "./recent-ids.ts"

export interface DuplicateLimits {
  /** The newest ids' table has 2^tableBits slots at most, and there may be two of them. */
  readonly tableBits: number
  /** The newest ids are spilled when they span this much append time. */
  readonly sliceMs: number
  /** Rows that are in the log may reach the operator this much behind newer ones of other partitions. */
  readonly slackMs: number
  /** Filters in memory; those of older segments are asked on disk beyond it. */
  readonly filterBytes: number
  /** Ids that the door remembers with their places; a power of two. */
  readonly knownIds: number
}

export interface IdMemoryParts {
  readonly disk: Disk
  readonly directory: string
  readonly event: string
  readonly windowMs: number
  readonly limits: DuplicateLimits
}

/** 84 MB: 2.6 million ids a run. A larger table makes fewer runs and no faster look-ups. */
const MOST_TABLE_BITS = 22
/** Two tables take at most this share. */
const TABLES_SHARE = 1 / 4
const KNOWN_SHARE = 1 / 8
/** 92 MB: what producers send again after a lost answer is seconds old. */
const MOST_KNOWN_IDS = 2 ** 21
/** Expiry goes by slices: one eighth of a window is remembered longer than it must. */
const SLICES_PER_WINDOW = 8
/** Shorter ones would sync a file every few seconds. */
const MIN_SLICE_MS = 60_000
/** A minute is thousands of times what an acknowledgement takes from the log to the intake. */
const SLACK_MS = 60_000

export function limitsFor(memoryBytes: number, windowMs: number): DuplicateLimits {
  assert(memoryBytes >= MIN_DEDUP_BYTES, "the memory for ids is large enough")
  const slots = (memoryBytes * TABLES_SHARE) / 2 / (4 * SLOT_WORDS)
  const tableBits = Math.min(MOST_TABLE_BITS, Math.floor(Math.log2(slots)))
  const known = Math.min(MOST_KNOWN_IDS, (memoryBytes * KNOWN_SHARE) / KNOWN_ID_BYTES)
  const knownIds = 2 ** Math.floor(Math.log2(known))
  const taken = 2 * 4 * SLOT_WORDS * 2 ** tableBits + KNOWN_ID_BYTES * knownIds
  return {
    tableBits,
    sliceMs: Math.max(MIN_SLICE_MS, Math.ceil(windowMs / SLICES_PER_WINDOW)),
    slackMs: SLACK_MS,
    // The rest, without the runs' indexes: 4 bytes for 204 ids.
    filterBytes: (memoryBytes - taken) * (FILTER_BYTES_PER_ID / (FILTER_BYTES_PER_ID + 4 / 204)),
    knownIds,
  }
}
