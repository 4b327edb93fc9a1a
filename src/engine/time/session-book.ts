/**
 * Which session each row is in. Rows of one key that are no further apart than the gap are one session, from
 * its first row to its last one plus the gap. A row may begin a session, lengthen one, or join two; a row
 * that is taken back may shorten one, part it, or end it.
 *
 *   gap  ---       x--x---x---          a row between them joins both
 *                                x--x---
 *
 * What that means for the groups of sessions is told. Where rows are kept, rows move: of two sessions that
 * become one, and of two parts that one becomes, those of the smaller one. Where groups can merge, and no row
 * is ever taken back, a session is its bounds alone.
 *
 * A session whose end and lateness are over is gone: its rows are let go. Its place is remembered until no
 * row that would have joined it can come in time, so that such a row is late and begins no session of its
 * own. Rows may lengthen a living session backwards however late they are, so the last place before one is
 * known as long as it lives; and a key's first session is not lengthened by rows that would be over by
 * themselves when it began, since what was there before may have been forgotten:
 *
 *   gone     forgotten, or never there   | not before  x--x--- lives
 *
 * All of that is in records, which may be out of memory. Sessions that an epoch has to do with are objects
 * until it ends, and some stay so for the next one.
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import { assert } from "../../std/assert.ts"
import { NO_WATERMARK } from "../dataflow.ts"
import type { Share } from "../exchange/share.ts"
import type { OrderedCursor } from "../state/ordered-cursor.ts"
import type { OrderedTable } from "../state/ordered-table.ts"
import type { PageStore } from "../state/page-store.ts"
import { type Neighbour, OpenSessions } from "./open-sessions.ts"
import type { SessionMerge, SessionTables } from "./session.ts"
import { Session } from "./session.ts"
import { type SessionKey, SessionKeys } from "./session-keys.ts"
import { type Around, EARLIEST_US, type SessionRecord, SessionRecords } from "./session-records.ts"
import { type SessionRowColumns, SessionRows } from "./session-rows.ts"

export interface SessionBookOptions {
  readonly store: PageStore
  readonly gapUs: bigint
  readonly allowedLatenessUs: bigint
  /** Of rows that are placed. Time and keys are kept in any case. */
  readonly columns: SessionRowColumns
  readonly keepsRows: boolean
  readonly tables: SessionTables
  readonly share: Share
  /** The row at the cursor leaves the groups of one session, so often, and enters those of another. */
  readonly move: (at: OrderedCursor, weight: number, from: Session, to: Session | null) => void
}

type Bounds = Pick<SessionRecord, "firstUs" | "lastUs">

/** Rows of a key at these times, which reach its session, are in that and in no other. */
interface Reach {
  readonly session: Session
  readonly fromUs: bigint
  readonly untilUs: bigint
}

/** About what finds a key's last session takes, beside the key. */
const REACH_BYTES = 192
/** Of the limit on state: sessions stay objects from one epoch to the next in so much of it. */
const OPEN_PART = 1 / 64
const LATEST_US = 2n ** 63n - 1n

export class SessionBook {
  readonly records: SessionRecords
  /** Null where no rows are kept. */
  readonly rows: SessionRows | null
  readonly keys: SessionKeys
  readonly #options: SessionBookOptions
  readonly #open: OpenSessions
  /** Where the last row of a key went, so that the next one need not look the key up. */
  readonly #latest = new Map<SessionKey, Reach>()
  #nameBytes = 0
  /** Sessions that end here or before are gone. */
  #goneUs = NO_WATERMARK
  #merges: SessionMerge[] = []
  readonly #changed = new Set<Session>()
  nextNumber: bigint
  /** From one session's number to the next. */
  readonly #step: bigint

  constructor(options: SessionBookOptions) {
    this.#options = options
    const { store, columns, share } = options
    this.keys = new SessionKeys(columns.columns, columns.timeAt + 1)
    this.records = new SessionRecords(store, this.keys)
    this.#open = new OpenSessions(this.records, options.tables)
    this.rows = options.keepsRows ? new SessionRows(store, columns) : null
    this.nextNumber = BigInt(share.numberFrom(1))
    this.#step = BigInt(share.count)
  }

