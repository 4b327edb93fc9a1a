/**
 * GROUP BY over sessions. Rows are placed in sessions first (time/session-book.ts) and stay with them until
 * the session is gone; a session's number, which no output shows, is a key of its groups, so that a session
 * that grows changes one bound and no group. All sessions' groups share one set of tables.
 *
 *   rows -> placed -> moves (row, session, +1 or -1) -> groups by session -> rows with the session's bounds
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import type { Column, Scalar } from "../../columns/types.ts"
import { INT64 } from "../../columns/types.ts"
import { assert } from "../../std/assert.ts"
import type { SavedState } from "../checkpoint/saved-state.ts"
import { restoreSessions, SessionCapture } from "../checkpoint/session-parts.ts"
import type { EmitRow } from "../code/emit-code.ts"
import { compileEmit } from "../code/emit-code.ts"
import type { GroupMode, GroupPlan } from "../code/group-terminal.ts"
import { GroupTerminal } from "../code/group-terminal.ts"
import { canMerge, mergeSlots } from "../code/merge-slots.ts"
import type { RouteShape } from "../code/route-writer.ts"
import { RouteWriter } from "../code/route-writer.ts"
import type { RouteRun, RowReport } from "../code/row-report.ts"
import { planSessions, sessionOutputs } from "../code/session-plan.ts"
import { structuralKey } from "../code/structural-key.ts"
import type { AggregateSpec, SessionWindow } from "../dataflow.ts"
import { NO_WATERMARK } from "../dataflow.ts"
import type { Share } from "../exchange/share.ts"
import type { Losses } from "../losses.ts"
import { copySessions } from "../resharding/sessions.ts"
import { KeyTable } from "../state/key-table.ts"
import { OrderedMultiset } from "../state/ordered-multiset.ts"
import type { PageStore } from "../state/page-store.ts"
import type { StateSize } from "../state/state-size.ts"
import { bytesOfTables } from "../state/state-size.ts"
import type { Session, SessionMove } from "../time/session.ts"
import { SessionBook } from "../time/session-book.ts"
import type { SessionKey, SessionRow } from "../time/session-rows.ts"
import { batchRun, scalarRow, sessionKey } from "../time/session-rows.ts"
import { TimeQueue } from "../time/time-queue.ts"
import { RowBuilder, setScalar } from "./row-builder.ts"
import { type SessionIntake, sessionIntake } from "./session-intake.ts"
import { numbered } from "./session-placing.ts"
import type { StatefulOperator } from "./stateful-operator.ts"
import { TouchedSlots } from "./touched-slots.ts"

export interface SessionAggregateOptions {
  readonly store: PageStore
  readonly losses: Losses
  readonly share: Share
  readonly inputColumns: readonly Column[]
  readonly retractingInput: boolean
  readonly appendOnlyOutput: boolean
}

/** Shorter runs of rows are not worth a batch of their own. */
const LEAST_RUN = 4
/** Rows that go into the groups at a time; between them pages can leave. */
const MOST_BUILT = 4_096
const NO_VERDICTS = new Uint8Array(0)
const NO_REPORT: RowReport = { fail: () => {}, late: () => {}, partly: () => {} }

