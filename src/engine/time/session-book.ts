/**
 * Which session each row is in. Rows of one key that are no further apart than the gap are one session, from
 * its first row to its last one plus the gap. A row may begin a session, lengthen one, or join two; a row
 * that is taken back may shorten one, part it, or end it.
 *
 *   gap  ---       x--x---x---          a row between them joins both
 *                                x--x---
 *
 * What that means for the groups of sessions is written down. Where rows are kept it is moves: a row enters
 * or leaves a session's group, and of two that become one the smaller moves. Where groups can merge, and no
 * row is ever taken back, a session is its bounds and its first row, by which its group is found.
 *
 * A session whose end and lateness are over is gone: its rows are let go. Its place is remembered until no
 * row that would have joined it can come in time, so that such a row is late and begins no session of its
 * own. Rows may lengthen a living session backwards however late they are, so the last place before one is
 * kept as long as it lives; and a key's first session begins behind a closed place, since what was there
 * before may have been forgotten:
 *
 *   gone     forgotten, or never there   | closed: two gaps, up to what is over | x--x--- lives
 */
import { assert } from "../../std/assert.ts"
import { NO_WATERMARK } from "../dataflow.ts"
import type { Share } from "../exchange/share.ts"
import type { GoneSession, SessionMerge, SessionMove, SessionTables } from "./session.ts"
import { Session } from "./session.ts"
import type { SessionKey, SessionRow } from "./session-rows.ts"
import { cellsText } from "./session-rows.ts"
import { TimeQueue } from "./time-queue.ts"

interface Neighbours {
  /** By time, more than a gap apart. */
  live: Session[]
  gone: GoneSession[]
}

const NO_NEIGHBOURS: Neighbours = { live: [], gone: [] }

export interface SessionBookOptions {
  readonly gapUs: bigint
  readonly allowedLatenessUs: bigint
  readonly keepsRows: boolean
  readonly tables: SessionTables
  readonly share: Share
}

export class SessionBook {
  readonly #options: SessionBookOptions
  readonly #keys = new Map<SessionKey, Neighbours>()
  readonly #byNumber = new Map<bigint, Session>()
  readonly #goneQueue = new TimeQueue<GoneSession>()
  /** Sessions that end here or before are gone. */
  #goneUs = NO_WATERMARK
  #moves: SessionMove[] = []
  #merges: SessionMerge[] = []
  #changed = new Set<Session>()
  nextNumber: bigint
  /** From one session's number to the next. */
  readonly #step: bigint
  bytes = 0

  constructor(options: SessionBookOptions) {
    this.#options = options
    this.nextNumber = BigInt(options.share.numberFrom(1))
    this.#step = BigInt(options.share.count)
  }

  judgeBy(watermarkUs: bigint): void {
    const bound = watermarkUs - this.#options.allowedLatenessUs
    this.#goneUs = watermarkUs === NO_WATERMARK || bound < NO_WATERMARK ? NO_WATERMARK : bound
  }

  session(number: bigint): Session {
    const found = this.#byNumber.get(number)
    assert(found !== undefined, `session ${number} exists`)
    return found
  }

  sessions(): Iterable<Session> {
    return this.#byNumber.values()
  }

