/**
 * Log and lake as one history: a Log whose old offsets come from the lake. Whoever reads does not notice:
 * records keep offset, append time, key, headers and value to the byte; only the cut into batches is another.
 *
 *   lake's begin ......... log's begin ......... durableEnd
 *                read here             read there
 */
import type { Log, OffsetRange, ReadRequest, ReadResult, TopicInfo } from "../../log/log.ts"
import { isPlatformError } from "../../std/errors.ts"
import type { Lake } from "../../stores/lake/lake.ts"
import type { RecordsFrom } from "../../stores/lake/lake-records.ts"
import { RecordBatchBuilder } from "../../wire/kafka/record-batch-builder.ts"
import type { RecordColumns } from "../../wire/kafka/record-columns.ts"
import { recordColumnsOf } from "./record-columns-of.ts"

/** As the log's own. */
const BATCH_BYTES = 1024 * 1024
/** Some readers ask for one byte: they get a batch of a few records and not a whole row group. */
const SMALLEST_READ_BYTES = 16 * 1024

export class HistoryLog implements Log {
  readonly #log: Log
  readonly #lake: Lake

  constructor(log: Log, lake: Lake) {
    this.#log = log
    this.#lake = lake
  }

  get logId(): string {
    return this.#log.logId
  }

  get queuedBytes(): number {
    return this.#log.queuedBytes
  }

  createTopic: Log["createTopic"] = (spec) => this.#log.createTopic(spec)
  append: Log["append"] = (request) => this.#log.append(request)
  openWriter: Log["openWriter"] = (topic) => this.#log.openWriter(topic)
  hold: Log["hold"] = (...hold) => this.#log.hold(...hold)

  topic(name: string): TopicInfo | undefined {
    return this.#log.topic(name)
  }

  topics(): readonly TopicInfo[] {
    return this.#log.topics()
  }

  async range(topic: string, partition: number): Promise<OffsetRange> {
    const { begin, durableEnd } = await this.#log.range(topic, partition)
    const begins = this.#tables(topic).map(({ begins }) => begins.get(topic)?.[partition] ?? begin)
    return { begin: Math.min(begin, ...begins), durableEnd }
  }

  async read(request: ReadRequest): Promise<ReadResult> {
    const { topic, partition, offset } = request
    const { begin } = await this.#log.range(topic, partition)
    if (offset >= begin) {
      try {
        return await this.#log.read(request)
      } catch (error) {
        // Retention may have passed by in between; what it deletes is in the lake.
        if (!isPlatformError(error, "offset-out-of-range")) throw error
        const now = await this.#log.range(topic, partition)
        if (offset >= now.begin) throw error
      }
    }
    const range = await this.range(topic, partition)
    // Below the lake, too: the log says what there is.
    if (offset < range.begin) return this.#log.read(request)
    return this.#readLake(request, range)
  }

  async offsetAtTime(topic: string, partition: number, timeMs: number): Promise<number> {
    const found = await Promise.all(
      this.#tables(topic).map(({ name }) => this.#lake.records(name).atTime(topic, partition, timeMs)),
    )
    const inLog = await this.#log.offsetAtTime(topic, partition, timeMs)
    return Math.min(inLog, ...found.filter((offset) => offset !== null))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#log[Symbol.asyncDispose]()
  }

  #tables(topic: string) {
    return this.#lake.tables().filter(({ offsets }) => offsets.has(topic))
  }

  async #readLake(request: ReadRequest, range: OffsetRange): Promise<ReadResult> {
    const { topic, partition, offset, maxBytes } = request
    const { begin } = await this.#log.range(topic, partition)
    const found = await Promise.all(
      this.#tables(topic).map(({ name }) => this.#lake.records(name).from(topic, partition, offset)),
    )
    const pieces = found.flatMap((records) => (records === null ? [] : [new Piece(records)]))
    // Beyond the shortest piece another record of its table may come.
    const horizon = Math.min(begin, ...pieces.map(({ end }) => end))
    const batches = batchesOf(pieces, horizon, Math.max(maxBytes, SMALLEST_READ_BYTES))
    const next = nextPiece(pieces, horizon)?.offset
    return { batches, nextOffset: next ?? Math.max(horizon, offset), range }
  }
}

/** What one table has of a partition, as a reader walks over it. */
class Piece {
  readonly columns: RecordColumns
  /** Behind its last offset. */
  readonly end: number
  row: number

  constructor({ slab, first }: RecordsFrom) {
    this.columns = recordColumnsOf(slab)
    this.end = this.columns.lastOffset + 1
    this.row = first
  }

  /** Of the record that is next; beyond all when there is none. */
  get offset(): number {
    const { baseOffset, offsetDeltas, count } = this.columns
    return this.row < count ? baseOffset + offsetDeltas[this.row]! : Number.POSITIVE_INFINITY
  }

  get appendTimeMs(): number {
    return this.columns.timestampsMs[this.row]!
  }
}

/** The one whose record is next below the horizon. */
function nextPiece(pieces: readonly Piece[], horizon: number): Piece | null {
  let next: Piece | null = null
  for (const piece of pieces) if (piece.offset < (next?.offset ?? horizon)) next = piece
  return next
}

/** Moves the pieces on. A batch has records of one append time. */
function batchesOf(pieces: readonly Piece[], horizon: number, maxBytes: number): Uint8Array {
  const builder = new RecordBatchBuilder()
  const limitBytes = Math.min(BATCH_BYTES, maxBytes)
  for (let piece = nextPiece(pieces, horizon); piece !== null; ) {
    if (builder.length >= maxBytes) break
    const { offset, appendTimeMs } = piece
    builder.begin({ baseOffset: offset, appendTimeMs })
    let last = offset
    do {
      last = piece.offset
      builder.addCopy(piece.columns, piece.row++, last - offset)
      piece = nextPiece(pieces, horizon)
    } while (piece !== null && piece.appendTimeMs === appendTimeMs && builder.openBytes < limitBytes)
    builder.end({ lastOffsetDelta: last - offset })
  }
  return builder.bytes.slice()
}
