/** What the JSON decoder takes, and why no more. */

/**
 * Levels of arrays and objects in one row, the row itself included: deeper nesting is an attack or a mistake.
 */
export const MAX_DEPTH = 64
/** One row: what Kafka's brokers take by default, and the log's batches are made for. */
export const MAX_ROW_BYTES = 1_048_576
/** One body: offsets into input and scratch memory together must fit 31 bits. */
export const MAX_BODY_BYTES = 536_870_912
/** Rejected rows that are reported one by one when the caller names no number; all are counted. */
export const MAX_REJECTED = 100
/** Characters of a value that a message shows. */
export const MAX_EXCERPT = 60
/** Key orders that are decoded by a loop of their own: producers have few, and each costs compiled code. */
export const MAX_SHAPES = 8
/** Rows of one key order before a loop is compiled for it (14-30 us, then warm-up). */
export const SHAPE_ROWS = 16
/** Key orders that are counted at the same time; the counts start again when there are more. */
export const MAX_CANDIDATES = 64
/** Loops compiled in a decoder's life, so that ever new key orders cannot keep the compiler busy. */
export const MAX_COMPILED = 64
/** Members of a row, and bytes between values, up to which a key order is learned. */
export const MAX_SHAPE_MEMBERS = 256
export const MAX_SHAPE_BYTES = 8_192
