/**
 * Sessions that an epoch has to do with, as objects; some stay so for the next one. What is kept of all
 * sessions, and of the places where they are gone, is in records, which may be out of memory.
 */
import { assert } from "../../std/assert.ts"
import { Session, type SessionTables } from "./session.ts"
import type { Around, SessionRecord, SessionRecords } from "./session-records.ts"

/** A session, or a place where one is gone. */
export type Neighbour = Session | SessionRecord

/** About what a session takes as an object, beside its key. */
const SESSION_BYTES = 512

export class OpenSessions {
  readonly records: SessionRecords
  readonly #tables: SessionTables
  readonly #byNumber = new Map<bigint, Session>()
  #keyBytes = 0

  constructor(records: SessionRecords, tables: SessionTables) {
    this.records = records
    this.#tables = tables
  }

  get bytes(): number {
    return SESSION_BYTES * this.#byNumber.size + this.#keyBytes
  }

  get(number: bigint): Session {
    const found = this.#byNumber.get(number)
    assert(found !== undefined, `session ${number} exists`)
    return found
  }

  /** One without a record yet. */
  begin(number: bigint, key: Uint8Array, timeUs: bigint): Session {
    return this.#keep(new Session(number, key, timeUs, this.#tables))
  }

  of(key: Uint8Array, record: SessionRecord): Session {
    const known = this.#byNumber.get(record.number)
    return known ?? this.#keep(Session.of(key, record, this.#tables))
  }

  /** The last one whose anchor is this time or before it, and the next one. */
  around(key: Uint8Array, timeUs: bigint): Around<Neighbour> {
    const { before, behind } = this.records.around(key, timeUs)
    return { before: this.#neighbour(key, before), behind: this.#neighbour(key, behind) }
  }

  /** What waits until this time at the latest is looked at then. */
  waitFor(session: Session, timeUs: bigint): void {
    if (session.queuedUs !== null && session.queuedUs <= timeUs) return
    this.#stopWaiting(session)
    session.queuedUs = timeUs
    this.records.wait(timeUs, session)
  }

  put(session: Session): void {
    this.records.put(session.key, session)
  }

  /** Its bounds are others: the anchor has to be inside. */
  anchor(session: Session): void {
    const { anchorUs, firstUs, lastUs } = session
    if (anchorUs >= firstUs && anchorUs <= lastUs) return
    this.end(session)
    session.anchorUs = firstUs
    this.put(session)
  }

  /** Nothing is kept of it; as an object it stays until the epoch ends. */
  end(session: Session): void {
    this.#stopWaiting(session)
    this.records.remove(session.key, session.anchorUs)
  }

  /** Its place is kept until then. */
  letGo(session: Session, untilUs: bigint): void {
    session.isGone = true
    this.#stopWaiting(session)
    this.waitFor(session, untilUs)
    this.put(session)
    this.#byNumber.delete(session.number)
  }

  /** Ends the epoch for these. */
  write(sessions: readonly Session[]): void {
    for (const session of sessions) {
      if (session.isAlive) this.put(session)
      else this.#byNumber.delete(session.number)
    }
  }

  /** All that they say has been written. */
  clear(): void {
    this.#byNumber.clear()
    this.#keyBytes = 0
  }

  #neighbour(key: Uint8Array, record: SessionRecord | null): Neighbour | null {
    return record === null || record.isGone ? record : this.of(key, record)
  }

  #keep(session: Session): Session {
    this.#byNumber.set(session.number, session)
    this.#keyBytes += session.key.length
    return session
  }

  #stopWaiting(session: Session): void {
    if (session.queuedUs === null) return
    this.records.waitNoMore(session.queuedUs, session)
    session.queuedUs = null
  }
}
