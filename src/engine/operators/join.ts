/**
 * Joins two inputs of rows that come and go. Each change meets the other side's rows as they are, so what
 * changes of both sides put out adds up, in whatever order they come. Rows that are put out by themselves
 * (without a partner, or for having one) are compared at the epoch's end with how the epoch found them.
 *
 * A row is let go when no row can come that it could meet; its partners keep counting it. Counting partners
 * follows Flink's and RisingWave's outer joins ("degree").
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import { assert } from "../../std/assert.ts"
import { captureJoin, restoreJoin } from "../checkpoint/join-parts.ts"
import type { SavedState } from "../checkpoint/saved-state.ts"
import type { FeedJoin, JoinTarget, RowsAt } from "../code/join-feed.ts"
import { compileFeed } from "../code/join-feed.ts"
import type { PutBlock } from "../code/join-output.ts"
import { BLOCK_ROWS, compilePut, JoinBlock } from "../code/join-output.ts"
import type { JoinPlan } from "../code/join-plan.ts"
import { planJoin, UNLINKED } from "../code/join-plan.ts"
import type { JoinSpec } from "../dataflow.ts"
import { NO_WATERMARK } from "../dataflow.ts"
import type { Share } from "../exchange/share.ts"
import type { Losses } from "../losses.ts"
import { copyJoin } from "../resharding/joins.ts"
import { KeyTable } from "../state/key-table.ts"
import type { PageStore } from "../state/page-store.ts"
import type { StateSize } from "../state/state-size.ts"
import { bytesOfTables } from "../state/state-size.ts"
import { LateBound } from "../time/late-bound.ts"
import { JoinSideState } from "./join-side.ts"
import { RowBuilder } from "./row-builder.ts"
import type { CapturedState, RowOperator, StatefulOperator } from "./stateful-operator.ts"

export interface JoinOptions {
  readonly store: PageStore
  readonly losses: Losses
  readonly share: Share
  /** Whether rows of the left and of the right side can be taken back. */
  readonly retracting: readonly [boolean, boolean]
  readonly appendOnlyOutput: boolean
}

type Port = 0 | 1
const PORTS = [0, 1] as const

export class JoinOperator implements RowOperator, JoinTarget {
  readonly spec: JoinSpec
  readonly share: Share
  readonly keys: KeyTable
  readonly sides: readonly [JoinSideState, JoinSideState]
  readonly block = new JoinBlock()
  readonly #options: JoinOptions
  readonly #plan: JoinPlan
  readonly #late = [new LateBound(), new LateBound()] as const
  readonly #changes: RowBuilder
  readonly #feed: readonly [FeedJoin, FeedJoin]
  /** For when pages are out; null until there are any. */
  readonly #askingFeed: [FeedJoin | null, FeedJoin | null] = [null, null]
  readonly #putPairs: PutBlock
  readonly #putAlone: readonly [PutBlock, PutBlock]

  constructor(spec: JoinSpec, options: JoinOptions) {
    const { store, retracting, share } = options
    this.spec = spec
    this.share = share
    this.#options = options
    const plan = planJoin(spec, { retracting })
    this.#plan = plan
    this.keys = new KeyTable(store, plan.keyLayout.shape, null).letPagesLeave()
    const side = (port: Port) => new JoinSideState(plan.sides[port], store, this.keys)
    this.sides = [side(0), side(1)]
    this.#changes = new RowBuilder(spec.columns.map((column) => column.type))
    this.#feed = [this.#compileFeed(0, "in-memory"), this.#compileFeed(1, "in-memory")]
    this.#putPairs = compilePut(store, plan, "pairs")
    this.#putAlone = [compilePut(store, plan, "left"), compilePut(store, plan, "right")]
  }

