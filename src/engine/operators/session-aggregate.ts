/**
 * GROUP BY over sessions. Rows are placed in sessions first (time/session-book.ts) and stay with them until
 * the session is gone; a session's number, which no output shows, is a key of its groups, so that a session
 * that grows changes one bound and no group. All sessions' groups share one set of tables.
 *
 *   rows -> placed, with numbers of sessions  ->  groups by session -> rows with the session's bounds
 *   rows of sessions that are joined or parted move
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import type { Column } from "../../columns/types.ts"
import { INT64 } from "../../columns/types.ts"
import { usedColumns } from "../../expr/used-columns.ts"
import { assert } from "../../std/assert.ts"
import type { SavedState } from "../checkpoint/saved-state.ts"
import { captureSessions, restoreSessions } from "../checkpoint/session-parts.ts"
import type { EmitRow } from "../code/emit-code.ts"
import { compileEmit } from "../code/emit-code.ts"
import type { GroupMode, GroupPlan } from "../code/group-terminal.ts"
import { GroupTerminal } from "../code/group-terminal.ts"
import { canMerge, mergeSlots } from "../code/merge-slots.ts"
import type { RouteShape } from "../code/route-writer.ts"
import { RouteWriter } from "../code/route-writer.ts"
import type { RouteRun, RowReport } from "../code/row-report.ts"
import { hasSessionKeysOnly, planSessions, sessionOutputs, withInputKeys } from "../code/session-plan.ts"
import type { AggregateSpec, SessionWindow } from "../dataflow.ts"
import { NO_WATERMARK } from "../dataflow.ts"
import type { Share } from "../exchange/share.ts"
import type { Losses } from "../losses.ts"
import { copySessions } from "../resharding/sessions.ts"
import { KeyTable } from "../state/key-table.ts"
import type { OrderedCursor } from "../state/ordered-cursor.ts"
import { OrderedMultiset } from "../state/ordered-multiset.ts"
import type { PageStore } from "../state/page-store.ts"
import type { StateSize } from "../state/state-size.ts"
import { bytesOfTables } from "../state/state-size.ts"
import type { Session } from "../time/session.ts"
import { SessionBook } from "../time/session-book.ts"
import type { SessionRowColumns } from "../time/session-rows.ts"
import { RowBuilder } from "./row-builder.ts"
import { type SessionIntake, sessionIntake } from "./session-intake.ts"
import type { CapturedState, StatefulOperator } from "./stateful-operator.ts"
import { TouchedSlots } from "./touched-slots.ts"

export interface SessionAggregateOptions {
  readonly store: PageStore
  readonly losses: Losses
  readonly share: Share
  readonly inputColumns: readonly Column[]
  readonly retractingInput: boolean
  readonly appendOnlyOutput: boolean
}

/** Rows that go into the groups at a time; between them pages can leave. */
const MOST_BUILT = 4_096
/** Sessions that end at a time. */
const MOST_DUE = 4_096
const NO_VERDICTS = new Uint8Array(0)
const NO_REPORT: RowReport = { fail: () => {}, late: () => {}, partly: () => {} }

export class SessionAggregate implements StatefulOperator {
  readonly spec: AggregateSpec
  readonly plan: GroupPlan
  /** For rows that have no session yet. */
  readonly judged: GroupPlan
  readonly touched: TouchedSlots
  /** For generated code: where all groups are. */
  readonly whole: { readonly table: KeyTable; readonly emitting: true }
  readonly distinct: readonly KeyTable[]
  readonly multisets: readonly OrderedMultiset[]
  readonly book: SessionBook
  /** Numbers groups for distinct tables and multisets. */
  nextGroup: number
  readonly #options: SessionAggregateOptions
  readonly #session: SessionWindow
  /** A session's rows are not kept: two groups become one. */
  readonly merges: boolean
  readonly #rows: SessionRowColumns
  readonly #changes: RowBuilder
  readonly #moves: RowBuilder
  readonly #emit: EmitRow
  readonly #apply: RouteRun
  readonly #touch: RouteRun
  /** Groups are sessions: one row finds the group. */
  readonly #oneGroup: boolean
  /** All that a session's group holds is in its slot. */
  readonly #dropsSlots: boolean
  #touchedSessions: Session[] = []

