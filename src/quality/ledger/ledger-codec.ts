/**
 * Records of the ledger topic `_ledger`, whose order is that of the epochs of each history.
 *
 *   record  = version:u8 kind:u8 history:num epoch:num body
 *   body    = begin | mark | ruling | inherit
 *   begin   = floor:num text              kind 0: this history is the one that runs; text: its generation
 *   mark    = floor:num                   kind 1: all epochs of the history up to this one are in the ledger
 *   ruling  = part:num rest:num scope:u8 name:text topic:text partition:num first:num run*       kind 2
 *   inherit = of:num upTo:num count:num name:text*               kind 3, behind the history's first begin
 *   run     = skip:num count:num code:u8 end?     the next `skip` rows are not meant, the `count` behind are
 *   scope   = 0: duplicates, of every view (no name) | 1: of the view `name`
 *   code    = 0 duplicate | 1 late | 2.. failed, as FAILURE_CODES says | 255 applied in part, with an end
 *   end     = high:num low:num            microseconds + 2^63: windows that end by then lack the rows
 *   text    = length:num UTF-8
 *   num     = unsigned LEB128, below 2^53
 *
 * `history` is the number of the epoch that the history began with. `part` counts an epoch's rulings from 0
 * and `rest` those that follow, so that an epoch whose writing was cut off is told from a whole one. Nothing
 * of the history before ledger offset `floor` is needed: the rows that it speaks of are gone from the log.
 * What the history `of` ruled in epochs up to `upTo`, on rows of the named views and on duplicates, counts
 * for a history that inherits it.
 */
import { FAILURES, type Failure } from "../../expr/expression.ts"
import type { Inheritance } from "../../ports/epoch-output.ts"
import type { ExcludedVerdict } from "../../ports/verdict-ledger.ts"
import { assert } from "../../std/assert.ts"
import { ByteReader, ByteWriter } from "../bytes.ts"
import { ledgerBroken } from "../errors.ts"

const VERSION = 1
const KINDS = ["begin", "mark", "ruling", "inherit"] as const

const DUPLICATE = 0
const LATE = 1
const FIRST_FAILURE = 2
const PARTLY = 255
/** On disk a failure is its place in this list: new ones go to its end, none is ever taken out. */
export const FAILURE_CODES: readonly Failure[] = [
  "integer-out-of-range",
  "numeric-out-of-range",
  "division-by-zero",
  "invalid-cast",
  "invalid-argument",
  "timestamp-out-of-range",
  "process-failed",
]

interface Stamp {
  readonly history: number
  readonly epoch: number
}

export interface LedgerBegin extends Stamp {
  readonly kind: "begin"
  readonly floor: number
  readonly generation: string
}

export interface LedgerMark extends Stamp {
  readonly kind: "mark"
  readonly floor: number
}

export interface LedgerRuling extends Stamp {
  readonly kind: "ruling"
  readonly part: number
  readonly rest: number
  /** Null: duplicates, which are none of one view. */
  readonly view: string | null
  readonly topic: string
  readonly partition: number
  readonly runs: readonly LedgerRun[]
}

export interface LedgerInherit extends Stamp {
  readonly kind: "inherit"
  readonly from: Inheritance
}

export type LedgerRecord = LedgerBegin | LedgerMark | LedgerRuling | LedgerInherit

export interface LedgerRun {
  readonly offset: number
  readonly count: number
  readonly code: number
  /** Of rows that are applied in part: their windows that end here or before, in microseconds, were gone. */
  readonly goneEndUs?: bigint
}

export type Ruled =
  | { readonly verdict: "duplicate"; readonly reason: null }
  | { readonly verdict: ExcludedVerdict; readonly reason: Failure | null }
  | { readonly verdict: "partly"; readonly reason: null }

export const CODE = {
  duplicate: DUPLICATE,
  late: LATE,
  partly: PARTLY,
  /** @param failure index into FAILURES */
  failed(failure: number): number {
    const place = FAILURE_CODES.indexOf(FAILURES[failure] ?? "none")
    assert(place >= 0, "a failed row has a reason that the ledger has a code for")
    return FIRST_FAILURE + place
  },
}

