/** Reads records back from the log: rows are decoded again at start, and when the intake's queue was full. */
import type { Log } from "../../log/log.ts"
import { decodeHeaders, HEADER_NAME } from "../../wire/kafka/headers.ts"
import { RecordColumns } from "../../wire/kafka/record-columns.ts"
import { type EventLane, intakeSlice } from "./door.ts"
import { historyUnreadable } from "./errors.ts"
import type { IntakeSlice, SliceLoader } from "./intake.ts"
import { RowMemory } from "./row-memory.ts"

/** One read: large enough to keep the decoder busy, small enough to keep epochs short. */
const READ_BYTES = 4 * 1024 * 1024

export interface StoredRecord {
  readonly offset: number
  readonly appendTimeMs: number
  readonly event: string | null
  /** Null is a tombstone. */
  readonly value: Uint8Array | null
}

/** Record by record, for readers of a few: the journal, tail. */
export function* readRecords(batches: Uint8Array): Generator<StoredRecord> {
  for (const columns of walk(batches)) {
    for (let record = 0; record < columns.count; record++) {
      const end = columns.valueEnds[record]!
      yield {
        offset: columns.baseOffset + columns.offsetDeltas[record]!,
        appendTimeMs: columns.timestampsMs[record]!,
        event: eventOf(columns, record),
        value: end === -1 ? null : columns.bytes.slice(columns.valueStarts[record]!, end),
      }
    }
  }
}

/** Slices of the intake, read from the log and decoded with today's contracts. */
export function historyLoader(log: Log, lanes: ReadonlyMap<string, EventLane>): SliceLoader {
  return async (topic, partition, from, until) => {
    const read = await log.read({ topic, partition, offset: from, maxBytes: READ_BYTES })
    const slices: IntakeSlice[] = []
    for (const columns of walk(read.batches)) {
      for (const run of runsOf(columns, from, until)) {
        const lane = run.event === null ? undefined : lanes.get(run.event)
        if (lane !== undefined) slices.push(decodeRun(lane, partition, columns, run))
      }
    }
    return { slices, nextOffset: Math.min(read.nextOffset, until) }
  }
}

/** Rows of each event in these spans of a topic, told by the headers; no row is decoded. */
export async function countRows(
  log: Log,
  topic: string,
  spans: readonly { readonly partition: number; readonly from: number; readonly until: number }[],
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  for (const { partition, from, until } of spans) {
    for (let offset = from; offset < until; ) {
      const read = await log.read({ topic, partition, offset, maxBytes: READ_BYTES })
      for (const columns of walk(read.batches)) {
        for (const { event, count } of runsOf(columns, offset, until)) {
          if (event !== null) counts.set(event, (counts.get(event) ?? 0) + count)
        }
      }
      if (read.nextOffset <= offset) break
      offset = read.nextOffset
    }
  }
  return counts
}

function* walk(batches: Uint8Array): Generator<RecordColumns> {
  for (let position = 0; position < batches.length; ) {
    const columns = new RecordColumns()
    // The log verified the checksum when it wrote or recovered the batch; here it guards the disk in between.
    position = columns.read(batches, position)
    if (!columns.isControl) yield columns
  }
}

/** Neighbouring records of one event with consecutive offsets. */
interface Run {
  readonly event: string | null
  readonly first: number
  count: number
}

function* runsOf(columns: RecordColumns, from: number, until: number): Generator<Run> {
  let run: Run | null = null
  for (let record = 0; record < columns.count; record++) {
    const offset = columns.baseOffset + columns.offsetDeltas[record]!
    if (offset < from || offset >= until || columns.valueEnds[record] === -1) continue
    const event: string | null =
      run !== null && sameHeaders(columns, run.first, record) ? run.event : eventOf(columns, record)
    const continues: boolean =
      run !== null &&
      run.event === event &&
      columns.offsetDeltas[record]! === columns.offsetDeltas[run.first]! + run.count
    if (continues) {
      run!.count++
      continue
    }
    if (run !== null) yield run
    run = { event, first: record, count: 1 }
  }
  if (run !== null) yield run
}

function decodeRun(lane: EventLane, partition: number, columns: RecordColumns, run: Run): IntakeSlice {
  const { contract, decoder, topic } = lane
  const last = run.first + run.count
  const starts = columns.valueStarts.slice(run.first, last)
  const ends = columns.valueEnds.slice(run.first, last)
  const ranges = { starts, ends, indexes: null, count: run.count }
  const rows = decoder.decodeRows(columns.bytes, ranges, { maxRejected: 1 })
  const baseOffset = columns.baseOffset + columns.offsetDeltas[run.first]!
  const refused = rows.rejected[0]
  if (refused !== undefined) {
    const place = `${topic.name}/${partition} offset ${baseOffset + refused.index}`
    throw historyUnreadable(place, `${refused.field ?? "row"}: ${refused.message}`)
  }
  const appendTimeMs = columns.timestampsMs[run.first]!
  const at = { event: contract.name, topic: topic.name, partition, baseOffset, appendTimeMs }
  const memory = new RowMemory()
  memory.add(rows.memory)
  return intakeSlice(at, rows.batch, { bytes: columns.bytes.length, memory })
}

function eventOf(columns: RecordColumns, record: number): string | null {
  const headers = decodeHeaders(columns.bytes, columns.headersStarts[record], columns.headersEnds[record])
  const value = headers.find(({ name }) => name === HEADER_NAME.event)?.value ?? null
  return value === null ? null : Buffer.from(value).toString("utf8")
}

/** Most records of a batch carry the very same header bytes. */
function sameHeaders(columns: RecordColumns, a: number, b: number): boolean {
  const startA = columns.headersStarts[a]!
  const startB = columns.headersStarts[b]!
  const length = columns.headersEnds[a]! - startA
  if (columns.headersEnds[b]! - startB !== length) return false
  for (let i = 0; i < length; i++) {
    if (columns.bytes[startA + i] !== columns.bytes[startB + i]) return false
  }
  return true
}
