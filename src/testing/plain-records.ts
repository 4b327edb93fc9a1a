/** Records as plain objects: into the columns that a log takes, and out of the batches that it gives. */
import { decodeHeaders, encodeHeaders, type RecordHeader } from "../wire/kafka/headers.ts"
import { RecordColumns } from "../wire/kafka/record-columns.ts"
import type { RecordSet } from "../wire/kafka/record-set.ts"

export interface PlainRecord {
  readonly key: string | null
  readonly value: string | null
}

export interface StoredRecord extends PlainRecord {
  readonly offset: number
  readonly appendTimeMs: number
}

const utf8 = new TextEncoder()
const fromUtf8 = new TextDecoder()

/** Records without keys. */
export function values(...list: readonly (string | null)[]): RecordSet {
  return {
    ...keyed(...list.map((value) => ({ key: null, value }))),
    keyBytes: null,
    keyStarts: null,
    keyEnds: null,
  }
}

export function keyed(...records: readonly PlainRecord[]): RecordSet {
  return withHeaders([], ...records)
}

export function withHeaders(headers: readonly RecordHeader[], ...records: readonly PlainRecord[]): RecordSet {
  const bytes = utf8.encode(records.map(({ key, value }) => (key ?? "") + (value ?? "")).join(""))
  const column = () => new Int32Array(records.length)
  const [valueStarts, valueEnds, keyStarts, keyEnds] = [column(), column(), column(), column()]
  let at = 0
  for (const [row, { key, value }] of records.entries()) {
    keyStarts[row] = at
    at += utf8.encode(key ?? "").length
    keyEnds[row] = key === null ? -1 : at
    valueStarts[row] = at
    at += utf8.encode(value ?? "").length
    valueEnds[row] = value === null ? -1 : at
  }
  const encoded = encodeHeaders(headers)
  const count = records.length
  return {
    count,
    bytes,
    valueStarts,
    valueEnds,
    keyBytes: bytes,
    keyStarts,
    keyEnds,
    headers: encoded,
    rows: null,
  }
}

/** All records of the batches from `offset` on. */
export function decode(batches: Uint8Array, offset = 0): StoredRecord[] {
  const columns = new RecordColumns()
  const records: StoredRecord[] = []
  for (let at = 0; at < batches.length; ) {
    at = columns.read(batches, at)
    for (let row = 0; row < columns.count; row++) {
      const own = columns.baseOffset + (columns.offsetDeltas[row] as number)
      if (own < offset) continue
      records.push({
        offset: own,
        appendTimeMs: columns.timestampsMs[row] as number,
        key: textOf(columns, columns.keyStarts[row], columns.keyEnds[row]),
        value: textOf(columns, columns.valueStarts[row], columns.valueEnds[row]),
      })
    }
  }
  return records
}

/** Headers of the first record. */
export function firstHeaders(batches: Uint8Array): RecordHeader[] {
  const columns = new RecordColumns()
  columns.read(batches, 0)
  return decodeHeaders(columns.bytes, columns.headersStarts[0], columns.headersEnds[0])
}

function textOf({ bytes }: RecordColumns, start = 0, end = -1): string | null {
  return end < 0 ? null : fromUtf8.decode(bytes.subarray(start, end))
}
