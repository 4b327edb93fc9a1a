/** A session: its bounds, the rows that it holds, and what becomes of its groups. */
import type { KeyTable } from "../state/key-table.ts"
import type { OrderedMultiset } from "../state/ordered-multiset.ts"
import type { SessionKey, SessionRow } from "./session-rows.ts"

export interface SessionMove {
  readonly session: Session
  readonly row: SessionRow
  readonly weight: 1 | -1
}

/** The group of one session becomes a part of another one's. */
export interface SessionMerge {
  readonly from: SessionMove
  readonly to: SessionMove
}

/** What all sessions of an operator share. */
export interface SessionTables {
  readonly distinct: readonly KeyTable[]
  readonly multisets: readonly OrderedMultiset[]
}

export class Session {
  readonly number: bigint
  readonly key: SessionKey
  readonly distinct: readonly KeyTable[]
  readonly multisets: readonly OrderedMultiset[]
  /** By time; where they are not kept, the one that began it. */
  rows: SessionRow[] = []
  /** A checkpoint reads `rows`: they are copied before they change. */
  shared = false
  firstUs: bigint
  lastUs: bigint
  /** The one that it became a part of. */
  into: Session | null = null
  /** As the rows that are out have them. */
  start = 0n
  end = 0n
  /** Its groups' rows are out, and are to be out at the end of this epoch. */
  visible = false
  showing = false
  isGone = false
  /** Place of its group among those that the epoch has touched, of several the last one's; -1: none is. */
  touchedAt = -1
  /** End under which it waits to be closed. */
  queuedUs: bigint | null = null

  /** @param timeUs of its only row as yet */
  constructor(number: bigint, key: SessionKey, timeUs: bigint, { distinct, multisets }: SessionTables) {
    this.number = number
    this.key = key
    this.firstUs = timeUs
    this.lastUs = timeUs
    this.distinct = distinct
    this.multisets = multisets
  }

  get isAlive(): boolean {
    return this.rows.length > 0
  }

  /** So far at least. */
  reach(timeUs: bigint): void {
    if (timeUs < this.firstUs) this.firstUs = timeUs
    if (timeUs > this.lastUs) this.lastUs = timeUs
  }

  /** These rows and no others, by time. */
  hold(rows: SessionRow[]): void {
    this.rows = rows
    this.shared = false
    if (rows.length === 0) return
    this.firstUs = rows[0]!.timeUs
    this.lastUs = rows.at(-1)!.timeUs
  }
}

export interface GoneSession {
  readonly key: SessionKey
  readonly firstUs: bigint
  readonly lastUs: bigint
}
