/** Records one by one, for writers and readers of a few: internal topics, people who look at rows. */
import { decodeHeaders, HEADER_NAME } from "../wire/kafka/headers.ts"
import { RecordColumns } from "../wire/kafka/record-columns.ts"
import type { RecordSet } from "../wire/kafka/record-set.ts"
import type { Log } from "./log.ts"

export { encodeHeaders } from "../wire/kafka/headers.ts"

export interface StoredRecord {
  readonly offset: number
  readonly appendTimeMs: number
  readonly key: Uint8Array | null
  /** Null is a tombstone. */
  readonly value: Uint8Array | null
  /** Name of the event contract; null in internal topics. */
  readonly event: string | null
  /** Where the record came from, when something else than a producer brought it. */
  readonly sourcePosition: string | null
}

export interface RecordToStore {
  readonly key?: Uint8Array
  /** Null is a tombstone. */
  readonly value: Uint8Array | null
}

/**
 * The records of what `Log.read` gave; the first batch may begin before the offset that was asked for. Of
 * those that are not wanted nothing is copied.
 */
export function* storedRecords(
  batches: Uint8Array,
  isWanted: (offset: number) => boolean = () => true,
): Generator<StoredRecord> {
  for (let position = 0; position < batches.length; ) {
    const columns = new RecordColumns()
    position = columns.read(batches, position)
    if (columns.isControl) continue
    for (let record = 0; record < columns.count; record++) {
      const offset = columns.baseOffset + columns.offsetDeltas[record]!
      if (!isWanted(offset)) continue
      yield {
        offset,
        appendTimeMs: columns.timestampsMs[record]!,
        key: sliceOf(columns.bytes, columns.keyStarts[record]!, columns.keyEnds[record]!),
        value: sliceOf(columns.bytes, columns.valueStarts[record]!, columns.valueEnds[record]!),
        event: headerOf(columns, record, HEADER_NAME.event),
        sourcePosition: headerOf(columns, record, HEADER_NAME.sourcePosition),
      }
    }
  }
}

/** Records [from, until) of a partition, oldest first. What retention has taken meanwhile is passed over. */
export async function* readSpan(
  log: Log,
  span: { readonly topic: string; readonly partition: number; readonly from: number; readonly until: number },
  { readBytes }: { readonly readBytes: number },
): AsyncGenerator<StoredRecord> {
  const { topic, partition } = span
  let offset = span.from
  while (offset < span.until) {
    const { begin, durableEnd } = await log.range(topic, partition)
    offset = Math.max(offset, begin)
    if (offset >= Math.min(span.until, durableEnd)) return
    const read = await log.read({ topic, partition, offset, maxBytes: readBytes })
    const from = offset
    yield* storedRecords(read.batches, (at) => at >= from && at < span.until)
    if (read.nextOffset <= offset) return
    offset = read.nextOffset
  }
}

export function recordSetOf(
  records: readonly RecordToStore[],
  headers: Uint8Array = new Uint8Array(0),
): RecordSet {
  const values = packed(records.map(({ value }) => value))
  const hasKeys = records.some(({ key }) => key !== undefined)
  const keys = hasKeys ? packed(records.map(({ key }) => key ?? null)) : null
  return {
    count: records.length,
    bytes: values.bytes,
    valueStarts: values.starts,
    valueEnds: values.ends,
    keyBytes: keys?.bytes ?? null,
    keyStarts: keys?.starts ?? null,
    keyEnds: keys?.ends ?? null,
    headers,
    rows: null,
  }
}

function headerOf(columns: RecordColumns, record: number, name: string): string | null {
  const headers = decodeHeaders(columns.bytes, columns.headersStarts[record], columns.headersEnds[record])
  const value = headers.find((header) => header.name === name)?.value ?? null
  return value === null ? null : Buffer.from(value).toString("utf8")
}

function packed(parts: readonly (Uint8Array | null)[]) {
  const starts = new Int32Array(parts.length)
  const ends = new Int32Array(parts.length)
  let position = 0
  for (const [index, part] of parts.entries()) {
    starts[index] = position
    position += part?.length ?? 0
    ends[index] = part === null ? -1 : position
  }
  return { bytes: Buffer.concat(parts.filter((part) => part !== null)), starts, ends }
}

function sliceOf(bytes: Uint8Array, start: number, end: number): Uint8Array | null {
  return end === -1 ? null : bytes.slice(start, end)
}
