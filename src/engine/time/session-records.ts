/**
 * What is kept of sessions, in two ordered tables whose pages may leave memory: a record of each session that
 * lives and of each place where one is gone, by key and time; and what waits for a time, by that time.
 *
 *   records   key | anchor | bounds, number, what is out ...
 *   waiting   time | key | anchor
 *
 * Records of a key are apart from each other, so that any time inside of one (its anchor) puts it in its
 * place: its bounds may change before it is written again, as long as the anchor stays inside.
 */
import { OrderedCursor } from "../state/ordered-cursor.ts"
import { OrderedTable } from "../state/ordered-table.ts"
import type { PageStore } from "../state/page-store.ts"
import { keyWithTime, readTime, type SessionKeys, TIME_BYTES, writeTime } from "./session-keys.ts"

export interface SessionRecord {
  /** A time inside of the bounds. */
  readonly anchorUs: bigint
  readonly firstUs: bigint
  readonly lastUs: bigint
  /** No row joins it: its place alone is kept. */
  readonly isGone: boolean
  /** The time that it waits for. */
  readonly queuedUs: bigint | null
  /** Rows before it do not join a session that lives, as those are late that reach a gone one. */
  readonly notBeforeUs: bigint
  /** Of one that lives, as is all below. */
  readonly number: bigint
  readonly rows: number
  readonly visible: boolean
  readonly start: bigint
  readonly end: bigint
}

export interface Around<T> {
  /** The last one whose anchor is this time or before it. */
  readonly before: T | null
  readonly behind: T | null
}

/** Something that waited, by where its record is. */
export interface Waited {
  readonly key: Uint8Array
  readonly anchorUs: bigint
}

const GONE = 1
const VISIBLE = 2
const QUEUED = 4
/** Number, first, last, queued, not before, start, end, rows, flags. */
const WORDS = 8
const BODY_BYTES = WORDS * 8 + 1
const ROWS_AT = WORDS - 1
const FLAGS_AT = WORDS * 8

/** The first time that there is. */
export const EARLIEST_US = -(2n ** 63n)

export class SessionRecords {
  readonly keys: SessionKeys
  readonly table: OrderedTable
  readonly waiting: OrderedTable
  readonly #at: OrderedCursor
  readonly #body = new ArrayBuffer(BODY_BYTES)
  readonly #bytes = new Uint8Array(this.#body)
  readonly #words = new BigInt64Array(this.#body, 0, WORDS)
  readonly #doubles = new Float64Array(this.#body, 0, WORDS)
  #entry = new Uint8Array(256)

  constructor(store: PageStore, keys: SessionKeys) {
    this.keys = keys
    this.table = new OrderedTable(store)
    this.waiting = new OrderedTable(store)
    this.#at = new OrderedCursor(this.table)
  }

  around(key: Uint8Array, timeUs: bigint): Around<SessionRecord> {
    const probe = keyWithTime(key, timeUs)
    const at = this.table.find(this.#at, probe, probe.length)
    // A record is longer than its key and its anchor, so that the one that is anchored here is not before it.
    const here = this.#recordOf(key, at)
    if (here?.anchorUs === timeUs) return { before: here, behind: this.#recordOf(key, at.next()) }
    return { before: this.#recordOf(key, at.previous()), behind: here }
  }

  /** Null where none is anchored there. */
  at(key: Uint8Array, anchorUs: bigint): SessionRecord | null {
    const head = keyWithTime(key, anchorUs)
    const at = this.table.find(this.#at, head, head.length)
    return at.valid && at.startsWith(head, head.length) ? this.#read(at, key.length) : null
  }

  put(key: Uint8Array, record: SessionRecord): void {
    const { isGone, visible, queuedUs } = record
    const words = this.#words
    words[0] = record.number
    words[1] = record.firstUs
    words[2] = record.lastUs
    words[3] = queuedUs ?? 0n
    words[4] = record.notBeforeUs
    words[5] = record.start
    words[6] = record.end
    this.#doubles[ROWS_AT] = record.rows
    this.#bytes[FLAGS_AT] = (isGone ? GONE : 0) | (visible ? VISIBLE : 0) | (queuedUs === null ? 0 : QUEUED)
    const head = key.length + TIME_BYTES
    const length = head + BODY_BYTES
    if (this.#entry.length < length) this.#entry = new Uint8Array(2 * length)
    const entry = this.#entry
    entry.set(key)
    writeTime(entry, key.length, record.anchorUs)
    entry.set(this.#bytes, head)
    this.table.put(entry, length, head)
  }

  /** It waits for nothing. */
  remove(key: Uint8Array, anchorUs: bigint): void {
    const head = keyWithTime(key, anchorUs)
    this.table.remove(head, head.length)
  }

  wait(timeUs: bigint, waited: Waited): void {
    const bytes = waitingBytes(timeUs, waited)
    this.waiting.add(bytes, bytes.length, 1)
  }

  waitNoMore(timeUs: bigint, waited: Waited): void {
    const bytes = waitingBytes(timeUs, waited)
    this.waiting.remove(bytes, bytes.length)
  }

  /** Takes out what waits for this time or an earlier one, the earliest first, so many at most. */
  takeWaiting(timeUs: bigint, most: number): Waited[] {
    const taken: Waited[] = []
    let last: Uint8Array | null = null
    for (const at = this.waiting.first(); at.valid && taken.length < most; at.next()) {
      const bytes = at.bytes()
      if (readTime(bytes, 0) > timeUs) break
      last = bytes
      const anchorAt = bytes.length - TIME_BYTES
      taken.push({ key: bytes.subarray(TIME_BYTES, anchorAt), anchorUs: readTime(bytes, anchorAt) })
    }
    if (last === null) return taken
    const behind = new Uint8Array(last.length + 1)
    behind.set(last)
    this.waiting.removeBelow(behind, behind.length)
    return taken
  }

  *all(): Generator<SessionRecord & { readonly key: Uint8Array }> {
    for (const at = this.table.first(); at.valid; at.next()) {
      const bytes = at.bytes()
      const length = this.keys.lengthAt(bytes, 0)
      yield { key: bytes.subarray(0, length), ...this.#read(at, length) }
    }
  }

  #recordOf(key: Uint8Array, at: OrderedCursor): SessionRecord | null {
    return at.valid && at.startsWith(key, key.length) ? this.#read(at, key.length) : null
  }

  #read({ start }: OrderedCursor, keyLength: number): SessionRecord {
    const { u8 } = this.table.store
    const from = start + keyLength + TIME_BYTES
    const bytes = this.#bytes
    for (let k = 0; k < BODY_BYTES; k++) bytes[k] = u8[from + k]!
    const words = this.#words
    const flags = bytes[FLAGS_AT]!
    return {
      anchorUs: readTime(u8, start + keyLength),
      isGone: (flags & GONE) !== 0,
      visible: (flags & VISIBLE) !== 0,
      number: words[0]!,
      firstUs: words[1]!,
      lastUs: words[2]!,
      queuedUs: (flags & QUEUED) === 0 ? null : words[3]!,
      notBeforeUs: words[4]!,
      start: words[5]!,
      end: words[6]!,
      rows: this.#doubles[ROWS_AT]!,
    }
  }
}

function waitingBytes(timeUs: bigint, { key, anchorUs }: Waited): Uint8Array {
  const bytes = new Uint8Array(key.length + 2 * TIME_BYTES)
  writeTime(bytes, 0, timeUs)
  bytes.set(key, TIME_BYTES)
  writeTime(bytes, TIME_BYTES + key.length, anchorUs)
  return bytes
}