export function ruledOf(code: number): Ruled {
  if (code === DUPLICATE) return { verdict: "duplicate", reason: null }
  if (code === LATE) return { verdict: "late", reason: null }
  if (code === PARTLY) return { verdict: "partly", reason: null }
  const reason = FAILURE_CODES[code - FIRST_FAILURE]
  if (reason === undefined) throw ledgerBroken(`the code ${code} has no meaning; a newer version wrote it`)
  return { verdict: "failed", reason }
}

export function encodeLedgerRecord(record: LedgerRecord): Uint8Array {
  const bytes = new ByteWriter()
  bytes.byte(VERSION)
  bytes.byte(KINDS.indexOf(record.kind))
  bytes.number(record.history)
  bytes.number(record.epoch)
  if (record.kind === "ruling") writeRuling(bytes, record)
  else if (record.kind === "inherit") writeInheritance(bytes, record.from)
  else bytes.number(record.floor)
  if (record.kind === "begin") bytes.text(record.generation)
  return bytes.done()
}

function writeInheritance(bytes: ByteWriter, { history, epoch, views }: Inheritance): void {
  for (const number of [history, epoch, views.length]) bytes.number(number)
  for (const view of views) bytes.text(view)
}

function readInheritance(reader: ByteReader): Inheritance {
  const [history, epoch, count] = [reader.number(), reader.number(), reader.number()]
  return { history, epoch, views: Array.from({ length: count }, () => reader.text()) }
}

function writeRuling(bytes: ByteWriter, ruling: LedgerRuling): void {
  const { part, rest, view, topic, partition, runs } = ruling
  bytes.number(part)
  bytes.number(rest)
  bytes.byte(view === null ? 0 : 1)
  bytes.text(view ?? "")
  bytes.text(topic)
  bytes.number(partition)
  let next = runs[0]?.offset ?? 0
  bytes.number(next)
  for (const { offset, count, code, goneEndUs } of runs) {
    assert(offset >= next && count > 0, "runs are in order and not empty")
    assert((code === PARTLY) === (goneEndUs !== undefined), "a run of rows applied in part has an end")
    bytes.number(offset - next)
    bytes.number(count)
    bytes.byte(code)
    if (goneEndUs !== undefined) writeTime(bytes, goneEndUs)
    next = offset + count
  }
}

const HALF = 2n ** 32n
const LOWEST = -(2n ** 63n)

function writeTime(bytes: ByteWriter, timeUs: bigint): void {
  const above = timeUs - LOWEST
  bytes.number(Number(above / HALF))
  bytes.number(Number(above % HALF))
}

function readTime(reader: ByteReader): bigint {
  const high = BigInt(reader.number())
  return high * HALF + BigInt(reader.number()) + LOWEST
}

/** @throws PlatformError ledger-broken */
export function decodeLedgerRecord(bytes: Uint8Array): LedgerRecord {
  const reader = new ByteReader(bytes, (why) => ledgerBroken(why))
  const version = reader.byte()
  if (version !== VERSION) throw ledgerBroken(`its record has version ${version}, not ${VERSION}`)
  const kind = KINDS[reader.byte()]
  const stamp = { history: reader.number(), epoch: reader.number() }
  switch (kind) {
    case "begin":
      return { kind, ...stamp, floor: reader.number(), generation: reader.text() }
    case "mark":
      return { kind, ...stamp, floor: reader.number() }
    case "ruling":
      return { kind, ...stamp, ...readRuling(reader) }
    case "inherit":
      return { kind, ...stamp, from: readInheritance(reader) }
    default:
      throw ledgerBroken("its record is of an unknown kind")
  }
}

function readRuling(reader: ByteReader): Omit<LedgerRuling, "kind" | "history" | "epoch"> {
  const part = reader.number()
  const rest = reader.number()
  const isView = reader.byte() === 1
  const name = reader.text()
  const topic = reader.text()
  const partition = reader.number()
  let next = reader.number()
  const runs: LedgerRun[] = []
  while (!reader.atEnd) {
    const offset = next + reader.number()
    const count = reader.number()
    const code = reader.byte()
    runs.push({ offset, count, code, ...(code === PARTLY ? { goneEndUs: readTime(reader) } : {}) })
    next = offset + count
  }
  return { part, rest, view: isView ? name : null, topic, partition, runs }
}
