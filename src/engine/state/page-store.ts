/**
 * Pages of state in one growable memory: allocated from free lists by size class, counted by reference,
 * copied when a writer finds one that a snapshot holds too. A page is named by its address in 8-byte words.
 *
 *   class   0      1      2       3        4     ...   7
 *   bytes   4 KB   16 KB  64 KB   256 KB   1 MB        64 MB
 *
 * Small tables (one per window and group set) begin in a small page; 64 KB is the size at which tables split;
 * larger classes exist for entries that would fill a good part of a page.
 *
 * Two marks say what a checkpoint has to write. The stamp in a page's header is the generation in which it
 * was last made private to a writer, and generations of all tables come from one counter: a page whose stamp
 * is not above the counter's value at some instant has not been written to since. The key, kept beside the
 * pages, goes over to the copy when a page is copied, and is never given to another one.
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
/** Word of the header that holds the stamp, in pages of every kind. */
const STAMP = 0
/** The first 64 KB stay unused, so that address 0 means "no page". */
const FIRST_BYTE = 65_536
/**
 * Memory grows by at least this much and this part, to take new views seldom; untouched growth costs nothing.
 */
const GROWTH_BYTES = 4 << 20
const GROWTH_PART = 1 / 8
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
  #sizeClasses = new Uint8Array(1_024)
  /** Doubles, since 32 bits would be used up in weeks. */
  #keys = new Float64Array(1_024)
  #lastKey = 0
  #generation = 1
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

  /** The generation that is under way: stamps of pages that are written to now are not below it. */
  get generation(): number {
    return this.#generation
  }

  /** Begins a generation, so that whoever met the pages before it sees which are written to after it. */
  nextGeneration(): number {
    return ++this.#generation
  }

  /** What comes later has generations and keys above these: of other stores that share a checkpoint. */
  goBeyond({ generation, key }: { readonly generation: number; readonly key: number }): void {
    this.#generation = Math.max(this.#generation, generation)
    this.#lastKey = Math.max(this.#lastKey, key)
  }

  get lastKey(): number {
    return this.#lastKey
  }

  sizeClassOf(page: number): number {
    return this.#sizeClasses[page >>> UNIT_SHIFT]!
  }

  /** The name under which checkpoints know the page, whichever copy of it. */
  keyOf(page: number): number {
    return this.#keys[page >>> UNIT_SHIFT]!
  }

  /** The page is the one that an earlier process knew under this key. */
  adoptKey(page: number, key: number): void {
    this.#keys[page >>> UNIT_SHIFT] = key
    this.#lastKey = Math.max(this.#lastKey, key)
  }

  stampOf(page: number): number {
    return this.f64[page + STAMP]!
  }

  /** A page with one reference and undefined contents. Views may have to be taken again afterwards. */
  allocate(sizeClass: number): number {
    const sizeBytes = pageBytes(sizeClass)
    if (this.#usedBytes + sizeBytes > this.limitBytes) {
      throw stateFull(this.#usedBytes + sizeBytes, this.limitBytes)
    }
    const page = this.#free[sizeClass]!.pop() ?? this.#carve(sizeClass)
    this.#usedBytes += sizeBytes
    const unit = page >>> UNIT_SHIFT
    this.#references[unit] = 1
    this.#sizeClasses[unit] = sizeClass
    this.#keys[unit] = ++this.#lastKey
    return page
  }

  retain(page: number): void {
    this.#references[page >>> UNIT_SHIFT]!++
  }

  release(page: number): void {
    const unit = page >>> UNIT_SHIFT
    const left = --this.#references[unit]!
    assert(left >= 0, "a page is released as often as it was retained")
    if (left > 0) return
    const sizeClass = this.#sizeClasses[unit]!
    this.#usedBytes -= pageBytes(sizeClass)
    this.#free[sizeClass]!.push(page)
  }

  isShared(page: number): boolean {
    return this.#references[page >>> UNIT_SHIFT]! > 1
  }

  /** Gives up one reference to `page` for a private copy of it. */
  copy(page: number): number {
    const sizeClass = this.sizeClassOf(page)
    const twin = this.allocate(sizeClass)
    const from = page * WORD_BYTES
    this.u8.copyWithin(twin * WORD_BYTES, from, from + pageBytes(sizeClass))
    this.#keys[twin >>> UNIT_SHIFT] = this.#keys[page >>> UNIT_SHIFT]!
    this.release(page)
    return twin
  }

  /** Valid until the store allocates. */
  bytesOf(page: number): Uint8Array {
    const from = page * WORD_BYTES
    return this.u8.subarray(from, from + pageBytes(this.sizeClassOf(page)))
  }

  /** Writes the page's bytes to the begin of `target`, without the stamp, which is no part of the state. */
  copyImage(page: number, target: Uint8Array): Uint8Array {
    const image = target.subarray(0, pageBytes(this.sizeClassOf(page)))
    image.set(this.bytesOf(page))
    return image.fill(0, STAMP * WORD_BYTES, (STAMP + 1) * WORD_BYTES)
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
      const { sizeBytes: before } = this.#memory
      const growth = Math.max(GROWTH_BYTES, before * GROWTH_PART)
      this.#memory.growTo(Math.min(MAX_STATE_BYTES, Math.max(end, before + growth)))
      this.#takeViews()
    }
    this.#endBytes = end
    const units = (end / WORD_BYTES) >>> UNIT_SHIFT
    if (units > this.#references.length) {
      const length = Math.max(units, this.#references.length * 2)
      this.#references = widened(this.#references, new Int32Array(length))
      this.#sizeClasses = widened(this.#sizeClasses, new Uint8Array(length))
      this.#keys = widened(this.#keys, new Float64Array(length))
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

function widened<T extends Int32Array | Uint8Array | Float64Array>(from: T, to: T): T {
  to.set(from)
  return to
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