  /** Tables of all that it keeps. */
  get tables(): readonly OrderedTable[] {
    const { records, rows } = this
    return [records.table, records.waiting, ...(rows === null ? [] : [rows.table])]
  }

  /** Outside of pages. */
  get bytes(): number {
    return this.#open.bytes + REACH_BYTES * this.#latest.size + this.#nameBytes
  }

  judgeBy(watermarkUs: bigint): void {
    const bound = watermarkUs - this.#options.allowedLatenessUs
    this.#goneUs = watermarkUs === NO_WATERMARK || bound < NO_WATERMARK ? NO_WATERMARK : bound
  }

  /** One that the epoch has to do with. */
  session(number: bigint): Session {
    return this.#open.get(number)
  }

  /** The batch whose rows are placed next. */
  begin(batch: ChangeBatch): void {
    this.keys.begin(batch)
    this.rows?.begin(batch)
  }

  /** True when the session that the row would begin or join is gone. */
  isLate(name: SessionKey, row: number, timeUs: bigint): boolean {
    if (this.#reached(name, timeUs) !== null) return false
    return this.#isLate(this.#open.around(this.keys.encode(row), timeUs), timeUs)
  }

  /** The session that the row is in, begun or joined for it where it must; null: it is late. */
  place(name: SessionKey, row: number, timeUs: bigint, weight = 1): Session | null {
    const session = this.#reached(name, timeUs) ?? this.#sessionAt(name, row, timeUs)
    if (session === null) return null
    session.reach(timeUs)
    session.rows += weight
    this.#changed.add(session)
    return session
  }

  /** Takes a row back as often; returns how often it was in no session that lives. */
  remove(name: SessionKey, row: number, timeUs: bigint, weight: number): number {
    const { rows } = this
    assert(rows !== null, "rows are taken back where they are kept")
    this.#latest.delete(name)
    const { before, behind } = this.#open.around(this.keys.encode(row), timeUs)
    const session = [before, behind].find((each) => each !== null && isInside(each, timeUs))
    if (!(session instanceof Session)) return weight
    const at = rows.find(row)
    if (at === null) return weight
    const taken = Math.min(weight, at.weight)
    const isLast = taken === at.weight
    this.#options.move(at, taken, session, null)
    rows.table.addAt(at, -taken)
    session.rows -= taken
    this.#changed.add(session)
    if (session.rows === 0) {
      this.#open.end(session)
      this.#handOn(session)
    } else if (isLast) this.#shrink(session, rows, at)
    return weight - taken
  }

  /** Since the last call, in order: each before a row that came later goes into the group. */
  takeMerges(): readonly SessionMerge[] {
    const taken = this.#merges
    this.#merges = []
    return taken
  }

  /** Sessions that have changed since the last call, also those that are no more. */
  takeChanged(): readonly Session[] {
    const taken = [...this.#changed]
    this.#changed.clear()
    return taken
  }

  /**
   * Sessions that have waited for this time, so many at most, none where there are no more of them; each
   * waits for nothing now. Places of gone ones that no row can reach in time are forgotten.
   */
  takeDue(watermarkUs: bigint, most: number): readonly Session[] {
    const due: Session[] = []
    while (due.length === 0) {
      const waited = this.records.takeWaiting(watermarkUs, most)
      if (waited.length === 0) break
      for (const { key, anchorUs } of waited) {
        const record = this.records.at(key, anchorUs)
        assert(record !== null, "what waits has a record")
        if (record.isGone) {
          this.#forget(key, record)
          continue
        }
        const session = this.#open.of(key, record)
        session.queuedUs = null
        due.push(session)
      }
    }
    return due
  }

  /** It is among those that are due at this time at the latest. */
  waitFor(session: Session, timeUs: bigint): void {
    this.#open.waitFor(session, timeUs)
  }

  /** The session is gone: its rows are let go, and it is remembered by its place alone. */
  letGo(session: Session): void {
    const { gapUs, allowedLatenessUs } = this.#options
    this.rows?.remove(session)
    this.#open.letGo(session, atMostLatest(session.lastUs + 2n * gapUs + allowedLatenessUs))
  }

  /** Ends the epoch for these, of which nobody holds any then. */
  write(sessions: readonly Session[]): void {
    this.#open.write(sessions)
    if (this.bytes <= this.#options.store.limitBytes * OPEN_PART) return
    this.#open.clear()
    this.#latest.clear()
    this.#nameBytes = 0
  }

  /** When nothing of it comes any more, unless a row that ends later joins it. */
  goneAt({ lastUs }: Pick<Session, "lastUs">): bigint {
    return atMostLatest(lastUs + this.#options.gapUs + this.#options.allowedLatenessUs)
  }

  #reached(name: SessionKey, timeUs: bigint): Session | null {
    const reach = this.#latest.get(name)
    if (reach === undefined || timeUs < reach.fromUs || timeUs > reach.untilUs) return null
    const { session } = reach
    return session.isAlive && this.#reaches(session, timeUs) ? session : null
  }

  #sessionAt(name: SessionKey, row: number, timeUs: bigint): Session | null {
    const key = this.keys.encode(row)
    const neighbours = this.#open.around(key, timeUs)
    if (this.#isLate(neighbours, timeUs)) return null
    const before = this.#joins(neighbours.before, timeUs) ? neighbours.before : null
    const behind = this.#joins(neighbours.behind, timeUs) ? neighbours.behind : null
    let session = before ?? behind ?? this.#beginAt(key, timeUs, neighbours)
    if (before !== null && behind !== null) {
      session = this.#options.keepsRows ? this.#join(before, behind) : this.#merge(before, behind)
    }
    const least = before === null ? this.#endOfReach(neighbours.before) : before.firstUs
    if (!this.#latest.has(name)) this.#nameBytes += key.length
    this.#latest.set(name, {
      session,
      fromUs: least > session.notBeforeUs ? least : session.notBeforeUs,
      untilUs: behind === null ? this.#beginOfReach(neighbours.behind) : behind.lastUs,
    })
    return session
  }

  #beginAt(key: Uint8Array, timeUs: bigint, { before, behind }: Around<Neighbour>): Session {
    const session = this.#begin(key, timeUs)
    if (before instanceof Session) session.notBeforeUs = before.notBeforeUs
    else if (behind instanceof Session) session.notBeforeUs = behind.notBeforeUs
    else session.notBeforeUs = this.#overUntil()
    this.#open.put(session)
    return session
  }

  /** The first time of a row that is not over by itself. */
  #overUntil(): bigint {
    if (this.#goneUs === NO_WATERMARK) return EARLIEST_US
    const timeUs = this.#goneUs - this.#options.gapUs + 1n
    return timeUs < EARLIEST_US ? EARLIEST_US : timeUs
  }

  /** A place that no row that comes in time reaches, unless a session that lives did, too. */
  #forget(key: Uint8Array, place: SessionRecord): void {
    this.records.remove(key, place.anchorUs)
    const { behind } = this.#open.around(key, place.anchorUs)
    if (behind instanceof Session) this.#begins(behind, this.#endOfReach(place))
  }