  lateness(port: number): { readonly column: number; readonly bound: LateBound } | null {
    const { expiry } = this.#plan.sides[port as Port].side
    return expiry === null ? null : { column: expiry.at, bound: this.#late[port as Port] }
  }

  judgeBy(watermarkUs: bigint): void {
    for (const port of PORTS) {
      const { expiry } = this.#plan.sides[port].side
      if (expiry !== null) this.#late[port].set(watermarkUs, expiry.lateUs)
    }
  }

  apply(port: number, changes: ChangeBatch): void {
    for (let row = 0; row < changes.length; ) {
      this.#options.store.relieve()
      row = this.#feedOf(port as Port)(changes, row)
    }
  }

  flush(watermarkUs: bigint): ChangeBatch | null {
    for (const port of PORTS) this.#flushTouched(port)
    for (const port of PORTS) this.#letGo(port, watermarkUs)
    for (const { negatives } of this.sides)
      assert(negatives === 0, `${this.spec.id} takes back only rows that it was given`)
    return this.#changes.take(!this.#options.appendOnlyOutput)
  }

  heapBytes(): number {
    return this.sides.reduce((sum, { rows }) => sum + rows.directory.heapBytes, 0)
  }

  size(): StateSize {
    const tables = this.sides.flatMap(({ rows, index }) => (index === null ? [rows] : [rows, index]))
    const rows = this.sides.reduce((sum, side) => sum + side.rows.directory.count(), 0)
    return { rows, bytes: this.heapBytes() + bytesOfTables([this.keys, ...tables]) }
  }

  capture(losses: Losses): CapturedState {
    return captureJoin(this, losses)
  }

  restore(saved: SavedState, losses: Losses): void {
    restoreJoin(this, saved, losses)
  }

  takeKeys(other: StatefulOperator): void {
    assert(other instanceof JoinOperator, "a join takes over from one")
    copyJoin(other, this, this.share)
  }

  drain(): void {
    this.#putPairs(this.#changes, this.block, this.sides[0].rows, this.sides[1].rows)
  }

  forget(port: number, id: number): void {
    this.drain()
    this.sides[port as Port].forget(id)
  }

  fail(count: number): void {
    this.#options.losses.failedChanges += count
  }

  #compileFeed(port: Port, rows: RowsAt): FeedJoin {
    return compileFeed({ store: this.#options.store, plan: this.#plan, join: this, port, rows })
  }

  #feedOf(port: Port): FeedJoin {
    if (!this.sides.some(({ hasPagesOut }) => hasPagesOut)) return this.#feed[port]
    this.#askingFeed[port] ??= this.#compileFeed(port, "anywhere")
    return this.#askingFeed[port]
  }

  #flushTouched(port: Port): void {
    const side = this.sides[port]
    const store = this.#options.store
    const { timesHalf, previousHalf } = side.plan
    for (let place = 0; place < side.touchedCount; place++) {
      const id = side.touched[place]!
      const change = side.shown(this.#bringRow(port, id)) - side.before[place]!
      if (change !== 0) this.#putRow(port, id, change)
    }
    this.#drainRows(port)
    for (let place = 0; place < side.touchedCount; place++) {
      const id = side.touched[place]!
      if (store.isCrowded) store.relieve()
      const half = side.rows.bringRow(id) * 2
      if (store.i32[half + timesHalf] === 0 || store.i32[half + previousHalf] === UNLINKED) side.forget(id)
    }
    side.touchedCount = 0
  }

  #letGo(port: Port, watermarkUs: bigint): void {
    const { store } = this.#options
    const { rows, plan } = this.sides[port]
    const { expiry } = plan.side
    if (expiry === null || watermarkUs === NO_WATERMARK) return
    const untilUs = watermarkUs - expiry.keepUs
    if (untilUs <= NO_WATERMARK) return
    rows.letGo(untilUs, (ids) => {
      if (plan.waits) this.#putWaiting(port, ids)
      for (const id of ids) {
        if (store.isCrowded) store.relieve()
        this.sides[port].forget(id)
      }
    })
  }

  #putWaiting(port: Port, ids: readonly number[]): void {
    const { store } = this.#options
    const { plan } = this.sides[port]
    for (const id of ids) {
      const half = this.#bringRow(port, id) * 2
      if (store.i32[half + plan.partnersHalf] === 0) this.#putRow(port, id, store.i32[half + plan.timesHalf]!)
    }
    this.#drainRows(port)
  }

  /** Where the row lies. Rows that wait to be put out are, before any of their pages can leave. */
  #bringRow(port: Port, id: number): number {
    const { rows } = this.sides[port]
    if (rows.isOut(id)) {
      this.#drainRows(port)
      this.#options.store.relieve()
    }
    return rows.bringRow(id)
  }

  #putRow(port: Port, id: number, weight: number): void {
    const { block } = this
    const ids = port === 0 ? block.left : block.right
    ids[block.count] = id
    block.weights[block.count++] = weight
    if (block.count === BLOCK_ROWS) this.#drainRows(port)
  }

  #drainRows(port: Port): void {
    this.#putAlone[port](this.#changes, this.block, this.sides[0].rows, this.sides[1].rows)
  }
}
