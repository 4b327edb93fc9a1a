/**
 * One side's rows of a join: in a row store, linked per key, and under an index by whole row where rows can
 * be taken back. Remembers which rows the epoch has changed and how often each was put out by itself before.
 */
import type { SidePlan } from "../code/join-plan.ts"
import { UNLINKED } from "../code/join-plan.ts"
import { KeyTable } from "../state/key-table.ts"
import type { PageStore } from "../state/page-store.ts"
import { RowStore } from "../state/row-store.ts"
import { slotHolding } from "../state/slot-search.ts"

const FIRST_ROWS = 256
/** A slot of the index by whole row holds the row's id behind its hash. */
export const INDEX_SHAPE = { strideWords: 2, bytesFields: [] }
export const INDEX_ID_HALF = 2

export class JoinSideState {
  readonly plan: SidePlan
  readonly rows: RowStore
  readonly index: KeyTable | null
  readonly #store: PageStore
  readonly #keys: KeyTable
  /** Rows that the epoch has changed, a sparse set: a row's second half-word is its place here. */
  touchedCount = 0
  touched = new Int32Array(FIRST_ROWS)
  /** How often each was put out by itself when the epoch began. */
  before = new Int32Array(FIRST_ROWS)
  /** Rows with a negative multiplicity: what has been taken back and not been there yet. */
  negatives = 0

  constructor(plan: SidePlan, store: PageStore, keys: KeyTable) {
    this.plan = plan
    this.#store = store
    this.#keys = keys
    this.rows = new RowStore(store, plan.shape, plan.side.expiry?.keepUs ?? 0n)
    this.index = plan.rowHashHalf === null ? null : new KeyTable(store, INDEX_SHAPE, null).letPagesLeave()
  }

  /** Of its rows or their index. */
  get hasPagesOut(): boolean {
    return this.rows.directory.hasPagesOut || this.index?.hasPagesOut === true
  }

  /** For generated code: the row at `address` is about to change for the first time in this epoch. */
  touch(id: number, address: number, before: number): void {
    if (this.touchedCount === this.touched.length) this.#grow()
    const place = this.touchedCount++
    this.touched[place] = id
    this.before[place] = before
    this.#store.i32[address * 2 + 1] = place
  }

  /** How often the row at `address` is put out by itself. */
  shown(address: number): number {
    const { i32 } = this.#store
    const { timesHalf, partnersHalf, shown, waits } = this.plan
    const isAlone = i32[address * 2 + partnersHalf] === 0
    if (waits || isAlone !== (shown === "without-partner")) return 0
    return i32[address * 2 + timesHalf]!
  }

  /** Takes a row out of its key's list, the index and the store; of a key without rows the key too. */
  forget(id: number): void {
    const { rowHashHalf } = this.plan
    const address = this.rows.bringRow(id)
    if (rowHashHalf !== null) {
      const index = this.index!
      const slot = slotHolding(index, this.#store.i32[address * 2 + rowHashHalf]!, INDEX_ID_HALF, id)
      index.remove(index.page, slot)
    }
    this.#unlink(id, address)
    this.rows.remove(id)
  }

  #unlink(id: number, address: number): void {
    const store = this.#store
    const { nextHalf, previousHalf, headHalf } = this.plan
    const next = store.i32[address * 2 + nextHalf]!
    const previous = store.i32[address * 2 + previousHalf]!
    const hash = store.i32[address * 2]!
    if (previous === UNLINKED) return
    if (next !== 0) {
      const at = this.rows.ownRow(next)
      store.i32[at * 2 + previousHalf] = previous
    }
    if (previous !== 0) {
      const at = this.rows.ownRow(previous)
      store.i32[at * 2 + nextHalf] = next
      return
    }
    const keys = this.#keys
    const slot = slotHolding(keys, hash, headHalf, id)
    store.i32[slot * 2 + headHalf] = next
    // Heads are the two halves of one word.
    if (next === 0 && store.i32[slot * 2 + (headHalf ^ 1)] === 0) keys.remove(keys.page, slot)
  }

  #grow(): void {
    const touched = new Int32Array(this.touched.length * 2)
    const before = new Int32Array(touched.length)
    touched.set(this.touched)
    before.set(this.before)
    this.touched = touched
    this.before = before
  }
}
