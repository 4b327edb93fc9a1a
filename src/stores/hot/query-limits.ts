/** Bounds of ad-hoc queries, with the reason for each. They are the engine's settings of every query. */

const MIB = 1024 * 1024

/** Queries that run at one time: enough for a page full of charts, and few enough to share the cores. */
export const MAX_RUNNING_QUERIES = 16
export const DEFAULT_QUERY_TIMEOUT_MS = 30_000
/** Ten minutes is what a person waits for a large answer; longer work belongs into a view. */
export const MAX_QUERY_TIMEOUT_MS = 600_000
/** Of one query, so that several fit beside everything else on a laptop. */
export const MAX_QUERY_MEMORY_BYTES = 512 * MIB
/** Of an answer in JSON, which whoever asked holds as one text. */
export const MAX_JSON_ROWS = 1_000_000
/** Of an answer that the engine makes in one piece: every format but NDJSON. */
export const MAX_WHOLE_BYTES = 256 * MIB
/** Of an answer that streams; the time limit ends it earlier. */
export const MAX_STREAMED_ROWS = 1_000_000_000
/** What is held back until an answer begins, so that an early failure is still told as a problem. */
export const HELD_BACK_BYTES = 64 * 1024
/** Statements that passed the gate and are remembered: what a page of charts asks again and again. */
export const MAX_REMEMBERED_STATEMENTS = 256
/** Letters, digits and signs that need no quoting anywhere. */
export const QUERY_ID = /^[A-Za-z0-9_.-]{1,64}$/
/** When to come again after too-many-queries. */
export const RETRY_AFTER_MS = 1_000
/** What is kept of a statement in lists of running queries. */
export const SHOWN_SQL_CHARACTERS = 1_000
