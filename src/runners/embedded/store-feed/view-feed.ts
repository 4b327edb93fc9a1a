/**
 * Changes of one view on their way into its table, read from the view's changelog at the feed's own pace: it
 * is one more live reader. Where the changelog does not reach back to what the table has, the whole view is
 * written anew beside it. The rows of a key that changed several times in a block are netted by ClickHouse,
 * which keeps the one with the greatest version.
 */
import type { ChangeBatch } from "../../../columns/batch.ts"
import { gatherRows } from "../../../columns/gather.ts"
import type { BlockEncoder } from "../../../columns/native/block-encoder.ts"
import { RowPacker } from "../../../columns/native/row-packer.ts"
import { type Column, INT32, INT64 } from "../../../columns/types.ts"
import { allocateVector, type Vector } from "../../../columns/vector.ts"
import { freeMemory } from "../../../std/free-memory.ts"
import {
  type HotStore,
  type StoreBlock,
  type ViewTable,
  viewBlockColumns,
  viewShape,
} from "../../../stores/store.ts"
import type { Subscription, ViewUpdate } from "../../runtime.ts"
import { BLOCK_BYTES, BLOCK_INTERVAL_MS, BLOCK_ROWS, CLEAN_INTERVAL_MS } from "./feed-limits.ts"
import { FeedLoop, type FeedLoopParts } from "./feed-loop.ts"
import { supersededRows } from "./superseded.ts"

export interface ViewFeedParts extends FeedLoopParts {
  readonly viewTable: ViewTable
  readonly store: HotStore
  readonly encoder: BlockEncoder
  /** After this epoch; null, or one that is not known any more: all rows first. */
  readonly subscribe: (afterEpoch: number | null) => Subscription
}

/** Longer than what is known already takes to arrive. */
const SETTLE_MS = 50

type Snapshot = Extract<ViewUpdate, { kind: "snapshot" }>
/** A block in a buffer of its own. */
type EncodedRows = StoreBlock & { readonly pieces: readonly [Uint8Array<ArrayBuffer>] }
type Arrival = { readonly update: ViewUpdate | null } | "due"

export class ViewFeed extends FeedLoop {
  readonly #parts: ViewFeedParts
  readonly #columns: readonly Column[]
  readonly #block: RowPacker
  #subscription: Subscription | null = null
  /** When the block leaves; null while it is empty. */
  #due: Promise<Arrival> | null = null
  #cleanedMs: number
  /** When the last block left: the next one leaves a while later. */
  #flushedMs = 0
  /** Something changed that is not in the table. */
  #isMissing = true

  constructor(parts: ViewFeedParts) {
    super(parts)
    this.#parts = parts
    this.#cleanedMs = parts.clock.monotonicMs()
    this.#columns = viewBlockColumns(parts.viewTable)
    this.#block = new RowPacker(this.#columns)
  }

  override async stop(): Promise<void> {
    this.#subscription?.[Symbol.dispose]()
    await super.stop()
  }

