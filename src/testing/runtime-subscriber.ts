/**
 * A live reader of the simulated runtime. It outlives crashes and goes on behind the last epoch that it has;
 * what it was told must add up to the view at every epoch, without a gap and without a repetition.
 */
import { readRow } from "../columns/scalar.ts"
import type { Runtime, Subscription, ViewUpdate } from "../runners/runtime.ts"
import { changeTexts, rowText } from "./epoch-chronicle.ts"

/** Whole views in a row at one epoch: beyond it a reader goes round in circles. */
const MOST_SNAPSHOTS_AT_ONCE = 3

export interface SubscriberParts {
  readonly view: string
  readonly broken: (law: string) => never
  /** Told of each update when it has been taken in. */
  readonly onUpdate: (subscriber: RuntimeSubscriber, update: ViewUpdate, before: number | null) => void
}

export class RuntimeSubscriber {
  readonly view: string
  /** It has everything up to here; null: nothing yet. */
  epoch: number | null = null
  readonly #parts: SubscriberParts
  #rows = new Map<string, number>()
  #arriving: { readonly epoch: number; readonly rows: Map<string, number> } | null = null
  #subscription: Subscription | null = null
  #lives: () => boolean = () => false
  #waits = false
  #snapshotsAtOnce = 0

  constructor(parts: SubscriberParts) {
    this.#parts = parts
    this.view = parts.view
  }

  /** With multiplicities written out, sorted. */
  rows(): readonly string[] {
    return [...this.#rows].flatMap(([text, count]) => Array.from({ length: count }, () => text)).sort()
  }

  /** Hears only what is said while the connection lives. */
  connect(runtime: Runtime, lives: () => boolean): void {
    this.#subscription = runtime.subscribe(this.view, this.epoch)
    this.#lives = lives
    this.#arriving = null
    this.#waits = false
    this.#snapshotsAtOnce = 0
  }

  /** The connection is gone; what it still says is not heard. */
  disconnect(): void {
    this.#subscription = null
  }

  /** Asks for the next update, unless it waits for one. */
  pull(): void {
    const subscription = this.#subscription
    if (subscription === null || this.#waits) return
    this.#waits = true
    const heard = (update: ViewUpdate | null) => {
      if (this.#subscription !== subscription || !this.#lives()) return
      this.#waits = false
      if (update === null) this.#subscription = null
      else this.#take(update)
    }
    // What breaks a law is noted by the world; a connection that breaks is one that says nothing more.
    subscription
      .next()
      .then(heard)
      .catch(() => {})
  }

  get isWaiting(): boolean {
    return this.#waits || this.#subscription === null
  }

  #take(update: ViewUpdate): void {
    const before = this.epoch
    if (update.kind === "snapshot") this.#takeChunk(update)
    else this.#takeChanges(update)
    this.#parts.onUpdate(this, update, before)
  }

  #takeChunk({ epoch, rows, last }: Extract<ViewUpdate, { kind: "snapshot" }>): void {
    const arriving = this.#arriving ?? { epoch, rows: new Map<string, number>() }
    this.#arriving = arriving
    if (arriving.epoch !== epoch) this.#broken(`a snapshot of epoch ${arriving.epoch} goes on with ${epoch}`)
    for (let row = 0; row < rows.length; row++) add(arriving.rows, rowText(readRow(rows, row)), 1)
    if (!last) return
    this.#snapshotsAtOnce = this.epoch === epoch ? this.#snapshotsAtOnce + 1 : 1
    if (this.#snapshotsAtOnce > MOST_SNAPSHOTS_AT_ONCE)
      this.#broken(`it gets the whole view again and again at ${epoch}`)
    this.#arriving = null
    this.#rows = arriving.rows
    this.epoch = epoch
  }

  #takeChanges({ epoch, changes }: Extract<ViewUpdate, { kind: "changes" }>): void {
    if (this.#arriving !== null) this.#broken("changes come into the middle of a snapshot")
    if (this.epoch === null || epoch <= this.epoch) this.#broken(`epoch ${epoch} comes behind ${this.epoch}`)
    for (const text of changeTexts(changes)) {
      const [, sign, weight, row] = /^([+-])(\d+) (.*)$/s.exec(text)!
      add(this.#rows, row!, Number(weight) * (sign === "-" ? -1 : 1))
    }
    const negative = [...this.#rows].find(([, count]) => count < 0)
    if (negative !== undefined) this.#broken(`epoch ${epoch} takes away "${negative[0]}", which is not there`)
    this.epoch = epoch
  }

  #broken(law: string): never {
    return this.#parts.broken(`a reader of ${this.view}: ${law}`)
  }
}

function add(rows: Map<string, number>, text: string, weight: number): void {
  const count = (rows.get(text) ?? 0) + weight
  if (count === 0) rows.delete(text)
  else rows.set(text, count)
}
