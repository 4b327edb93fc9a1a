/**
 * Records of the log as rows of a lake table: columns of the contract by our decoder, and the record itself
 * as it was. A record that does not fit today's contract still has its bytes in the table; only its typed
 * columns are null.
 */
import { BYTES, INT32, INT64, TIMESTAMP } from "../../columns/types.ts"
import { allocateVector, type Vector } from "../../columns/vector.ts"
import { EVENT_TYPE, type RowContract } from "../../contracts/contract.ts"
import type { DecodedRows, Decoder } from "../../contracts/decoder.ts"
import { createJsonDecoder } from "../../contracts/json/decoder.ts"
import { RECORD_COLUMNS } from "../../stores/lake/iceberg-schema.ts"
import type { ColumnRows, RowBatch } from "../../stores/lake/parquet-writer.ts"
import { decodeHeaders, HEADER_NAME } from "../../wire/kafka/headers.ts"
import type { RecordColumns } from "../../wire/kafka/record-columns.ts"
import { type Entries, UnknownFields } from "./unknown-fields.ts"

/** Neighbouring records of one batch with the same headers. */
export interface RecordRun {
  /** Null when the headers name no event. */
  readonly event: string | null
  readonly contractVersion: Uint8Array | null
  readonly first: number
  readonly count: number
}

export interface Place {
  readonly topic: string
  readonly partition: number
}

/** Runs of the batch's records from `fromOffset` up to `untilOffset`. */
export function* runsOf(
  columns: RecordColumns,
  fromOffset: number,
  untilOffset: number,
): Generator<RecordRun> {
  let run: (RecordRun & { count: number }) | null = null
  for (let record = 0; record < columns.count; record++) {
    const offset = columns.baseOffset + columns.offsetDeltas[record]!
    if (offset < fromOffset || offset >= untilOffset) continue
    if (run !== null && sameHeaders(columns, run.first, record)) {
      run.count++
      continue
    }
    if (run !== null) yield run
    const headers = decodeHeaders(columns.bytes, columns.headersStarts[record], columns.headersEnds[record])
    const event = headers.find(({ name }) => name === HEADER_NAME.event)?.value ?? null
    const contractVersion = headers.find(({ name }) => name === HEADER_NAME.contractVersion)?.value ?? null
    const name = event === null ? null : Buffer.from(event).toString("utf8")
    run = { event: name, contractVersion, first: record, count: 1 }
  }
  if (run !== null) yield run
}

export class RecordRows {
  readonly #contract: RowContract | null
  readonly #decoder: Decoder | null
  readonly #unknown: UnknownFields | null

  /** @param contract null: only what the log knows of the records */
  constructor(contract: RowContract | null) {
    this.#contract = contract
    this.#decoder = contract === null ? null : createJsonDecoder(contract)
    this.#unknown =
      contract === null ? null : new UnknownFields([...contract.fields.map(({ name }) => name), EVENT_TYPE])
  }

  /** `undecoded`: records whose typed columns are null, because they do not fit the contract. */
  of(place: Place, records: RecordColumns, run: RecordRun): { batch: RowBatch; undecoded: number } {
    const decoded = this.#decode(records, run)
    const columns = new Map<string, ColumnRows>(this.#typed(decoded, run.count))
    for (const [name, rows] of recordColumns(place, records, run)) columns.set(name, rows)
    const entries = decoded?.hasUnnamed === true ? this.#unknownOf(records, run) : []
    columns.set(RECORD_COLUMNS.unknownFields, { kind: "map", entries })
    const undecoded = decoded === null ? 0 : run.count - decoded.batch.length
    return { batch: { count: run.count, columns }, undecoded }
  }

  #decode(records: RecordColumns, { first, count }: RecordRun): DecodedRows | null {
    if (this.#decoder === null) return null
    const starts = records.valueStarts.subarray(first, first + count)
    // A tombstone is no row: the decoder refuses its empty text.
    const ends = records.valueEnds.slice(first, first + count)
    for (let row = 0; row < count; row++) if (ends[row] === -1) ends[row] = starts[row]!
    return this.#decoder.decodeRows(records.bytes, { starts, ends, indexes: null, count }, { maxRejected: 0 })
  }

  #typed(decoded: DecodedRows | null, count: number): [string, ColumnRows][] {
    if (this.#contract === null || decoded === null) return []
    const { batch, indexes } = decoded
    const rows = batch.length === count ? null : positions(indexes, batch.length, count)
    return this.#contract.fields.map(({ name }, field) => {
      return [name, { kind: "vector", vector: batch.vectors[field]!, rows }]
    })
  }

  #unknownOf({ bytes, valueStarts, valueEnds }: RecordColumns, { first, count }: RecordRun): Entries[] {
    const entries: Entries[] = []
    for (let record = first; record < first + count; record++) {
      const end = valueEnds[record]!
      entries.push(end === -1 ? [] : this.#unknown!.of(bytes, valueStarts[record]!, end))
    }
    return entries
  }
}