export class SessionAggregate implements StatefulOperator {
  readonly spec: AggregateSpec
  readonly plan: GroupPlan
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
  readonly #rowColumns: readonly Column[]
  readonly #changes: RowBuilder
  readonly #moves: RowBuilder
  readonly #emit: EmitRow
  readonly #apply: RouteRun
  readonly #touch: RouteRun
  /** Groups are sessions: one row finds the group. */
  readonly #oneGroup: boolean
  /** All that a session's group holds is in its slot. */
  readonly #dropsSlots: boolean
  readonly #queue = new TimeQueue<Session>()
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
    this.#rowColumns = [...options.inputColumns, ...added].map((column) => ({ ...column, nullable: true }))
    const { share } = options
    const known = new Set(session.keys.map(structuralKey))
    const { start, end } = spec.windowKeys
    this.#oneGroup = spec.keys.every((key, k) => k === start || k === end || known.has(structuralKey(key)))
    const places = { numberAt: this.#rowColumns.length, share }
    const merging = planSessions(spec, { ...places, retracting: false })
    this.merges = this.#oneGroup && !options.retractingInput && canMerge(merging.accumulators)
    this.plan = this.merges ? merging : planSessions(spec, { ...places, retracting: true })
    this.nextGroup = share.numberFrom(1)
    this.touched = new TouchedSlots(options.store)
    this.#changes = new RowBuilder(spec.columns.map((column) => column.type))
    this.#moves = new RowBuilder([...this.#rowColumns.map((column) => column.type), INT64])
    this.#emit = compileEmit(options.store, sessionOutputs(this.plan, spec), options.losses)
    const { accumulators, layout } = this.plan
    this.whole = { table: new KeyTable(options.store, layout.shape, this.touched), emitting: true }
    this.distinct = accumulators.distinctTables.map(
      (table) => new KeyTable(options.store, table.layout.shape, null),
    )
    this.multisets = accumulators.multisets.map((items) => new OrderedMultiset(options.store, items))
    this.book = new SessionBook({
      gapUs: session.gapUs,
      allowedLatenessUs: spec.allowedLatenessUs,
      keepsRows: !this.merges,
      tables: { distinct: this.distinct, multisets: this.multisets },
      share,
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
    const tables = [table, ...this.distinct, ...this.multisets.map((multiset) => multiset.table)]
    return { rows: table.count, bytes: this.heapBytes() + bytesOfTables(tables) }
  }

  capture(losses: Losses): SessionCapture {
    return new SessionCapture(this, losses)
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
    return sessionIntake(this, shape, { ...this.#options, rowColumns: this.#rowColumns })
  }

  /** Rows with the numbers of their sessions, which keep none, go into the groups. */
  enter(rows: ChangeBatch): void {
    for (const { from, to } of this.book.takeMerges()) {
      this.#run(this.#touch, [from, to])
      const { f64 } = this.#options.store
      const [slot, other] = [to, from].map(({ session }) => this.touched.slots[session.touchedAt]!)
      mergeSlots(this.#options.store, this.plan.accumulators, slot!, other!)
      f64[other! + this.plan.accumulators.rowsAt] = 0
    }
    this.#apply(rows, null, NO_VERDICTS, NO_REPORT, 0)
  }

  /** Ends the epoch: moves rows, closes sessions and lets those go that are gone. */
  flush(watermark: bigint): ChangeBatch | null {
    const watermarkUs = this.#delayed(watermark)
    const { moves, changed } = this.book.takeMoves()
    this.#run(this.#apply, moves)
    const alive = changed.filter((session) => session.isAlive)
    for (const session of alive) this.#enqueue(session)
    const due = this.#due(watermarkUs)
    const settled = [...new Set([...alive, ...due])]
    this.#settle(settled, watermarkUs)
    for (const session of changed) if (!session.isAlive) session.showing = false
    this.#flushTouched()
    for (const session of settled) session.visible = session.showing
    this.#letGo(due, watermarkUs)
    this.book.forget(
      watermarkUs,
      changed.filter((session) => !session.isAlive),
    )
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

  /** A session of a checkpoint waits for its end again. */
  adopt(session: Session): void {
    this.book.restore(session)
    this.#enqueue(session)
  }

  /** A row of a checkpoint. */
  row(cells: readonly Scalar[]): { readonly key: SessionKey; readonly row: SessionRow } {
    const time = this.#options.inputColumns.length
    return { key: sessionKey(cells.slice(time + 1)), row: scalarRow(cells[time] as bigint, cells) }
  }

  /** Rows that entered sessions as they came are run as the columns that they came in. */
  #run(run: RouteRun, moves: readonly SessionMove[]): void {
    for (let k = 0; k < moves.length; ) {
      const found = batchRun(moves, k)
      const length = found?.length ?? 1
      if (found !== null && length >= LEAST_RUN) {
        this.#runBuilt(run)
        this.#options.store.relieve()
        run(numbered(found, moves.slice(k, k + length)), null, NO_VERDICTS, NO_REPORT, 0)
      } else for (let at = k; at < k + length; at++) this.#build(moves[at]!)
      if (this.#moves.length >= MOST_BUILT) this.#runBuilt(run)
      k += length
    }
    this.#runBuilt(run)
  }

  #build({ session, row, weight }: SessionMove): void {
    const builder = this.#moves
    if (builder.length === builder.capacity) builder.grow()
    const at = builder.length++
    row.cells.forEach((cell, k) => {
      setScalar(builder.columns[k]!, at, cell)
    })
    setScalar(builder.columns.at(-1)!, at, session.number)
    builder.weights[at] = weight
  }

  #runBuilt(run: RouteRun): void {
    const batch = this.#moves.take(true)
    this.#options.store.relieve()
    if (batch !== null) run(batch, batch.weights, NO_VERDICTS, NO_REPORT, 0)
  }

  /** Rows may come so much behind the watermark. */
  #delayed(watermarkUs: bigint): bigint {
    return watermarkUs === NO_WATERMARK ? watermarkUs : watermarkUs - (this.spec.delayUs ?? 0n)
  }

  #endOf(session: Session): bigint {
    return session.lastUs + this.#session.gapUs
  }

  #enqueue(session: Session): void {
    const end = this.#endOf(session)
    if (session.queuedUs === end) return
    session.queuedUs = end
    this.#queue.push(end, session)
  }

  /** Sessions that the watermark has passed, by their ends. */
  #due(watermarkUs: bigint): readonly Session[] {
    const waiting = [...this.#queue.takeUntil(watermarkUs)].filter(
      (session) => session.isAlive && this.#endOf(session) <= watermarkUs,
    )
    return [...new Set(waiting)].sort((a, b) => {
      const [endA, endB] = [this.#endOf(a), this.#endOf(b)]
      return endA < endB || (endA === endB && a.number < b.number) ? -1 : 1
    })
  }

  /** Touches the groups whose rows go out, come back or have other bounds. */
  #settle(sessions: readonly Session[], watermarkUs: bigint): void {
    const touched: SessionMove[] = []
    for (const session of sessions) {
      const end = this.#endOf(session)
      session.showing = this.spec.emit === "changes" || end <= watermarkUs
      const differs = session.start !== session.firstUs || session.end !== end
      if (session.visible === session.showing && !(session.visible && differs)) continue
      if (this.#oneGroup && session.touchedAt >= 0) continue
      const rows = this.#oneGroup ? session.rows.slice(0, 1) : session.rows
      for (const row of rows) touched.push({ session, row, weight: 1 })
    }
    this.#run(this.#touch, touched)
    for (const session of sessions) {
      session.start = session.firstUs
      session.end = this.#endOf(session)
    }
  }

  #flushTouched(): void {
    const { touched } = this
    const changes = this.#changes
    const { store } = this.#options
    for (let place = 0; place < touched.count; place++) {
      if (store.isCrowded) store.relieve()
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
  #letGo(due: readonly Session[], watermarkUs: bigint): void {
    const gone: Session[] = []
    for (const session of due) {
      if (this.#endOf(session) + this.spec.allowedLatenessUs <= watermarkUs) gone.push(session)
      else this.#queue.push(this.#endOf(session) + this.spec.allowedLatenessUs, session)
    }
    const moves = gone.flatMap((session) => {
      const rows = this.#dropsSlots ? session.rows.slice(0, 1) : session.rows
      return rows.map((row): SessionMove => ({ session, row, weight: -1 }))
    })
    for (const session of gone) {
      session.visible = false
      session.showing = false
      this.book.letGo(session)
    }
    this.#run(this.#dropsSlots ? this.#touch : this.#apply, moves)
    this.#flushTouched()
    for (const session of gone) session.rows = []
    this.book.forget(watermarkUs, gone)
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
    const columns = [...this.#rowColumns, number]
    const shape = { columns, stages: [], fromSource: false, weighted: !this.merges }
    const terminal = new GroupTerminal(shape, this.plan, this, mode)
    return new RouteWriter(terminal).compile<RouteRun>(this.#options.store).run
  }
}
