/**
 * Where events come in: bytes are decoded and validated, duplicates are recognised, good rows are appended
 * to the log, and the answer leaves after the sync. The decoded columns go on to the engine without being
 * decoded again.
 *
 *   received = accepted + duplicates + rejected + dead-lettered, for every request
 */
import type { Batch } from "../../columns/batch.ts"
import { gatherRows } from "../../columns/gather.ts"
import { readScalar } from "../../columns/scalar.ts"
import { TIMESTAMP } from "../../columns/types.ts"
import { allocateVector, type Vector } from "../../columns/vector.ts"
import type { EventContract } from "../../contracts/contract.ts"
import type { DecodedRows, Decoder, RejectedRow } from "../../contracts/decoder.ts"
import { routeByEventType } from "../../contracts/route.ts"
import type { AppendResult, Log, RecordSet, TopicInfo } from "../../log/log.ts"
import { assert } from "../../std/assert.ts"
import type { Clock } from "../../std/clock.ts"
import { isPlatformError } from "../../std/errors.ts"
import { encodeHeaders, HEADER_NAME } from "../../wire/kafka/headers.ts"
import { partitionOf } from "../../wire/kafka/partitioner.ts"
import type { IngestAnswer, IngestRequest, KeptRow } from "../runtime.ts"
import { type DeadLetterBox, keepsInvalid, MAX_LETTERS_PER_REQUEST, UNKEEPABLE } from "./dead-letter-box.ts"
import type { Duplicates } from "./duplicates/duplicates.ts"
import { FirstRows, type IdColumn, idColumn } from "./duplicates/id-column.ts"
import type { IdSeed } from "./duplicates/id-hash.ts"
import type { Occurrence } from "./duplicates/known-ids.ts"
import { overloaded, unknownEvent } from "./errors.ts"
import type { Intake, IntakeSlice } from "./intake.ts"
import type { LaneCounts, TakenRows } from "./lane-counts.ts"
import type { Rate } from "./rate.ts"
import { encodeReceipts, type Receipt, type ReceiptRange } from "./receipt.ts"
import { rangesOf } from "./receipt-ranges.ts"
import { RowMemory } from "./row-memory.ts"

/** Rejected rows that an answer names one by one. */
const MAX_NAMED_REJECTS = 100
/** Rows in the log that the engine has not taken; beyond it producers wait, so that lag stays bounded. */
const MAX_BACKLOG_ROWS = 4_000_000
const RETRY_AFTER_MS = 250

/** One event's way through the door, and what was counted on it. */
export interface EventLane {
  readonly contract: EventContract
  readonly decoder: Decoder
  readonly topic: TopicInfo
  readonly headers: Uint8Array
  /** Null when ids are not remembered. */
  readonly duplicates: Duplicates | null
  readonly counts: LaneCounts
  readonly taken: TakenRows
  readonly rate: Rate
}

export interface DoorParts {
  readonly log: Log
  readonly clock: Clock
  readonly intake: Intake
  readonly lanes: ReadonlyMap<string, EventLane>
  readonly letters: DeadLetterBox
  readonly onRejected: (event: string | null, rows: readonly RejectedRow[], request: IngestRequest) => void
}

/** Decoded rows, and what they keep alive. */
interface HeldRows {
  readonly rows: DecodedRows
  readonly memory: RowMemory
  readonly headers: Uint8Array
}

interface LaneAnswer {
  readonly accepted: number
  readonly duplicates: number
  readonly rejected: readonly RejectedRow[]
  readonly rejectedCount: number
  readonly kept: readonly KeptRow[]
  readonly receipt: Receipt | null
}

export class Door {
  readonly #parts: DoorParts

  constructor(parts: DoorParts) {
    this.#parts = parts
  }

  async ingest(request: IngestRequest): Promise<IngestAnswer> {
    if (this.#parts.intake.backlogRows > MAX_BACKLOG_ROWS) {
      throw overloaded("The engine is too far behind", RETRY_AFTER_MS)
    }
    return request.event === null ? this.#ingestMixed(request) : this.#ingestOne(request.event, request)
  }

