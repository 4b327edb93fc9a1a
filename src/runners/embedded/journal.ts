/**
 * The epoch journal, internal topic `_epochs`: one synced record before an epoch's outputs leave, so that
 * after a crash the same epochs run again with the same cuts, watermarks and clock, and give the same
 * outputs.
 */
import type { Log, WriterToken } from "../../log/log.ts"
import { journalBroken } from "./errors.ts"
import { readRecords } from "./history.ts"

export const JOURNAL_TOPIC = "_epochs"

/** The newest journal is always kept by holds; closed segments behind the last checkpoint go by size. */
const JOURNAL_RETENTION_BYTES = 16 * 1024 * 1024
const READ_BYTES = 4 * 1024 * 1024

export interface EpochRecord {
  readonly epoch: number
  /** Fingerprint of the operators that ran it; epochs of another project version are not run again. */
  readonly generation: string
  /** The epoch that the engine was at before: 0 when it had run nothing, and began where the log begins. */
  readonly after: number
  readonly clockMs: number
  /** Next offset per partition after the epoch, by topic; only what moved. */
  readonly ends: Readonly<Record<string, readonly (readonly [partition: number, offset: number])[]>>
  /** Per event, in microseconds as text; after the epoch. */
  readonly watermarksUs: Readonly<Record<string, string>>
}

export interface JournalEntry {
  readonly record: EpochRecord
  readonly offset: number
}

export class Journal {
  readonly #log: Log
  readonly #writer: WriterToken

  private constructor(log: Log, writer: WriterToken) {
    this.#log = log
    this.#writer = writer
  }

  /** Takes the journal over from any earlier process. */
  static async open(log: Log): Promise<Journal> {
    await log.createTopic({ name: JOURNAL_TOPIC, partitions: 1, retentionBytes: JOURNAL_RETENTION_BYTES })
    return new Journal(log, await log.openWriter(JOURNAL_TOPIC))
  }

  /** Resolves with the record's offset when it is durable. */
  async append(record: EpochRecord): Promise<number> {
    const bytes = Buffer.from(JSON.stringify(record))
    const result = await this.#log.append({
      topic: JOURNAL_TOPIC,
      partition: 0,
      writer: this.#writer,
      records: {
        count: 1,
        bytes,
        valueStarts: Int32Array.of(0),
        valueEnds: Int32Array.of(bytes.length),
        keyBytes: null,
        keyStarts: null,
        keyEnds: null,
        headers: new Uint8Array(0),
        rows: null,
      },
    })
    return result.baseOffset
  }

  /** Everything that is kept, oldest first. */
  async *entries(): AsyncGenerator<JournalEntry> {
    const { begin, durableEnd } = await this.#log.range(JOURNAL_TOPIC, 0)
    let offset = begin
    while (offset < durableEnd) {
      const read = await this.#log.read({ topic: JOURNAL_TOPIC, partition: 0, offset, maxBytes: READ_BYTES })
      for (const record of readRecords(read.batches)) {
        if (record.offset < offset || record.value === null) continue
        yield { record: parseRecord(record.value, record.offset), offset: record.offset }
      }
      if (read.nextOffset <= offset) throw journalBroken(`nothing can be read at offset ${offset}`)
      offset = read.nextOffset
    }
  }

  /** Records before `offset` are no longer needed for recovery. */
  release(offset: number): Promise<void> {
    return this.#log.hold("recovery", JOURNAL_TOPIC, 0, offset)
  }
}

function parseRecord(value: Uint8Array, offset: number): EpochRecord {
  try {
    return JSON.parse(Buffer.from(value).toString("utf8")) as EpochRecord
  } catch (cause) {
    throw journalBroken(`the record at offset ${offset} is not JSON (${String(cause)})`)
  }
}