  gone(): Iterable<GoneSession> {
    return [...this.#keys.values()].flatMap((neighbours) => neighbours.gone)
  }

  /** True when the session that the row would begin or join is gone. */
  isLate(key: SessionKey, timeUs: bigint): boolean {
    const neighbours = this.#keys.get(key) ?? NO_NEIGHBOURS
    const { live } = neighbours
    const place = placeOf(live, timeUs)
    const joins = this.#joins(live[place - 1], timeUs) || this.#joins(live[place], timeUs)
    return this.#isLate(neighbours, timeUs, joins)
  }

  /** False: the row is late. */
  add(key: SessionKey, row: SessionRow): boolean {
    assert(this.#options.keepsRows, "rows are added where they are kept")
    const session = this.#sessionAt(key, row.timeUs)
    if (session === null) return false
    this.bytes += row.bytes
    this.#enter(session, row)
    return true
  }

  /** The session of a row of this time, which one that begins with it is to be given; null: it is late. */
  lengthen(key: SessionKey, timeUs: bigint): Session | null {
    assert(!this.#options.keepsRows, "where rows are kept they are added")
    const session = this.#sessionAt(key, timeUs)
    if (session === null) return null
    session.reach(timeUs)
    this.#changed.add(session)
    return session
  }

  giveFirst(session: Session, row: SessionRow): void {
    session.rows.push(row)
    this.bytes += row.bytes
  }

  /** False: the row is in no session that lives. */
  remove(key: SessionKey, row: SessionRow): boolean {
    const live = this.#keys.get(key)?.live ?? []
    const place = placeOf(live, row.timeUs) - 1
    const session = live[place]
    if (session === undefined || row.timeUs > session.lastUs) return false
    const at = findRow(session.rows, row)
    if (at < 0) return false
    const rows = own(session)
    const [removed] = rows.splice(at, 1)
    this.bytes -= removed!.bytes
    removed!.letGo()
    this.#move(session, removed!, -1)
    session.hold(rows)
    if (rows.length === 0) live.splice(place, 1)
    else if (at > 0 && at < rows.length) {
      const isParted = rows[at]!.timeUs - rows[at - 1]!.timeUs > this.#options.gapUs
      if (isParted) live.splice(place, 1, ...this.#part(session, at))
    }
    return true
  }

  /** Since the last call, in order: each before a row that came later goes into the group. */
  takeMerges(): readonly SessionMerge[] {
    const taken = this.#merges
    this.#merges = []
    return taken
  }

  /** What happened since the last call, in order. */
  takeMoves(): { readonly moves: readonly SessionMove[]; readonly changed: readonly Session[] } {
    const taken = { moves: this.#moves, changed: [...this.#changed] }
    this.#moves = []
    this.#changed = new Set()
    return taken
  }

  /** The session is gone: it is remembered by its place alone, until `forget` looks whether it must be. */
  letGo(session: Session): void {
    const { key, firstUs, lastUs } = session
    session.isGone = true
    const neighbours = this.#keys.get(key)
    assert(neighbours !== undefined, "a session has a key")
    neighbours.live.splice(neighbours.live.indexOf(session), 1)
    for (const row of session.rows) {
      this.bytes -= row.bytes
      row.letGo()
    }
    this.remember({ key, firstUs, lastUs })
  }

  remember(gone: GoneSession): void {
    const neighbours = this.#keys.get(gone.key) ?? { live: [], gone: [] }
    this.#keys.set(gone.key, neighbours)
    neighbours.gone.push(gone)
    this.#goneQueue.push(gone.lastUs + 2n * this.#options.gapUs, gone)
  }

  /** Ends an epoch: places that no row can reach in time, and sessions without rows. */
  forget(watermarkUs: bigint, ended: Iterable<Session>): void {
    this.#forgetGone(watermarkUs)
    for (const session of ended) {
      this.#byNumber.delete(session.number)
      this.#forgetKey(session.key)
    }
  }

  /** A session of a checkpoint; they come in the order of their times within a key. */
  restore(session: Session): void {
    const neighbours = this.#keys.get(session.key) ?? { live: [], gone: [] }
    this.#keys.set(session.key, neighbours)
    neighbours.live.push(session)
    neighbours.live.sort((a, b) => (a.firstUs < b.firstUs ? -1 : 1))
    this.#byNumber.set(session.number, session)
    for (const row of session.rows) this.bytes += row.bytes
  }

  /** The session that a row of this time is in, begun or joined for it where it must; null: it is late. */
  #sessionAt(key: SessionKey, timeUs: bigint): Session | null {
    const neighbours = this.#keys.get(key) ?? NO_NEIGHBOURS
    const { live } = neighbours
    const place = placeOf(live, timeUs)
    const before = live[place - 1]
    const behind = live[place]
    const joinsBefore = this.#joins(before, timeUs)
    const joinsBehind = this.#joins(behind, timeUs)
    if (this.#isLate(neighbours, timeUs, joinsBefore || joinsBehind)) return null
    if (joinsBefore && joinsBehind) {
      const joined = this.#options.keepsRows ? this.#join(before, behind) : this.#merge(before, behind)
      live.splice(place - 1, 2, joined)
      return joined
    }
    if (joinsBefore) return before
    if (joinsBehind) return behind
    return this.#beginAt(key, place, timeUs)
  }

  #beginAt(key: SessionKey, place: number, timeUs: bigint): Session {
    const neighbours = this.#keys.get(key) ?? { live: [], gone: [] }
    this.#keys.set(key, neighbours)
    if (neighbours.live.length === 0) this.#closePlace(key)
    const session = this.#begin(key, timeUs)
    neighbours.live.splice(place, 0, session)
    return session
  }

  #joins(session: Session | undefined, timeUs: bigint): session is Session {
    return session !== undefined && this.#reaches(session, timeUs)
  }

  #reaches({ firstUs, lastUs }: Pick<GoneSession, "firstUs" | "lastUs">, timeUs: bigint): boolean {
    const { gapUs } = this.#options
    return timeUs >= firstUs - gapUs && timeUs <= lastUs + gapUs
  }

  /** Of a row that joins a session that lives, or begins one. */
  #isLate({ gone }: Neighbours, timeUs: bigint, joins: boolean): boolean {
    for (const session of gone) if (this.#reaches(session, timeUs)) return true
    return !joins && this.#goneUs !== NO_WATERMARK && timeUs + this.#options.gapUs <= this.#goneUs
  }

  /** Rows that would be over by themselves lengthen no session that begins from now on. */
  #closePlace(key: SessionKey): void {
    const atUs = this.#goneUs - 2n * this.#options.gapUs
    if (atUs - this.#options.gapUs > NO_WATERMARK) this.remember({ key, firstUs: atUs, lastUs: atUs })
  }

  #forgetGone(watermarkUs: bigint): void {
    if (watermarkUs === NO_WATERMARK) return
    const bound = watermarkUs - this.#options.allowedLatenessUs
    for (const place of [...this.#goneQueue.takeUntil(bound)]) {
      const { live, gone } = this.#keys.get(place.key)!
      const isNeeded = live.length > 0 && gone.every(({ lastUs }) => lastUs <= place.lastUs)
      if (isNeeded) {
        this.#goneQueue.push(live.at(-1)!.lastUs + 2n * this.#options.gapUs, place)
        continue
      }
      gone.splice(gone.indexOf(place), 1)
      this.#forgetKey(place.key)
    }
  }

  #forgetKey(key: SessionKey): void {
    const neighbours = this.#keys.get(key)
    if (neighbours?.live.length === 0 && neighbours.gone.length === 0) this.#keys.delete(key)
  }

  #begin(key: SessionKey, timeUs: bigint): Session {
    const session = new Session(this.nextNumber, key, timeUs, this.#options.tables)
    this.nextNumber += this.#step
    this.#byNumber.set(session.number, session)
    return session
  }

  #enter(session: Session, row: SessionRow): void {
    const rows = own(session)
    if (rows.length === 0 || session.lastUs <= row.timeUs) rows.push(row)
    else rows.splice(placeBehind(rows, row.timeUs), 0, row)
    session.reach(row.timeUs)
    this.#move(session, row, 1)
  }