  constructor(spec: AggregateSpec, options: SessionAggregateOptions) {
    const { session } = spec
    assert(session != null && spec.windowKeys !== null, "groups of sessions have sessions")
    this.spec = spec
    this.#options = options
    this.#session = session
    const added = [session.time, ...session.keys].map(({ type }, k) => ({
      name: `s${k}`,
      type,
      nullable: true,
    }))
    // Branches of a union may hand on NULL where others never do.
    const columns = [...options.inputColumns, ...added].map((column) => ({ ...column, nullable: true }))
    const timeAt = options.inputColumns.length
    const { share, store } = options
    const places = { keysAt: timeAt + 1, share }
    const merging = planSessions(spec, { ...places, retracting: false })
    this.#oneGroup = hasSessionKeysOnly(merging, places.keysAt)
    this.merges = this.#oneGroup && !options.retractingInput && canMerge(merging.accumulators)
    this.plan = this.merges ? merging : planSessions(spec, { ...places, retracting: true })
    this.judged = withInputKeys(this.plan, spec)
    const { aggregates, keys } = this.plan.spec
    this.#rows = { columns, timeAt, used: usedColumns([keys, aggregates]) }
    this.nextGroup = share.numberFrom(1)
    this.touched = new TouchedSlots(store)
    this.#changes = new RowBuilder(spec.columns.map((column) => column.type))
    this.#moves = new RowBuilder([...columns.map((column) => column.type), INT64])
    this.#emit = compileEmit(store, sessionOutputs(this.plan, spec), options.losses)
    const { accumulators, layout } = this.plan
    this.whole = { table: new KeyTable(store, layout.shape, this.touched).letPagesLeave(), emitting: true }
    this.distinct = accumulators.distinctTables.map((table) => {
      return new KeyTable(store, table.layout.shape, null).letPagesLeave()
    })
    this.multisets = accumulators.multisets.map((items) => new OrderedMultiset(store, items))
    this.book = new SessionBook({
      ...{ store, share, columns: this.#rows, keepsRows: !this.merges },
      ...{ gapUs: session.gapUs, allowedLatenessUs: spec.allowedLatenessUs },
      tables: { distinct: this.distinct, multisets: this.multisets },
      move: (at, weight, from, to) => this.#move(at, weight, from, to),
    })
    this.#dropsSlots = this.#oneGroup && accumulators.groupAt === null
    this.#apply = this.#compile("apply")
    this.#touch = this.#compile("touch")
  }

  judgeBy(watermarkUs: bigint): void {
    this.book.judgeBy(this.#delayed(watermarkUs))
  }

  heapBytes(): number {
    return this.book.bytes
  }

  size(): StateSize {
    const { table } = this.whole
    const multisets = this.multisets.map((multiset) => multiset.table)
    const tables = [table, ...this.distinct, ...multisets, ...this.book.tables]
    return { rows: table.count, bytes: this.heapBytes() + bytesOfTables(tables) }
  }

  capture(losses: Losses): CapturedState {
    return captureSessions(this, losses)
  }

  restore(saved: SavedState, losses: Losses): void {
    restoreSessions(this, saved, losses)
  }

  takeKeys(other: StatefulOperator): void {
    assert(other instanceof SessionAggregate, "sessions take over from sessions")
    copySessions(other, this, this.#options.share)
  }

  /** For generated code. */
  session(number: bigint): Session {
    return this.book.session(number)
  }

  /** A function that takes rows of a route of this shape. */
  intake(shape: RouteShape): SessionIntake {
    return sessionIntake(this, shape, { ...this.#options, rows: this.#rows })
  }

  /** Rows with the numbers of their sessions go into the groups. */
  enter(rows: ChangeBatch): void {
    for (const { from, to } of this.book.takeMerges()) this.#merge(from, to)
    this.#runMoves()
    this.#run(this.#apply, rows)
  }

  /** Ends the epoch: closes sessions and lets those go that are gone. */
  flush(watermark: bigint): ChangeBatch | null {
    const watermarkUs = this.#delayed(watermark)
    const { book } = this
    this.#runMoves()
    const changed = book.takeChanged()
    const alive = changed.filter((session) => session.isAlive)
    for (const session of changed) if (!session.isAlive) session.showing = false
    this.#settle(alive, watermarkUs)
    for (const session of alive) book.waitFor(session, this.#endOf(session))
    book.write(changed)
    let due = book.takeDue(watermarkUs, MOST_DUE)
    while (due.length > 0) {
      this.#endDue(due, watermarkUs)
      due = book.takeDue(watermarkUs, MOST_DUE)
    }
    return this.#changes.take(!this.#options.appendOnlyOutput)
  }

  /** For generated code: the slot is about to change for the first time in this epoch. */
  touch(page: number, address: number, session: Session): void {
    if (session.isGone && this.#dropsSlots) {
      this.#options.store.f64[address + this.plan.accumulators.rowsAt] = 0
    }
    const existed = session.visible && this.#exists(address)
    const place = this.touched.add(page, address, existed ? this.#changes.length : -1)
    this.#touchedSessions[place] = session
    session.touchedAt = place
    if (existed) this.#put(page, address, session, -1)
  }

  #merge(from: Session, to: Session): void {
    const { store } = this.#options
    const { touched } = this
    for (const session of [from, to]) this.#name(session)
    this.#runBuilt(this.#touch)
    const places = [from, to].map(({ touchedAt }) => touchedAt)
    touched.bring(this.whole.table, places)
    const [other, slot] = places.map((place) => touched.slots[place]!)
    mergeSlots(store, this.plan.accumulators, slot!, other!)
    store.f64[other! + this.plan.accumulators.rowsAt] = 0
  }

  /** In parts, between which pages can leave. */
  #run(run: RouteRun, rows: ChangeBatch): void {
    for (let row = 0; row < rows.length; ) {
      this.#options.store.relieve()
      row = run(rows, rows.weights, NO_VERDICTS, NO_REPORT, row)
    }
  }

  #runBuilt(run: RouteRun): void {
    this.#moves.giveTo((rows) => this.#run(run, rows))
  }

  #runMoves(): void {
    this.#runBuilt(this.#apply)
  }

  #move(at: OrderedCursor, weight: number, from: Session, to: Session | null): void {
    // Both are read before pages can leave.
    this.#read(at, from, -weight)
    if (to !== null) this.#read(at, to, weight)
    if (this.#moves.length >= MOST_BUILT) this.#runMoves()
  }

  #read(at: OrderedCursor, session: Session, weight: number): void {
    this.#add(session, weight)
    this.book.rows!.read(at, this.#moves.columns, this.#moves.length - 1)
  }

  /** What is kept of a session itself, which finds its one group: nobody reads more. */
  #name(session: Session): void {
    this.#add(session, 1)
    this.book.keys.decode(session.key, this.#moves.columns, this.#moves.length - 1)
  }

  #add({ number }: Session, weight: number): void {
    const builder = this.#moves
    if (builder.length === builder.capacity) builder.grow()
    const row = builder.length++
    builder.columns.at(-1)!.values[row] = number
    builder.weights[row] = weight
  }

  /** Rows may come so much behind the watermark. */
  #delayed(watermarkUs: bigint): bigint {
    return watermarkUs === NO_WATERMARK ? watermarkUs : watermarkUs - (this.spec.delayUs ?? 0n)
  }

  #endOf(session: Session): bigint {
    return session.lastUs + this.#session.gapUs
  }

