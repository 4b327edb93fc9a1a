/**
 * The events of the log as they were sent: positions, append times and bytes. Only the log's own codec takes
 * part; values are not looked into. Another place of history joins by the same face.
 */
import type { Log } from "../../log/log.ts"
import type { OffsetRun, OffsetSpan } from "../../ports/verdict-ledger.ts"
import { decodeHeaders, HEADER_NAME } from "../../wire/kafka/headers.ts"
import { RecordColumns } from "../../wire/kafka/record-columns.ts"
import { historyGone } from "./errors.ts"
import { HistoryBlock } from "./history-block.ts"

export interface HistoryRow {
  readonly event: string
  readonly offset: number
  readonly appendedMs: number
  readonly value: Uint8Array
}

export interface BlockRequest {
  readonly span: OffsetSpan
  /** Rows of other events of the topic are passed by. */
  readonly events: ReadonlySet<string>
  /** Rows that are counted and not given, in the order of their offsets. */
  readonly without: readonly OffsetRun[]
}

export interface History {
  /** Rows of the span in the order of their offsets, in bounded pieces. @throws PlatformError history-gone */
  rows(span: OffsetSpan): AsyncIterable<readonly HistoryRow[]>
  /**
   * The same as columns, each block of one event. A block is good until the next one is asked for.
   * @throws PlatformError history-gone
   */
  blocks(request: BlockRequest): AsyncIterable<HistoryBlock>
}

/** One read: a few thousand rows. */
const READ_BYTES = 2 * 1024 * 1024
/** What a block holds at least, unless it is the last: an insert's fixed cost is small beside it. */
const BLOCK_BYTES = 16 * 1024 * 1024

export class LogHistory implements History {
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  async *rows(span: OffsetSpan): AsyncGenerator<readonly HistoryRow[]> {
    const columns = new RecordColumns()
    for await (const batches of this.#batches(span)) {
      const rows: HistoryRow[] = []
      eachRecord({ batches, span, columns }, (row, event, offset) => {
        const value = columns.bytes.slice(columns.valueStarts[row], columns.valueEnds[row])
        rows.push({ event, offset, appendedMs: columns.timestampsMs[row]!, value })
      })
      if (rows.length > 0) yield rows
    }
  }

  async *blocks({ span, events, without }: BlockRequest): AsyncGenerator<HistoryBlock> {
    const blocks = new Map([...events].map((event) => [event, new HistoryBlock(event)]))
    const columns = new RecordColumns()
    let run = 0
    const add = (row: number, event: string, offset: number) => {
      const block = blocks.get(event)
      if (block === undefined) return
      while (run < without.length && without[run]!.offset + without[run]!.count <= offset) run++
      if (run < without.length && without[run]!.offset <= offset) block.passBy()
      else block.add(columns, row)
    }
    for await (const batches of this.#batches(span)) {
      eachRecord({ batches, span, columns }, add)
      for (const block of blocks.values()) {
        if (block.sizeBytes < BLOCK_BYTES) continue
        yield block
        block.clear()
      }
    }
    for (const block of blocks.values()) if (block.seen > 0) yield block
  }

  async *#batches({ topic, partition, from, until }: OffsetSpan): AsyncGenerator<Uint8Array> {
    const { begin } = await this.#log.range(topic, partition)
    if (begin > from) throw historyGone({ topic, partition, begin })
    for (let offset = from; offset < until; ) {
      const { batches, nextOffset } = await this.#log.read({ topic, partition, offset, maxBytes: READ_BYTES })
      if (nextOffset <= offset) return
      yield batches
      offset = nextOffset
    }
  }
}

interface ReadBatches {
  readonly batches: Uint8Array
  readonly span: OffsetSpan
  /** Has the record's batch while `take` is called. */
  readonly columns: RecordColumns
}

/** Tells `take` of every record of an event. */
function eachRecord(
  { batches, span: { from, until }, columns }: ReadBatches,
  take: (row: number, event: string, offset: number) => void,
): void {
  const names = new EventNames()
  for (let position = 0; position < batches.length; ) {
    position = columns.read(batches, position)
    if (columns.isControl) continue
    for (let row = 0; row < columns.count; row++) {
      const offset = columns.baseOffset + columns.offsetDeltas[row]!
      if (offset < from || offset >= until || columns.valueEnds[row] === -1) continue
      const event = names.of(columns.bytes, columns.headersStarts[row]!, columns.headersEnds[row]!)
      if (event !== null) take(row, event, offset)
    }
  }
}

/** Events by the records' headers, which are mostly those of the record before. */
class EventNames {
  #headers: Uint8Array | null = null
  #event: string | null = null

  of(bytes: Uint8Array, start: number, end: number): string | null {
    if (this.#headers === null || !isSame(this.#headers, bytes, start, end)) {
      this.#headers = bytes.slice(start, end)
      const header = decodeHeaders(bytes, start, end).find(({ name }) => name === HEADER_NAME.event)
      const value = header?.value ?? null
      this.#event = value === null ? null : Buffer.from(value).toString("utf8")
    }
    return this.#event
  }
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false
  for (let at = 0; at < known.length; at++) if (known[at] !== bytes[start + at]) return false
  return true
}