  async #ingestOne(event: string, request: IngestRequest): Promise<IngestAnswer> {
    const lane = this.#lane(event)
    const rows = lane.decoder.decode(request.body, request.framing, namedRejects(lane, request))
    const memory = memoryOf(request, [rows])
    const answer = await this.#admit(lane, { rows, memory, headers: headersOf(lane, request) }, request)
    memory.release()
    return {
      received: rows.received,
      accepted: answer.accepted,
      duplicates: answer.duplicates,
      rejected: answer.rejected,
      rejectedCount: answer.rejectedCount,
      deadLettered: answer.kept.slice(0, MAX_NAMED_REJECTS),
      deadLetteredCount: answer.kept.length,
      receipt: answer.receipt === null ? null : encodeReceipts([answer.receipt]),
    }
  }

  /** Rows name their event themselves; each event's rows are decoded and appended together. */
  async #ingestMixed(request: IngestRequest): Promise<IngestAnswer> {
    const { groups, rejected, rejectedCount, received } = routeByEventType(request.body, request.framing, {
      known: this.#parts.lanes,
      maxRejected: MAX_NAMED_REJECTS,
    })
    if (rejectedCount > 0) this.#parts.onRejected(null, rejected, request)
    const decoded = [...groups].map(([event, ranges]) => {
      const lane = this.#lane(event)
      return { lane, rows: lane.decoder.decodeRows(request.body, ranges, namedRejects(lane, request)) }
    })
    const memory = memoryOf(
      request,
      decoded.map(({ rows }) => rows),
    )
    const answers = await Promise.all(
      decoded.map(({ lane, rows }) => {
        return this.#admit(lane, { rows, memory, headers: headersOf(lane, request) }, request)
      }),
    )
    memory.release()
    const receipts = answers.flatMap(({ receipt }) => (receipt === null ? [] : [receipt]))
    return {
      received,
      accepted: sum(answers, (answer) => answer.accepted),
      duplicates: sum(answers, (answer) => answer.duplicates),
      rejected: [...rejected, ...answers.flatMap((answer) => answer.rejected)]
        .sort((a, b) => a.index - b.index)
        .slice(0, MAX_NAMED_REJECTS),
      rejectedCount: rejectedCount + sum(answers, (answer) => answer.rejectedCount),
      deadLettered: answers
        .flatMap(({ kept }) => kept)
        .sort((a, b) => a.index - b.index)
        .slice(0, MAX_NAMED_REJECTS),
      deadLetteredCount: sum(answers, ({ kept }) => kept.length),
      receipt: receipts.length === 0 ? null : encodeReceipts(receipts),
    }
  }

  async #admit(lane: EventLane, held: HeldRows, request: IngestRequest): Promise<LaneAnswer> {
    const { counts } = lane
    const { rows } = held
    const fresh = this.#freshRows(lane, rows)
    const accepted = fresh.rows?.length ?? rows.batch.length
    // Together, so that when one fails the failure of the other is heard, too.
    const toKeep = keepsInvalid(lane.contract, request)
      ? rows.rejected.filter(({ code }) => code !== UNKEEPABLE)
      : []
    const [appended, earlier, kept] = await Promise.all([
      accepted === 0 ? [] : this.#append(lane, held, fresh.rows),
      Promise.all(fresh.earlier),
      this.#keep(lane.contract.name, toKeep, request),
    ])
    const rejected =
      toKeep.length === 0 ? rows.rejected : rows.rejected.filter(({ code }) => code === UNKEEPABLE)
    const rejectedCount = rows.rejectedCount - kept.length
    const duplicates = rows.batch.length - accepted
    counts.received += rows.received
    counts.accepted += accepted
    lane.rate.add(accepted)
    counts.duplicates += duplicates
    counts.rejected += rejectedCount
    counts.deadLettered += kept.length
    if (rejectedCount > 0) this.#parts.onRejected(lane.contract.name, rejected, request)
    const ranges = [...appended, ...rangesOf(earlier)]
    return {
      accepted,
      duplicates,
      rejected: rejected.slice(0, MAX_NAMED_REJECTS),
      rejectedCount,
      kept,
      receipt: ranges.length === 0 ? null : this.#receipt(lane, ranges),
    }
  }

  async #keep(
    event: string,
    rows: readonly RejectedRow[],
    request: IngestRequest,
  ): Promise<readonly KeptRow[]> {
    try {
      return await this.#parts.letters.keep(event, rows, request)
    } catch (error) {
      throw asOverloaded(error)
    }
  }

  #receipt(lane: EventLane, ranges: readonly ReceiptRange[]): Receipt {
    const { topicId, name } = lane.topic
    return { logId: this.#parts.log.logId, topicId, topic: name, event: lane.contract.name, ranges }
  }

  /**
   * Rows that were not seen before (null: all of them), and where earlier requests' copies of the others are.
   */
  #freshRows(
    lane: EventLane,
    rows: DecodedRows,
  ): { rows: Int32Array | null; earlier: Promise<Occurrence>[] } {
    if (lane.duplicates === null) return { rows: null, earlier: [] }
    const nowMs = this.#parts.clock.nowMs()
    const fresh: number[] = []
    const earlier: Promise<Occurrence>[] = []
    const ids = idsOf(lane.contract, rows.batch, lane.duplicates.seed)
    const firstRows = new FirstRows(ids)
    for (let row = 0; row < ids.count; row++) {
      const known = lane.duplicates.find(ids, row, nowMs)
      const coming = known === undefined ? lane.duplicates.coming(ids, row) : undefined
      if (known !== undefined) earlier.push(Promise.resolve(known))
      else if (coming !== undefined) earlier.push(coming)
      else if (firstRows.add(row)) fresh.push(row)
    }
    return { rows: fresh.length === rows.batch.length ? null : Int32Array.from(fresh), earlier }
  }

  async #append(lane: EventLane, held: HeldRows, selected: Int32Array | null): Promise<ReceiptRange[]> {
    const shares = this.#shares(lane, held.rows, selected)
    return Promise.all(shares.map((share) => this.#appendShare(lane, held, share)))
  }

  /** Splits rows by partition: murmur2 of the key, as Kafka's clients do. */
  #shares(
    lane: EventLane,
    rows: DecodedRows,
    selected: Int32Array | null,
  ): { partition: number; rows: Int32Array | null }[] {
    const { partitions, key, id } = lane.contract
    if (partitions === 1) return [{ partition: 0, rows: selected }]
    const keys = keySlices(lane.contract, rows.batch, key ?? id)
    const byPartition = new Map<number, number[]>()
    const all = selected ?? Int32Array.from({ length: rows.batch.length }, (_, row) => row)
    for (const row of all) {
      const start = keys.starts[row]!
      const partition = partitionOf(keys.bytes, start, Math.max(start, keys.ends[row]!), partitions)
      const share = byPartition.get(partition)
      if (share === undefined) byPartition.set(partition, [row])
      else share.push(row)
    }
    return [...byPartition].map(([partition, list]) => ({ partition, rows: Int32Array.from(list) }))
  }

  async #appendShare(
    lane: EventLane,
    { rows, memory, headers }: HeldRows,
    share: { partition: number; rows: Int32Array | null },
  ): Promise<ReceiptRange> {
    const { intake } = this.#parts
    const { contract } = lane
    const keys = contract.key === null ? null : keySlices(contract, rows.batch, contract.key)
    const records: RecordSet = {
      count: share.rows?.length ?? rows.batch.length,
      bytes: rows.bytes,
      valueStarts: rows.valueStarts,
      valueEnds: rows.valueEnds,
      keyBytes: keys?.bytes ?? null,
      keyStarts: keys?.starts ?? null,
      keyEnds: keys?.ends ?? null,
      headers,
      rows: share.rows,
    }
    const appending = this.#appendRecords(lane, share.partition, records)
    announce(lane, rows, share, appending)
    const { baseOffset, appendTimeMs } = await appending
    const batch = share.rows === null ? rows.batch : gatherRows(rows.batch, share.rows)
    const topic = lane.topic.name
    const base = { event: contract.name, topic, partition: share.partition, baseOffset, appendTimeMs }
    intake.offer(intakeSlice(base, batch, { bytes: rows.bytes.length, memory: memory.hold() }))
    return { partition: share.partition, first: baseOffset, last: baseOffset + records.count - 1 }
  }

  async #appendRecords(lane: EventLane, partition: number, records: RecordSet): Promise<AppendResult> {
    try {
      return await this.#parts.log.append({ topic: lane.topic.name, partition, records })
    } catch (error) {
      throw asOverloaded(error)
    }
  }

  #lane(event: string): EventLane {
    const lane = this.#parts.lanes.get(event)
    if (lane === undefined) throw unknownEvent(event, [...this.#parts.lanes.keys()])
    return lane
  }
}

