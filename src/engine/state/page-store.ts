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
 *
 * Given a spill file, pages of tables that allow it leave memory when it gets short, and are named by
 * negative numbers then (spilled-pages.ts). They leave only in `relieve`, which is called where no loop holds
 * an address.
 */
import { assert } from "../../std/assert.ts"
import { isPlatformError, type PlatformError } from "../../std/errors.ts"
import { spillFailed, stateFull } from "../errors.ts"
import { LinearMemory } from "./linear-memory.ts"
import { PageEvictor } from "./page-evictor.ts"
import { PAGE_BYTES, pageBytes, SPLIT_CLASS } from "./page-sizes.ts"
import { NOTHING_SPILLED, SpilledPages, type SpillFile, type SpillStats } from "./spilled-pages.ts"

/** Reference counts are kept per smallest page: address in words >> 9. */
const UNIT_SHIFT = 9
const WORD_BYTES = 8
/** Word of the header that holds the stamp, in pages of every kind. */
const STAMP = 0
/** The first 64 KB hold no pages, so that address 0 means "no page". */
const FIRST_BYTE = 65_536
/**
 * In the place of a page that is out: empty, and of no generation, so that loops ask for it before they write
 * to it.
 */
export const BLANK = 512
/**
 * Memory grows by at least this much and this part, to take new views seldom; untouched growth costs nothing.
 */
const GROWTH_BYTES = 4 << 20
const GROWTH_PART = 1 / 8
/** What word addresses can name in one WebAssembly memory, less one growth step. */
export const MAX_STATE_BYTES = 4 * 2 ** 30 - 65_536

/** Of the limit: pages leave until they take so much. */
const KEEP_PART = 3 / 4
/** And loops stop for that when they take so much; the rest is what one row may need. */
const CROWDED_PART = 7 / 8

export interface SpillOptions {
  /** Each store has a file of its own. */
  readonly openFile: () => SpillFile
  /** Bytes, of pages and what is beside them, to which pages leave. @default three quarters of the limit */
  readonly keepBytes?: number
  /** Bytes from which on loops stop so that pages can leave. @default seven eighths of the limit */
  readonly crowdedBytes?: number
}

export class PageStore implements Disposable {
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
  /** 1 for a page that came in since `takeNew` was asked. */
  #isNew = new Uint8Array(1_024)
  readonly #spilled: SpilledPages | null
  /** Places in the spill file of pages that came back, good as long as the stamp is the same. */
  readonly #images = new Map<number, { readonly place: number; readonly stamp: number }>()
  /** Why pages could not leave when they should have last. */
  #writeFailure: PlatformError | null = null
  readonly #keepBytes: number
  readonly #crowdedBytes: number
  /** Tables whose pages may leave; null where there is no spill file. */
  readonly evictor: PageEvictor | null
  /** What operators keep in the JavaScript heap: it takes from the same limit. */
  heapBytes = 0

  constructor(limitBytes: number, spill: SpillOptions | null = null) {
    assert(limitBytes <= MAX_STATE_BYTES, "the state limit fits one linear memory")
    this.limitBytes = limitBytes
    this.#memory = new LinearMemory(FIRST_BYTE, MAX_STATE_BYTES)
    const views = this.#memory.views()
    this.u8 = views.u8
    this.i32 = views.i32
    this.i64 = views.i64
    this.f64 = views.f64
    this.f64[BLANK + STAMP] = -1
    this.#spilled = spill === null ? null : new SpilledPages(spill.openFile())
    this.evictor = spill === null ? null : new PageEvictor(this)
    this.#keepBytes = spill?.keepBytes ?? limitBytes * KEEP_PART
    this.#crowdedBytes = spill === null ? Infinity : (spill.crowdedBytes ?? limitBytes * CROWDED_PART)
  }

  /** Bytes in pages that are in memory and in use. */
  get usedBytes(): number {
    return this.#usedBytes
  }

  get spill(): SpillStats {
    return this.#spilled?.stats ?? NOTHING_SPILLED
  }

  /** A loop stops behind the row that it is at, so that pages can leave. */
  get isCrowded(): boolean {
    return this.#usedBytes + this.heapBytes > this.#crowdedBytes
  }