/** Row of the decoded batch for each record; -1 where there is none. */
function positions(indexes: Int32Array, length: number, count: number): Int32Array {
  const rows = new Int32Array(count).fill(-1)
  for (let row = 0; row < length; row++) rows[indexes[row]!] = row
  return rows
}

function recordColumns(place: Place, records: RecordColumns, run: RecordRun): [string, ColumnRows][] {
  const { first, count, contractVersion } = run
  const [processedAt, offsets] = [allocateVector(TIMESTAMP, count), allocateVector(INT64, count)]
  const [times, places] = [halvesOf(processedAt), halvesOf(offsets)]
  for (let i = 0; i < count; i++) {
    putLong(times, i, records.timestampsMs[first + i]! * 1000)
    putLong(places, i, records.baseOffset + records.offsetDeltas[first + i]!)
  }
  const partitions = allocateVector(INT32, count)
  partitions.values.fill(place.partition as never)
  const vector = (of: Vector): ColumnRows => ({ kind: "vector", vector: of, rows: null })
  const repeated = (value: Uint8Array | null): ColumnRows => ({ kind: "repeated", value })
  const slices = (starts: Int32Array, ends: Int32Array) =>
    vector(
      slicesOf(records.bytes, starts.subarray(first, first + count), ends.subarray(first, first + count)),
    )
  return [
    [RECORD_COLUMNS.processedAt, vector(processedAt)],
    [RECORD_COLUMNS.topic, repeated(Buffer.from(place.topic))],
    [RECORD_COLUMNS.partition, vector(partitions)],
    [RECORD_COLUMNS.offset, vector(offsets)],
    [RECORD_COLUMNS.contractVersion, repeated(contractVersion)],
    [RECORD_COLUMNS.key, slices(records.keyStarts, records.keyEnds)],
    // The same in all records of a run.
    [
      RECORD_COLUMNS.headers,
      repeated(records.bytes.subarray(records.headersStarts[first]!, records.headersEnds[first]!)),
    ],
    [RECORD_COLUMNS.value, slices(records.valueStarts, records.valueEnds)],
  ]
}

function halvesOf({ values }: Vector): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, 2 * values.length)
}

/** A whole number below 2^53, without a BigInt for it. */
function putLong(halves: Int32Array, row: number, value: number): void {
  halves[2 * row] = value | 0
  halves[2 * row + 1] = Math.floor(value / 4_294_967_296)
}

/** An end of -1 is a null. */
function slicesOf(data: Uint8Array, starts: Int32Array, ends: Int32Array): Vector {
  const nulls = new Uint8Array(starts.length)
  for (let row = 0; row < starts.length; row++) if (ends[row] === -1) nulls[row] = 1
  return { type: BYTES, nulls, values: starts, ends, data }
}

/** Most records of a batch carry the very same header bytes. */
function sameHeaders({ bytes, headersStarts, headersEnds }: RecordColumns, a: number, b: number): boolean {
  const [startA, startB] = [headersStarts[a]!, headersStarts[b]!]
  const length = headersEnds[a]! - startA
  if (headersEnds[b]! - startB !== length) return false
  for (let i = 0; i < length; i++) if (bytes[startA + i] !== bytes[startB + i]) return false
  return true
}