function asOverloaded(error: unknown): unknown {
  return isPlatformError(error, "log-full") ? overloaded("The log's queue is full", RETRY_AFTER_MS) : error
}

/** Rows that are kept are named all. */
function namedRejects(lane: EventLane, request: IngestRequest): { readonly maxRejected: number } {
  return { maxRejected: keepsInvalid(lane.contract, request) ? MAX_LETTERS_PER_REQUEST : MAX_NAMED_REJECTS }
}

/** Lets later copies of these ids find them before the operator behind the log has ruled on them. */
function announce(
  { duplicates, contract }: EventLane,
  rows: DecodedRows,
  { partition, rows: selected }: { readonly partition: number; readonly rows: Int32Array | null },
  appending: Promise<AppendResult>,
): void {
  if (duplicates === null) return
  duplicates.announce(
    idsOf(contract, rows.batch, duplicates.seed),
    selected,
    appending.then(({ baseOffset, appendTimeMs }) => ({ partition, baseOffset, appendTimeMs })),
  )
}

function headersOf({ contract, headers }: EventLane, { sourcePosition }: IngestRequest): Uint8Array {
  return sourcePosition === undefined ? headers : makeHeaders(contract, sourcePosition)
}

export function makeHeaders(contract: EventContract, sourcePosition: string | null = null): Uint8Array {
  const from = { name: HEADER_NAME.sourcePosition, value: Buffer.from(sourcePosition ?? "") }
  return encodeHeaders([
    ...(sourcePosition === null ? [] : [from]),
    { name: HEADER_NAME.event, value: Buffer.from(contract.name) },
    { name: HEADER_NAME.contractVersion, value: Buffer.from(contract.fingerprint) },
  ])
}