  /** One that was emptied knew what was before it. */
  #handOn({ key, anchorUs, notBeforeUs }: Session): void {
    const { before, behind } = this.#open.around(key, anchorUs)
    if (!(before instanceof Session) && behind instanceof Session) this.#begins(behind, notBeforeUs)
  }

  #begins(session: Session, notBeforeUs: bigint): void {
    if (session.notBeforeUs >= notBeforeUs) return
    session.notBeforeUs = notBeforeUs
    this.#open.put(session)
  }

  /** The first time behind all that reach it. */
  #endOfReach(before: Bounds | null): bigint {
    return before === null ? EARLIEST_US : before.lastUs + this.#options.gapUs + 1n
  }

  #beginOfReach(behind: Bounds | null): bigint {
    return behind === null ? LATEST_US : behind.firstUs - this.#options.gapUs - 1n
  }

  #reaches({ firstUs, lastUs }: Bounds, timeUs: bigint): boolean {
    const { gapUs } = this.#options
    return timeUs < firstUs ? firstUs - timeUs <= gapUs : timeUs - lastUs <= gapUs
  }

  /** A row of this time and the session that lives are one. */
  #joins(neighbour: Neighbour | null, timeUs: bigint): neighbour is Session {
    return neighbour instanceof Session && this.#reaches(neighbour, timeUs)
  }

  #isLate({ before, behind }: Around<Neighbour>, timeUs: bigint): boolean {
    let isReached = false
    for (const each of [before, behind]) {
      if (each === null || !this.#reaches(each, timeUs)) continue
      if (each.isGone || timeUs < each.notBeforeUs) return true
      isReached = true
    }
    return !isReached && timeUs < this.#overUntil()
  }

  #begin(key: Uint8Array, timeUs: bigint): Session {
    const session = this.#open.begin(this.nextNumber, key, timeUs)
    this.nextNumber += this.#step
    return session
  }

  /** The smaller one's rows go over to the larger one. */
  #join(before: Session, behind: Session): Session {
    const [kept, joined] = before.rows >= behind.rows ? [before, behind] : [behind, before]
    this.#moveRows(joined, joined, kept)
    this.#become(joined, kept)
    return kept
  }

  /** The younger one becomes a part of the older one. */
  #merge(before: Session, behind: Session): Session {
    const [kept, merged] = before.number < behind.number ? [before, behind] : [behind, before]
    this.#merges.push({ from: merged, to: kept })
    this.#become(merged, kept)
    return kept
  }

  #become(part: Session, whole: Session): void {
    // The earlier one's, since the row between them is behind the later one's.
    if (part.firstUs < whole.firstUs) whole.notBeforeUs = part.notBeforeUs
    whole.reach(part.firstUs)
    whole.reach(part.lastUs)
    whole.rows += part.rows
    part.rows = 0
    part.into = whole
    this.#changed.add(part).add(whole)
    this.#open.end(part)
  }

  /** A row was taken away where the cursor is. */
  #shrink(session: Session, rows: SessionRows, at: OrderedCursor): void {
    const { beforeUs, behindUs } = rows.timesAt(at, session)
    if (beforeUs === null) session.firstUs = behindUs!
    else if (behindUs === null) session.lastUs = beforeUs
    else if (behindUs - beforeUs > this.#options.gapUs) {
      this.#part(session, rows, beforeUs, behindUs)
      return
    }
    this.#open.anchor(session)
  }

  /** The smaller part becomes a session of its own. */
  #part(session: Session, rows: SessionRows, beforeUs: bigint, behindUs: bigint): void {
    const { key, firstUs, lastUs } = session
    const left = rows.count({ key, firstUs, lastUs: beforeUs })
    const right = session.rows - left
    const begun = this.#begin(key, left >= right ? behindUs : firstUs)
    begun.notBeforeUs = session.notBeforeUs
    begun.lastUs = left >= right ? lastUs : beforeUs
    begun.rows = Math.min(left, right)
    session.rows = Math.max(left, right)
    if (left >= right) session.lastUs = beforeUs
    else session.firstUs = behindUs
    this.#open.anchor(session)
    this.#open.put(begun)
    this.#changed.add(begun)
    this.#moveRows(begun, session, begun)
  }

  #moveRows({ key, firstUs, lastUs }: Session, from: Session, to: Session): void {
    assert(this.rows !== null, "rows move where they are kept")
    for (const at of this.rows.in({ key, firstUs, lastUs })) this.#options.move(at, at.weight, from, to)
  }
}

function isInside({ firstUs, lastUs }: Bounds, timeUs: bigint): boolean {
  return timeUs >= firstUs && timeUs <= lastUs
}

function atMostLatest(timeUs: bigint): bigint {
  return timeUs < LATEST_US ? timeUs : LATEST_US
}
