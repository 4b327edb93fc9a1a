/**
 * The seam between bytes from producers and columns. Decoding validates: a bad row is reported with its
 * index, field, code and reason, and its neighbours go on.
 */
import type { Batch } from "../columns/batch.ts"

/** `ndjson`: one JSON object a line, blank lines skipped. `json`: one object, or an array of objects. */
export type Framing = "ndjson" | "json"

export interface RejectedRow {
  /** Position among the rows received, from 0. */
  readonly index: number
  /** Path of the field, "a.b[2]"; null when the whole row is at fault. */
  readonly field: string | null
  /** Documented in docs/errors.md: missing-field, wrong-type, out-of-range, unknown-field, not-json … */
  readonly code: string
  readonly message: string
}

export interface DecodedRows {
  /** Rows seen, good and bad. */
  readonly received: number
  /** Columns of the good rows, in the order of the contract's fields. Slices point into `bytes` or beyond its
   *  end into memory that the decoder owns; valid until the caller drops the batch. */
  readonly batch: Batch
  /** Where each good row's own JSON text is in the input: what the log stores. */
  readonly bytes: Uint8Array
  readonly valueStarts: Int32Array
  readonly valueEnds: Int32Array
  /** Index among the rows received of each good row. */
  readonly indexes: Int32Array
  /** All arrays of these rows except `bytes`: theirs alone, so whoever drops them may free it. */
  readonly memory: ArrayBuffer
  /** False: no row has a key that the contract does not name. True: some may have one. */
  readonly hasUnnamed: boolean
  /** The first `maxRejected`; `rejectedCount` counts all. */
  readonly rejected: readonly RejectedRow[]
  readonly rejectedCount: number
}

export interface DecodeOptions {
  /** Rejected rows that are described; the others are only counted. @default 100 */
  readonly maxRejected?: number
}

/** Rows that were taken apart already: row i is bytes[starts[i], ends[i]), one JSON object. */
export interface RowRanges {
  readonly starts: Int32Array
  readonly ends: Int32Array
  /** What each row is called in `indexes` and `rejected`; null: its position here. */
  readonly indexes: Int32Array | null
  readonly count: number
}

export interface Decoder {
  /**
   * @throws PlatformError body-not-json (domain user) when the framing itself cannot be read, such as an
   * array that never ends; what can be told apart row by row is reported as rejected rows instead.
   */
  decode(bytes: Uint8Array, framing: Framing, options?: DecodeOptions): DecodedRows
  /** Rows of a routed body, or records of the log again. */
  decodeRows(bytes: Uint8Array, ranges: RowRanges, options?: DecodeOptions): DecodedRows
}
