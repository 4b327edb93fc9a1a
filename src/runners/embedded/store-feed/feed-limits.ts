/** How much a feed collects, and how it waits. */

/** A block leaves at the latest after this: the store is about a second behind the views. */
export const BLOCK_INTERVAL_MS = 1_000
/** A block that leaves earlier: its part is large enough that merging does not cost more than writing. */
export const BLOCK_ROWS = 262_144
/** The same of large rows, as they are packed: with what the producer wrote around the values. */
export const BLOCK_BYTES = 32 * 1024 * 1024
/** What a block may grow to while the one before it is written; rows beyond are read from the log later. */
export const MAX_BLOCK_ROWS = 524_288
export const MAX_BLOCK_BYTES = 64 * 1024 * 1024
/** After a failure; doubled up to the longest. */
export const FIRST_RETRY_MS = 250
export const LONGEST_RETRY_MS = 30_000
/** What a feed has collected when the platform stops is written within this, or at the next start. */
export const STOP_LIMIT_MS = 3_000
/** Holds on the log move at this pace: each is written to disk. */
export const HOLD_INTERVAL_MS = 5_000
/**
 * What a store that is away has not taken by then is read from the lake later: the log would fill the disk.
 */
export const HOLD_LIMIT_MS = 600_000
/** How often a view's table is looked at for what rows that went have left. */
export const CLEAN_INTERVAL_MS = 600_000