  /** Touches the groups whose rows go out, come back or have other bounds, and puts them out. */
  #settle(sessions: readonly Session[], watermarkUs: bigint): void {
    for (const session of sessions) {
      const end = this.#endOf(session)
      session.showing = this.spec.emit === "changes" || end <= watermarkUs
      const differs = session.start !== session.firstUs || session.end !== end
      if (session.visible === session.showing && !(session.visible && differs)) continue
      if (this.#oneGroup && session.touchedAt >= 0) continue
      this.#eachGroup(session, this.#touch, 1)
    }
    this.#runBuilt(this.#touch)
    for (const session of sessions) {
      session.start = session.firstUs
      session.end = this.#endOf(session)
    }
    this.#flushTouched()
    for (const session of sessions) session.visible = session.showing
  }

  /** By rows that find them, of which some may wait to be run. */
  #eachGroup(session: Session, run: RouteRun, sign: 1 | -1): void {
    if (this.#oneGroup && run === this.#touch) this.#name(session)
    else {
      for (const at of this.book.rows!.in(session)) {
        this.#read(at, session, sign * at.weight)
        if (this.#moves.length >= MOST_BUILT) this.#runBuilt(run)
      }
    }
    if (this.#moves.length >= MOST_BUILT) this.#runBuilt(run)
  }

  /** Closes them, or lets them go. */
  #endDue(due: readonly Session[], watermarkUs: bigint): void {
    const { book } = this
    this.#settle(due, watermarkUs)
    const gone = due.filter((session) => book.goneAt(session) <= watermarkUs)
    for (const session of due) {
      const [end, goneAt] = [this.#endOf(session), book.goneAt(session)]
      if (goneAt > watermarkUs) book.waitFor(session, end > watermarkUs ? end : goneAt)
    }
    this.#letGo(gone)
    book.write(due)
  }

  #flushTouched(): void {
    const { touched } = this
    const changes = this.#changes
    const { store } = this.#options
    for (let place = 0; place < touched.count; place++) {
      if (store.isCrowded) store.relieve()
      if (touched.pages[place]! < 0) touched.bring(this.whole.table, [place])
      const address = touched.slots[place]!
      const page = touched.pages[place]!
      const session = this.#touchedSessions[place]!
      session.touchedAt = -1
      if (!this.#exists(address)) {
        this.whole.table.remove(page, address)
        continue
      }
      if (!session.showing) continue
      const row = changes.length
      this.#put(page, address, session, 1)
      const old = touched.before[place]!
      if (old >= 0 && changes.columns.every((column) => column.equalRows(old, row))) changes.cancelLast(old)
    }
    touched.reset()
    this.#touchedSessions = []
  }

  /** Rows of gone sessions leave their groups; what is out stays out. */
  #letGo(gone: readonly Session[]): void {
    const run = this.#dropsSlots ? this.#touch : this.#apply
    for (const session of gone) {
      session.visible = false
      session.showing = false
      session.isGone = true
      this.#eachGroup(session, run, -1)
    }
    this.#runBuilt(run)
    this.#flushTouched()
    for (const session of gone) this.book.letGo(session)
  }

  #exists(address: number): boolean {
    const rows = this.#options.store.f64[address + this.plan.accumulators.rowsAt]!
    assert(rows >= 0, `${this.spec.id} takes back only rows that it was given`)
    return rows > 0
  }

  #put(page: number, address: number, session: Session, weight: number): void {
    const changes = this.#changes
    this.#emit(changes, page, address, session)
    changes.weights[changes.length++] = weight
  }

  #compile(mode: GroupMode): RouteRun {
    const number: Column = { name: "session", type: INT64, nullable: false }
    const columns = [...this.#rows.columns, number]
    const shape = { columns, stages: [], fromSource: false, weighted: !this.merges }
    const terminal = new GroupTerminal(shape, this.plan, this, mode)
    return new RouteWriter(terminal).compile<RouteRun>(this.#options.store).run
  }
}
