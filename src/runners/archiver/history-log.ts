/**
 * Log and lake as one history: a Log whose old offsets come from the lake. Whoever reads does not notice:
 * records keep offset, append time, key, headers and value to the byte; only the cut into batches is another.
 *
 *   lake's begin ......... log's begin ......... durableEnd
 *                read here             read there
 */
import type { Log, OffsetRange, ReadRequest, ReadResult, TopicInfo } from "../../log/log.ts"
import { isPlatformError } from "../../std/errors.ts"
import type { LakeRecord } from "../../stores/lake/data-file-reader.ts"
import type { Lake } from "../../stores/lake/lake.ts"
import { RecordBatchBuilder } from "../../wire/kafka/record-batch-builder.ts"
import { recordColumnsOf, sizeOfRecord } from "./record-columns-of.ts"

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
    const pieces = found.filter((records) => records.length > 0)
    // Beyond the shortest piece another record of its table may come.
    const horizon = Math.min(begin, ...pieces.map((records) => records.at(-1)!.offset + 1))
    const records = merged(pieces).filter((record) => record.offset < horizon)
    const { batches, nextOffset } = batchesOf(records, Math.max(maxBytes, SMALLEST_READ_BYTES))
    return { batches, nextOffset: nextOffset ?? Math.max(horizon, offset), range }
  }
}

function merged(pieces: readonly (readonly LakeRecord[])[]): readonly LakeRecord[] {
  if (pieces.length === 1) return pieces[0]!
  return pieces.flat().sort((a, b) => a.offset - b.offset)
}

/** `nextOffset` is null when all records were taken. */
function batchesOf(
  records: readonly LakeRecord[],
  maxBytes: number,
): { batches: Uint8Array; nextOffset: number | null } {
  const builder = new RecordBatchBuilder()
  let taken = 0
  while (taken < records.length && (taken === 0 || builder.length < maxBytes)) {
    const batch = nextBatch(records, taken, Math.min(BATCH_BYTES, maxBytes))
    const columns = recordColumnsOf(batch)
    const { offset, appendTimeMs } = batch[0]!
    builder.begin({ baseOffset: offset, appendTimeMs })
    for (const [row, record] of batch.entries()) builder.addCopy(columns, row, record.offset - offset)
    builder.end({ lastOffsetDelta: batch.at(-1)!.offset - offset })
    taken += batch.length
  }
  const next = records[taken]
  return { batches: builder.bytes.slice(), nextOffset: next?.offset ?? null }
}

/** Records of one append time. */
function nextBatch(records: readonly LakeRecord[], from: number, limitBytes: number): readonly LakeRecord[] {
  const { appendTimeMs } = records[from]!
  let end = from
  for (let bytes = 0; end < records.length; end++) {
    const record = records[end]!
    if (record.appendTimeMs !== appendTimeMs || (end > from && bytes >= limitBytes)) break
    bytes += sizeOfRecord(record)
  }
  return records.slice(from, end)
}
