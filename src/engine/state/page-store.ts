/**
 * Pages of state in one growable memory: allocated from free lists by size class, counted by reference,
 * copied when a writer finds one that a snapshot holds too. A page is named by its address in 8-byte words.
 *
 *   class   0      1      2       3        4     ...   7
 *   bytes   4 KB   16 KB  64 KB   256 KB   1 MB        64 MB
 *
 * Small tables (one per window and group set) begin in a small page; 64 KB is the size at which tables split;
 * larger classes exist for entries that would fill a good part of a page.
 */
import { assert } from "../../std/assert.ts"
import { stateEntryTooLarge, stateFull } from "../errors.ts"
import { LinearMemory } from "./linear-memory.ts"

export const PAGE_BYTES = [4_096, 16_384, 65_536, 262_144, 1 << 20, 1 << 22, 1 << 24, 1 << 26] as const
/** Where tables split instead of growing. */
export const SPLIT_CLASS = 2
const LAST_CLASS = PAGE_BYTES.length - 1
/** Reference counts are kept per smallest page: address in words >> 9. */
const UNIT_SHIFT = 9
const WORD_BYTES = 8
/** The first 64 KB stay unused, so that address 0 means "no page". */
const FIRST_BYTE = 65_536
/** Memory grows by at least this much, to take new views seldom; untouched growth costs nothing. */
const GROWTH_BYTES = 4 << 20
/** What word addresses can name in one WebAssembly memory, less one growth step. */
export const MAX_STATE_BYTES = 4 * 2 ** 30 - 65_536

export class PageStore {
  u8: Uint8Array
  i32: Int32Array
  i64: BigInt64Array
  f64: Float64Array
  readonly #memory: LinearMemory
  readonly limitBytes: number
  readonly #free: number[][] = PAGE_BYTES.map(() => [])
  #references = new Int32Array(1_024)
  #endBytes = FIRST_BYTE
  #usedBytes = 0

  constructor(limitBytes: number) {
    assert(limitBytes <= MAX_STATE_BYTES, "the state limit fits one linear memory")
    this.limitBytes = limitBytes
    this.#memory = new LinearMemory(FIRST_BYTE, MAX_STATE_BYTES)
    const views = this.#memory.views()
    this.u8 = views.u8
    this.i32 = views.i32
    this.i64 = views.i64
    this.f64 = views.f64
  }

  /** Bytes in pages that are in use. */
  get usedBytes(): number {
    return this.#usedBytes
  }

  /** A page with one reference and undefined contents. Views may have to be taken again afterwards. */
  allocate(sizeClass: number): number {
    const sizeBytes = pageBytes(sizeClass)
    if (this.#usedBytes + sizeBytes > this.limitBytes) {
      throw stateFull(this.#usedBytes + sizeBytes, this.limitBytes)
    }
    const page = this.#free[sizeClass]!.pop() ?? this.#carve(sizeClass)
    this.#usedBytes += sizeBytes
    this.#references[page >>> UNIT_SHIFT] = 1
    return page
  }

  retain(page: number): void {
    this.#references[page >>> UNIT_SHIFT]!++
  }

  release(page: number, sizeClass: number): void {
    const left = --this.#references[page >>> UNIT_SHIFT]!
    assert(left >= 0, "a page is released as often as it was retained")
    if (left > 0) return
    this.#usedBytes -= pageBytes(sizeClass)
    this.#free[sizeClass]!.push(page)
  }

  isShared(page: number): boolean {
    return this.#references[page >>> UNIT_SHIFT]! > 1
  }

  /** Gives up one reference to `page` for a private copy of it. */
  copy(page: number, sizeClass: number): number {
    const twin = this.allocate(sizeClass)
    const from = page * WORD_BYTES
    this.u8.copyWithin(twin * WORD_BYTES, from, from + pageBytes(sizeClass))
    this.release(page, sizeClass)
    return twin
  }

  bytesOf(page: number, sizeClass: number): Uint8Array {
    const from = page * WORD_BYTES
    return this.u8.subarray(from, from + pageBytes(sizeClass))
  }

  /** From fresh memory; below 64 KB a page is cut into pieces that stay in their class. */
  #carve(sizeClass: number): number {
    if (sizeClass >= SPLIT_CLASS) return this.#extend(pageBytes(sizeClass))
    const whole = this.#free[SPLIT_CLASS]!.pop() ?? this.#extend(pageBytes(SPLIT_CLASS))
    const words = pageBytes(sizeClass) / WORD_BYTES
    const pieces = pageBytes(SPLIT_CLASS) / pageBytes(sizeClass)
    for (let piece = pieces - 1; piece > 0; piece--) this.#free[sizeClass]!.push(whole + piece * words)
    return whole
  }

  #extend(sizeBytes: number): number {
    const start = this.#endBytes
    const end = start + sizeBytes
    if (end > MAX_STATE_BYTES) throw stateFull(end, MAX_STATE_BYTES)
    if (end > this.#memory.sizeBytes) {
      this.#memory.growTo(Math.min(MAX_STATE_BYTES, Math.max(end, this.#memory.sizeBytes + GROWTH_BYTES)))
      this.#takeViews()
    }
    this.#endBytes = end
    const units = (end / WORD_BYTES) >>> UNIT_SHIFT
    if (units > this.#references.length) {
      const wider = new Int32Array(Math.max(units, this.#references.length * 2))
      wider.set(this.#references)
      this.#references = wider
    }
    return start / WORD_BYTES
  }

  #takeViews(): void {
    const views = this.#memory.views()
    this.u8 = views.u8
    this.i32 = views.i32
    this.i64 = views.i64
    this.f64 = views.f64
  }
}

export function pageBytes(sizeClass: number): number {
  const sizeBytes = PAGE_BYTES[sizeClass]
  assert(sizeBytes !== undefined, "the page's size class exists")
  return sizeBytes
}

/** The smallest class from `from` on that holds `sizeBytes`. @throws state-entry-too-large */
export function classFor(sizeBytes: number, from: number): number {
  for (let sizeClass = from; sizeClass <= LAST_CLASS; sizeClass++) {
    if (pageBytes(sizeClass) >= sizeBytes) return sizeClass
  }
  throw stateEntryTooLarge(sizeBytes, pageBytes(LAST_CLASS))
}
