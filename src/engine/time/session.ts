/** A session: its bounds, and what becomes of its groups. */
import type { KeyTable } from "../state/key-table.ts"
import type { OrderedMultiset } from "../state/ordered-multiset.ts"
import { EARLIEST_US, type SessionRecord } from "./session-records.ts"

/** What all sessions of an operator share. */
export interface SessionTables {
  readonly distinct: readonly KeyTable[]
  readonly multisets: readonly OrderedMultiset[]
}

/** The group of one session becomes a part of another one's. */
export interface SessionMerge {
  readonly from: Session
  readonly to: Session
}

/** As it is while an epoch has to do with it; its record is written when the epoch ends. */
export class Session implements SessionRecord {
  /** As bytes. */
  readonly key: Uint8Array
  readonly number: bigint
  readonly distinct: readonly KeyTable[]
  readonly multisets: readonly OrderedMultiset[]
  anchorUs: bigint
  firstUs: bigint
  lastUs: bigint
  /** How many rows it has. */
  rows = 0
  isGone = false
  queuedUs: bigint | null = null
  notBeforeUs = EARLIEST_US
  /** As the rows that are out have them. */
  start = 0n
  end = 0n
  /** Its groups' rows are out, and are to be out at the end of this epoch. */
  visible = false
  showing = false
  /** The one that it became a part of. */
  into: Session | null = null
  /** Place of its group among those that the epoch has touched, of several the last one's; -1: none is. */
  touchedAt = -1

  /** @param timeUs of its first row */
  constructor(number: bigint, key: Uint8Array, timeUs: bigint, { distinct, multisets }: SessionTables) {
    this.number = number
    this.key = key
    this.anchorUs = timeUs
    this.firstUs = timeUs
    this.lastUs = timeUs
    this.distinct = distinct
    this.multisets = multisets
  }

  static of(key: Uint8Array, record: SessionRecord, tables: SessionTables): Session {
    const session = new Session(record.number, key, record.anchorUs, tables)
    session.firstUs = record.firstUs
    session.lastUs = record.lastUs
    session.rows = record.rows
    session.queuedUs = record.queuedUs
    session.notBeforeUs = record.notBeforeUs
    session.start = record.start
    session.end = record.end
    session.visible = record.visible
    return session
  }

  get isAlive(): boolean {
    return this.rows > 0 && !this.isGone
  }

  /** So far at least. */
  reach(timeUs: bigint): void {
    if (timeUs < this.firstUs) this.firstUs = timeUs
    if (timeUs > this.lastUs) this.lastUs = timeUs
  }
}