  #move(session: Session, row: SessionRow, weight: 1 | -1): void {
    this.#moves.push({ session, row, weight })
    this.#changed.add(session)
  }

  /** The smaller one's rows go over to the larger one. */
  #join(before: Session, behind: Session): Session {
    const [kept, moved] = before.rows.length >= behind.rows.length ? [before, behind] : [behind, before]
    for (const row of moved.rows) {
      this.#move(moved, row, -1)
      this.#move(kept, row, 1)
    }
    kept.hold([...before.rows, ...behind.rows])
    moved.hold([])
    return kept
  }

  /** The younger one becomes a part of the older one. */
  #merge(before: Session, behind: Session): Session {
    const [kept, merged] = before.number < behind.number ? [before, behind] : [behind, before]
    const move = (session: Session): SessionMove => ({ session, row: session.rows[0]!, weight: 1 })
    this.#merges.push({ from: move(merged), to: move(kept) })
    this.bytes -= merged.rows[0]!.bytes
    merged.hold([])
    merged.into = kept
    this.#changed.add(merged)
    kept.reach(merged.firstUs)
    kept.reach(merged.lastUs)
    return kept
  }

  /** The smaller part becomes a session of its own. */
  #part(session: Session, at: number): [Session, Session] {
    const parts = [session.rows.slice(0, at), session.rows.slice(at)] as const
    const keepsFirst = parts[0].length >= parts[1].length
    const [left, moved] = keepsFirst ? parts : [parts[1], parts[0]]
    const begun = this.#begin(session.key, moved[0]!.timeUs)
    begun.hold(moved)
    session.hold(left)
    for (const row of begun.rows) {
      this.#move(session, row, -1)
      this.#move(begun, row, 1)
    }
    return keepsFirst ? [session, begun] : [begun, session]
  }
}

/** The session's rows, to be changed. */
function own(session: Session): SessionRow[] {
  if (session.shared) session.rows = session.rows.slice()
  session.shared = false
  return session.rows
}

/** Behind the sessions that begin at this time or before it. */
function placeOf(live: readonly Session[], timeUs: bigint): number {
  let [low, high] = [0, live.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (live[middle]!.firstUs <= timeUs) low = middle + 1
    else high = middle
  }
  return low
}

/** Behind all rows of this time. */
function placeBehind(rows: readonly SessionRow[], timeUs: bigint): number {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (rows[middle]!.timeUs <= timeUs) low = middle + 1
    else high = middle
  }
  return low
}

/** Position of a row with these values, or -1. */
function findRow(rows: readonly SessionRow[], wanted: SessionRow): number {
  const text = cellsText(wanted.cells)
  for (let at = placeBehind(rows, wanted.timeUs) - 1; at >= 0; at--) {
    if (rows[at]!.timeUs !== wanted.timeUs) return -1
    if (cellsText(rows[at]!.cells) === text) return at
  }
  return -1
}
