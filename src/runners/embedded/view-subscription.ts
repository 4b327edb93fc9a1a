/**
 * One live reader of a view: the view's rows in chunks, then its changes epoch by epoch, at the reader's
 * pace.
 */
import type { Engine, ViewSnapshot } from "../../engine/dataflow.ts"
import type { ViewPlan } from "../../plan/plan.ts"
import type { Subscription, ViewUpdate } from "../runtime.ts"
import type { Changelog } from "./changelog.ts"
import { totalOrder } from "./view-reader.ts"

/** Rows in one piece of a snapshot: a message of about a megabyte. */
const CHUNK_ROWS = 5_000

export interface SubscriptionParts {
  readonly engine: Engine
  readonly plan: ViewPlan
  readonly changelog: Changelog
  readonly watermarkUs: () => bigint | null
}

export class ViewSubscription implements Subscription {
  readonly #parts: SubscriptionParts
  /** The reader has everything up to this epoch; null while it has nothing. */
  #epoch: number | null
  #snapshot: ViewSnapshot | null = null
  /** What the snapshot holds: nothing changed between its epoch and where the changelog begins. */
  #upTo = 0
  #offset = 0
  #closed = false

  constructor(parts: SubscriptionParts, afterEpoch: number | null) {
    this.#parts = parts
    const known = afterEpoch !== null && afterEpoch <= parts.engine.epoch
    this.#epoch = known ? afterEpoch : null
  }

  async next(): Promise<ViewUpdate | null> {
    const { changelog } = this.#parts
    while (!this.#closed && !changelog.closed) {
      if (this.#snapshot === null && (this.#epoch === null || !changelog.reachesBackTo(this.#epoch))) {
        this.#snapshot = this.#parts.engine.snapshot(this.#parts.plan.name)
        this.#upTo = Math.max(this.#snapshot.epoch, changelog.completeAfter)
        this.#offset = 0
      }
      if (this.#snapshot !== null) return this.#nextChunk(this.#snapshot)
      const entry = changelog.after(this.#epoch!)
      if (entry !== undefined) {
        this.#epoch = entry.epoch
        return entry
      }
      await changelog.changed()
    }
    return null
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.#releaseSnapshot()
    this.#parts.changelog.wake()
  }

  #nextChunk(snapshot: ViewSnapshot): ViewUpdate {
    const rows = snapshot.select({
      where: [],
      sort: totalOrder(this.#parts.plan, []),
      offset: this.#offset,
      limit: CHUNK_ROWS,
    })
    this.#offset += rows.length
    const last = this.#offset >= snapshot.rowCount || rows.length === 0
    if (last) {
      this.#epoch = this.#upTo
      this.#releaseSnapshot()
    }
    return { kind: "snapshot", epoch: snapshot.epoch, watermarkUs: this.#parts.watermarkUs(), rows, last }
  }

  #releaseSnapshot(): void {
    this.#snapshot?.[Symbol.dispose]()
    this.#snapshot = null
  }
}