  protected async feed(): Promise<void> {
    const { store, viewTable, subscribe } = this.#parts
    this.#block.take()
    const epoch = await store.prepareView(viewTable)
    if (this.stopping) return
    using subscription = subscribe(epoch)
    this.#subscription = subscription
    if (epoch !== null) this.following()
    let pending = subscription.next()
    let isFirst = true
    // What the changelog has already comes at once; when nothing does, nothing is missing.
    this.loop.scheduler.after(SETTLE_MS, () => {
      if (isFirst && epoch !== null) this.#isMissing = false
    })
    // A rejection is seen where it is awaited, which may be after a block was written.
    pending.catch(() => undefined)
    for (;;) {
      const arrival = await this.#arrival(pending)
      if (arrival === "due") {
        await this.#flush()
        await this.#clean()
        continue
      }
      const { update } = arrival
      isFirst = false
      if (update === null) return this.#flush()
      // Whatever was there until now is in the table, however long ago that was written.
      if (!this.#isMissing) this.coveredMs = this.loop.clock.nowMs()
      this.#isMissing = true
      if (update.kind === "snapshot") await this.#replace(update, subscription)
      else this.#add(update.changes, update.epoch)
      if (this.#isDue()) await this.#flush()
      pending = subscription.next()
      pending.catch(() => undefined)
    }
  }

  protected missing(): { readonly rows: null; readonly isBehind: boolean } {
    return { rows: null, isBehind: this.#isMissing }
  }

  /** The next update, or that the block has waited long enough. */
  async #arrival(pending: Promise<ViewUpdate | null>): Promise<Arrival> {
    const arrived = pending.then((update): Arrival => ({ update }))
    if (this.#block.rows === 0) {
      this.#block.trim()
      return arrived
    }
    const dueInMs = Math.max(0, this.#flushedMs + BLOCK_INTERVAL_MS - this.loop.clock.nowMs())
    this.#due ??= this.pause(dueInMs).then((): Arrival => "due")
    return Promise.race([arrived, this.#due])
  }

  async #flush(): Promise<void> {
    const { store, viewTable, clock } = this.#parts
    this.#due = null
    if (this.#block.rows > 0) {
      const block = await this.#encode()
      await store.applyChanges(viewTable, block)
      this.#written(block)
    }
    this.#isMissing = false
    this.coveredMs = clock.nowMs()
    this.#flushedMs = this.coveredMs
  }

  /** Now and then: rows of keys that are gone stay in the table as rows that say so. */
  async #clean(): Promise<void> {
    const { store, viewTable, clock } = this.#parts
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#cleanedMs < CLEAN_INTERVAL_MS) return
    this.#cleanedMs = nowMs
    await store.cleanView(viewTable)
  }

  async #replace(first: Snapshot, subscription: Subscription): Promise<void> {
    const { store, viewTable, clock } = this.#parts
    this.state = "loading"
    this.#block.take()
    await store.replaceView(viewTable, this.#snapshotBlocks(first, subscription))
    this.#isMissing = false
    this.coveredMs = clock.nowMs()
    this.following()
  }

  async *#snapshotBlocks(first: Snapshot, subscription: Subscription): AsyncIterable<StoreBlock> {
    for (let chunk = first; ; ) {
      this.#add({ ...chunk.rows, weights: null }, chunk.epoch)
      if (chunk.last || this.#isDue()) {
        if (this.#block.rows > 0) {
          const block = await this.#encode()
          yield block
          this.#written(block)
        }
      }
      if (chunk.last) return
      const next = await subscription.next()
      // Stopped in the middle: what is shown stays, and the next start begins again.
      if (next?.kind !== "snapshot") throw new Error("the platform stopped while the view was written")
      chunk = next
    }
  }

  #isDue(): boolean {
    return this.#block.rows >= BLOCK_ROWS || this.#block.sizeBytes >= BLOCK_BYTES
  }

  async #encode(): Promise<EncodedRows> {
    const packed = this.#block.take()
    const { bytes, chunks } = await this.#parts.encoder.encode(this.#columns, packed)
    this.#block.recycle(chunks)
    return { rows: packed.rows, pieces: [bytes] }
  }

  #written({ rows, pieces }: EncodedRows): void {
    this.writtenRows += rows
    freeMemory(pieces[0].buffer)
  }

  #add(changes: ChangeBatch, epoch: number): void {
    const { viewTable } = this.#parts
    const shape = viewShape(viewTable)
    const rows = shape === "appended" ? repeatRows(changes) : changes
    const vectors: Vector[] = [...rows.vectors, versions(rows, epoch)]
    if (shape === "keyed") vectors.push(deletions(rows))
    if (shape === "counted") vectors.push(weightVector(rows))
    const superseded = shape === "keyed" ? supersededRows(rows, viewTable.key!) : null
    this.#block.append(vectors, rows.length, superseded)
  }
}

function versions({ weights, length }: ChangeBatch, epoch: number): Vector {
  const vector = allocateVector(INT64, length)
  const values = vector.values as BigInt64Array
  const gone = 2n * BigInt(epoch)
  values.fill(gone + 1n)
  if (weights !== null) for (let row = 0; row < length; row++) if (weights[row]! < 0) values[row] = gone
  return vector
}

function deletions({ weights, length }: ChangeBatch): Vector {
  const vector = allocateVector(INT32, length)
  if (weights !== null) for (let row = 0; row < length; row++) vector.values[row] = weights[row]! < 0 ? 1 : 0
  return vector
}

function weightVector({ weights, length }: ChangeBatch): Vector {
  const vector = allocateVector(INT64, length)
  const values = vector.values as BigInt64Array
  for (let row = 0; row < length; row++) values[row] = BigInt(weights?.[row] ?? 1)
  return vector
}

/** Equal rows that came together, one by one. */
function repeatRows(changes: ChangeBatch): ChangeBatch {
  const { weights, length } = changes
  if (weights === null || weights.every((weight) => weight === 1)) return changes
  const rows: number[] = []
  for (let row = 0; row < length; row++) for (let i = 0; i < weights[row]!; i++) rows.push(row)
  return { ...gatherRows(changes, Int32Array.from(rows)), weights: null }
}