  /**
   * Lets pages leave when there are too many. Nobody may hold the address of a page that can leave. That one
   * cannot be written is no failure before there is no room without it.
   */
  relieve(): void {
    if (this.evictor === null || this.#usedBytes + this.heapBytes <= this.#keepBytes) return
    try {
      this.evictor.sweep(() => this.#usedBytes + this.heapBytes <= this.#keepBytes)
      this.#writeFailure = null
    } catch (error) {
      if (!isPlatformError(error, "spill-failed")) throw error
      this.#writeFailure = error
    }
  }

  /** Whether the page came in since this was asked last. */
  takeNew(page: number): boolean {
    const unit = page >>> UNIT_SHIFT
    const isNew = this.#isNew[unit] === 1
    this.#isNew[unit] = 0
    return isNew
  }

  /** The generation that is under way: stamps of pages that are written to now are not below it. */
  get generation(): number {
    return this.#generation
  }

  /** Begins a generation, so that whoever met the pages before it sees which are written to after it. */
  nextGeneration(): number {
    return ++this.#generation
  }

  /** What is written to later has this generation or one above it: other stores share the checkpoint. */
  raiseGeneration(generation: number): void {
    this.#generation = Math.max(this.#generation, generation)
  }

  /**
   * Keys up to this one are names of pages of an earlier process, some of which are gone. All pages come
   * under others, also those that empty tables have already; before any adopts a key.
   */
  raiseKeys(key: number): void {
    for (let unit = 0; unit < this.#keys.length; unit++) this.#keys[unit]! += key
    this.#lastKey += key
  }

  get lastKey(): number {
    return this.#lastKey
  }

  sizeClassOf(page: number): number {
    if (page < 0) return this.#outside.of(page).sizeClass
    return this.#sizeClasses[page >>> UNIT_SHIFT]!
  }

  /** The name under which checkpoints know the page, whichever copy of it. */
  keyOf(page: number): number {
    if (page < 0) return this.#outside.of(page).key
    return this.#keys[page >>> UNIT_SHIFT]!
  }

  /** The page is the one that an earlier process knew under this key. */
  adoptKey(page: number, key: number): void {
    if (page < 0) this.#outside.adoptKey(page, key)
    else this.#keys[page >>> UNIT_SHIFT] = key
    this.#lastKey = Math.max(this.#lastKey, key)
  }

  stampOf(page: number): number {
    if (page < 0) return this.#outside.of(page).stamp
    return this.f64[page + STAMP]!
  }

  /** A page with one reference and undefined contents. Views may have to be taken again afterwards. */
  allocate(sizeClass: number): number {
    const sizeBytes = pageBytes(sizeClass)
    const neededBytes = this.#usedBytes + this.heapBytes + sizeBytes
    if (neededBytes > this.limitBytes) {
      throw this.#writeFailure ?? stateFull({ neededBytes, limitBytes: this.limitBytes })
    }
    const page = this.#free[sizeClass]!.pop() ?? this.#carve(sizeClass)
    this.#usedBytes += sizeBytes
    const unit = page >>> UNIT_SHIFT
    this.#references[unit] = 1
    this.#sizeClasses[unit] = sizeClass
    this.#keys[unit] = ++this.#lastKey
    this.#isNew[unit] = 1
    return page
  }

  retain(page: number): void {
    if (page < 0) this.#outside.retain(page)
    else this.#references[page >>> UNIT_SHIFT]!++
  }

  release(page: number): void {
    if (page < 0) {
      this.#outside.release(page)
      return
    }
    const unit = page >>> UNIT_SHIFT
    const left = --this.#references[unit]!
    assert(left >= 0, "a page is released as often as it was retained")
    if (left > 0) return
    const sizeClass = this.#sizeClasses[unit]!
    const image = this.#images.get(page)
    if (image !== undefined) this.#outside.givePlace(sizeClass, image.place)
    this.#giveMemory(page, sizeClass)
  }

  #giveMemory(page: number, sizeClass: number): void {
    this.#images.delete(page)
    this.#usedBytes -= pageBytes(sizeClass)
    this.#free[sizeClass]!.push(page)
  }

  /**
   * Writes the page to the spill file and frees its memory. Returns its new name, which all who hold the page
   * must take for it.
   */
  putOut(page: number): number {
    const sizeClass = this.sizeClassOf(page)
    const stamp = this.stampOf(page)
    const known = this.#images.get(page)
    const image = known?.stamp === stamp ? null : this.bytesOf(page)
    const place = this.#outside.putImage(image, known?.place ?? null, sizeClass)
    const unit = page >>> UNIT_SHIFT
    const out = this.#outside.add({ sizeClass, stamp, key: this.keyOf(page) }, place, this.#references[unit]!)
    this.#references[unit] = 0
    this.#giveMemory(page, sizeClass)
    return out
  }

  /** Gives up one reference to a page that is out for a page in memory that nobody shares. */
  bringIn(out: number): number {
    const outside = this.#outside
    const { sizeClass, stamp, key } = outside.of(out)
    const page = this.allocate(sizeClass)
    try {
      outside.read(out, this.bytesOf(page))
      if (this.stampOf(page) !== stamp)
        throw spillFailed("read", new Error("the file has another page there"))
    } catch (error) {
      this.release(page)
      throw error
    }
    this.#keys[page >>> UNIT_SHIFT] = key
    const place = outside.bringBack(out)
    if (place !== null) this.#images.set(page, { place, stamp })
    return page
  }

  /**
   * As allocate, for a page whose table allows it to be out: it has no memory when that is short, and gets
   * its image by `writeOut`.
   */
  allocateAnywhere(sizeClass: number): number {
    const neededBytes = this.#usedBytes + this.heapBytes + pageBytes(sizeClass)
    if (this.#spilled === null || neededBytes <= this.#keepBytes) return this.allocate(sizeClass)
    const place = this.#spilled.takePlace(sizeClass)
    return this.#spilled.add({ sizeClass, stamp: 0, key: ++this.#lastKey }, place, 1)
  }

  writeOut(out: number, image: Uint8Array): void {
    this.#outside.write(this.#outside.of(out).place, image)
  }

  /** The image of a page that is out. */
  readOut(out: number, target: Uint8Array): void {
    this.#outside.read(out, target)
  }

  /** Nothing in it is needed any more. */
  [Symbol.dispose](): void {
    this.#spilled?.[Symbol.dispose]()
  }

  get #outside(): SpilledPages {
    assert(this.#spilled !== null, "pages are out only where there is a spill file")
    return this.#spilled
  }

  isShared(page: number): boolean {
    return this.#references[page >>> UNIT_SHIFT]! > 1
  }

  /** The page, or a copy of it where it is shared, with the stamp of its table's generation. */
  madePrivate(page: number, generation: number): number {
    const own = this.isShared(page) ? this.copy(page) : page
    this.f64[own + STAMP] = generation
    return own
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
    if (page < 0) this.readOut(page, image)
    else image.set(this.bytesOf(page))
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
    if (end > MAX_STATE_BYTES) throw stateFull({ neededBytes: end, limitBytes: MAX_STATE_BYTES })
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
      this.#isNew = widened(this.#isNew, new Uint8Array(length))
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