function memoryOf(request: IngestRequest, decoded: readonly DecodedRows[]): RowMemory {
  const memory = new RowMemory()
  for (const rows of decoded) memory.add(rows.memory)
  if (request.isBodyGiven === true) memory.add(request.body.buffer as ArrayBuffer)
  return memory
}

/** Puts processed_at behind the decoded columns. The slice is a holder of `held.memory`. */
export function intakeSlice(
  place: Pick<IntakeSlice, "event" | "topic" | "partition" | "baseOffset" | "appendTimeMs">,
  batch: Batch,
  held: { readonly bytes: number; readonly memory: RowMemory | null },
): IntakeSlice {
  const processedAt = allocateVector(TIMESTAMP, batch.length)
  ;(processedAt.values as BigInt64Array).fill(BigInt(place.appendTimeMs) * 1000n)
  const vectors: readonly Vector[] = [...batch.vectors, processedAt]
  const columns = { length: batch.length, vectors }
  return { ...place, count: batch.length, batch: columns, heldBytes: held.bytes, memory: held.memory }
}

/** The id of each row as bytes: text as it is, numbers as the column has them. */
export function idsOf(contract: EventContract, batch: Batch, seed: IdSeed): IdColumn {
  const { type, values } = batch.vectors[fieldIndex(contract, contract.id)]!
  if (type.kind === "string") {
    return idColumn(batch.length, keySlices(contract, batch, contract.id), seed)
  }
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  const width = values.BYTES_PER_ELEMENT
  const starts = Int32Array.from({ length: batch.length }, (_, row) => row * width)
  return idColumn(batch.length, { bytes, starts, ends: starts.map((start) => start + width) }, seed)
}

export function fieldIndex(contract: EventContract, field: string): number {
  const index = contract.fields.findIndex(({ name }) => name === field)
  assert(index >= 0, `${field} is a field of ${contract.name}`)
  return index
}

/** The bytes of a field per row, as the record's key: strings as they are, other types as their text. */
function keySlices(
  contract: EventContract,
  batch: Batch,
  field: string,
): { bytes: Uint8Array; starts: Int32Array; ends: Int32Array } {
  const vector = batch.vectors[fieldIndex(contract, field)]
  assert(vector !== undefined, `${field} is a column`)
  if (vector.type.kind === "string") {
    const ends = vector.ends.slice(0, batch.length)
    for (let row = 0; row < batch.length; row++) if (vector.nulls[row] === 1) ends[row] = -1
    return { bytes: vector.data, starts: vector.values as Int32Array, ends }
  }
  const texts = Array.from({ length: batch.length }, (_, row) => readScalar(vector, row))
  const encoded = texts.map((value) => (value === null ? null : Buffer.from(String(value))))
  const starts = new Int32Array(batch.length)
  const ends = new Int32Array(batch.length)
  let position = 0
  for (const [row, bytes] of encoded.entries()) {
    starts[row] = position
    position += bytes?.length ?? 0
    ends[row] = bytes === null ? -1 : position
  }
  return { bytes: Buffer.concat(encoded.filter((bytes) => bytes !== null)), starts, ends }
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
