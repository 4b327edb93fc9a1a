/**
 * The events of the log as they were sent: positions, append times and bytes. Only the log's own codec takes
 * part; values are not looked into. Another place of history joins by the same face.
 */
import type { Log } from "../../log/log.ts"
import type { OffsetSpan } from "../../ports/verdict-ledger.ts"
import { decodeHeaders, HEADER_NAME } from "../../wire/kafka/headers.ts"
import { RecordColumns } from "../../wire/kafka/record-columns.ts"
import { historyGone } from "./errors.ts"

export interface HistoryRow {
  readonly event: string
  readonly offset: number
  readonly appendedMs: number
  readonly value: Uint8Array
}

export interface History {
  /** Rows of the span in the order of their offsets, in bounded pieces. @throws PlatformError history-gone */
  rows(span: OffsetSpan): AsyncIterable<readonly HistoryRow[]>
}

/** One read: a few thousand rows; what is in memory at a time. */
const READ_BYTES = 2 * 1024 * 1024

export class LogHistory implements History {
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  async *rows({ topic, partition, from, until }: OffsetSpan): AsyncGenerator<readonly HistoryRow[]> {
    const { begin } = await this.#log.range(topic, partition)
    if (begin > from) throw historyGone({ topic, partition, begin })
    let offset = from
    while (offset < until) {
      const read = await this.#log.read({ topic, partition, offset, maxBytes: READ_BYTES })
      if (read.nextOffset <= offset) return
      const rows = [...rowsOf(read.batches)].filter((row) => row.offset >= offset && row.offset < until)
      if (rows.length > 0) yield rows
      offset = read.nextOffset
    }
  }
}

function* rowsOf(batches: Uint8Array): Generator<HistoryRow> {
  for (let position = 0; position < batches.length; ) {
    const columns = new RecordColumns()
    position = columns.read(batches, position)
    if (columns.isControl) continue
    for (let record = 0; record < columns.count; record++) {
      const end = columns.valueEnds[record]!
      const event = eventOf(columns, record)
      if (end === -1 || event === null) continue
      yield {
        event,
        offset: columns.baseOffset + columns.offsetDeltas[record]!,
        appendedMs: columns.timestampsMs[record]!,
        value: columns.bytes.subarray(columns.valueStarts[record]!, end),
      }
    }
  }
}

function eventOf(columns: RecordColumns, record: number): string | null {
  const headers = decodeHeaders(columns.bytes, columns.headersStarts[record], columns.headersEnds[record])
  const value = headers.find(({ name }) => name === HEADER_NAME.event)?.value ?? null
  return value === null ? null : Buffer.from(value).toString("utf8")
}
