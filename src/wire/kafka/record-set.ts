/** Records on their way into the log: columns of slices, so that no object is made for a record. */

/**
 * Records as slices of one buffer; row r of the request has value bytes[valueStarts[r], valueEnds[r]).
 * The log copies what it needs before `append` returns its promise, so the caller may reuse the buffers.
 */
export interface RecordSet {
  readonly count: number
  readonly bytes: Uint8Array
  readonly valueStarts: Int32Array
  /** Equal to its start for an empty value; -1 for a null value (a tombstone). */
  readonly valueEnds: Int32Array
  /** Keys likewise, as slices of `keyBytes`; null when no record has a key; an end of -1 is a null key. */
  readonly keyBytes: Uint8Array | null
  readonly keyStarts: Int32Array | null
  readonly keyEnds: Int32Array | null
  /** The same headers for every record, encoded by wire/kafka `encodeHeaders`; empty for none. */
  readonly headers: Uint8Array
  /** Rows of the arrays that belong to this request, ascending; null means all `count` of them. */
  readonly rows: Int32Array | null
}

/** How many records the set has. */
export function recordCount(records: RecordSet): number {
  return records.rows === null ? records.count : records.rows.length
}
