/**
 * Rows under ids that hold as long as the row is there, in pages that are copied on write. Rows of about the
 * same time share pages (row-buckets.ts), so that letting go what is old frees whole pages; pages that lose
 * most of their rows in another way are filled again.
 *
 * What a row holds is the business of generated code (code/join-code.ts); this class makes room. Addresses
 * hold once their page is owned, until pages may leave memory.
 */
import { assert } from "../../std/assert.ts"
import { ARENA_DEAD, ARENA_TOP, FREE_HEAD, GENERATION, LIVE, USED } from "./page-format.ts"
import { classFor, SPLIT_CLASS } from "./page-sizes.ts"
import type { PageStore } from "./page-store.ts"
import type { RowBucket } from "./row-buckets.ts"
import { RowBuckets } from "./row-buckets.ts"
import { RowDirectory } from "./row-directory.ts"
import type { RowShape } from "./row-page.ts"
import * as R from "./row-page.ts"
import { RowSnapshot, type RowStoreMeta } from "./row-snapshot.ts"

export class RowStore {
  readonly store: PageStore
  readonly shape: RowShape
  readonly buckets: RowBuckets
  readonly directory: RowDirectory
  /** Where the row lies that was inserted last. */
  page = 0
  address = 0
  #bucket: RowBucket
  #bucketOf: (RowBucket | null)[] = [null]
  #placeInBucket: number[] = [0]
  #freeNumbers: number[] = []
  #nextNumber = 1

  constructor(store: PageStore, shape: RowShape, keepUs: bigint) {
    this.store = store
    this.shape = shape
    this.directory = new RowDirectory(store)
    this.buckets = new RowBuckets(keepUs)
    this.#bucket = this.buckets.timeless
  }

  /** Where the next rows belong: to this time. */
  seek(timeUs: bigint): void {
    this.#bucket = this.buckets.seek(timeUs)
  }

  /** As seek, for a time as a double; false when its bucket has not been sought lately. */
  seekRecent(time: number): boolean {
    const bucket = this.buckets.seekRecent(time)
    if (bucket !== null) this.#bucket = bucket
    return bucket !== null
  }

  seekTimeless(): void {
    this.buckets.from = Number.NaN
    this.#bucket = this.buckets.timeless
  }

  /** By the names that they have now. */
  pages(): Iterable<number> {
    return this.directory.names.filter((page) => page !== 0)
  }

  /** Ids of all rows. Pages come back for it, and others leave: nobody may hold an address. */
  *ids(): Generator<number> {
    for (let number = 1; number < this.#nextNumber; number++) {
      if (this.directory.pages[number] === 0) continue
      if (this.directory.isOut(number)) this.store.relieve()
      const page = this.directory.bring(number)
      yield* this.#idsOf(number, page)
    }
  }

  #idsOf(number: number, page: number): number[] {
    const { i32 } = this.store
    const { strideWords, markHalf } = this.shape
    const ids: number[] = []
    for (let slot = 0; slot < i32[page * 2 + USED]!; slot++) {
      const address = page + R.HEADER_WORDS + slot * strideWords
      if (i32[address * 2 + markHalf] !== R.FREE) ids.push((number << R.SLOT_BITS) | slot)
    }
    return ids
  }

  isOut(id: number): boolean {
    return this.directory.isOut(id >>> R.SLOT_BITS)
  }

  /** Where the row lies, to be read. Its page comes into memory if it must. */
  bringRow(id: number): number {
    return this.#rowIn(this.directory.bring(id >>> R.SLOT_BITS), id)
  }

  /** As bringRow, in a page that may be written to. */
  ownRow(id: number): number {
    return this.#rowIn(this.directory.own(id >>> R.SLOT_BITS), id)
  }

  #rowIn(page: number, id: number): number {
    return page + R.HEADER_WORDS + (id & R.SLOT_MASK) * this.shape.strideWords
  }

  /** A zeroed row with `bytes` of arena to spare, at `time`. Sets `page` and `address`, returns its id. */
  insert(bytes: number, time: number): number {
    let number = this.#bucket.open
    let page = number === 0 ? 0 : this.directory.own(number)
    if (page === 0 || !R.hasRoom(this.store.i32, page, this.shape, bytes)) {
      number = this.#openPage(bytes)
      page = this.directory.own(number)
    }
    const { i32, f64 } = this.store
    const at = page * 2
    const { strideWords } = this.shape
    let slot = i32[at + FREE_HEAD]! - 1
    const isFresh = slot < 0
    if (isFresh) slot = i32[at + USED]!++
    const address = page + R.HEADER_WORDS + slot * strideWords
    if (!isFresh) i32[at + FREE_HEAD] = i32[address * 2 + 1]!
    if (i32[at + LIVE]!++ === 0 || f64[page + R.MIN_TIME]! > time) f64[page + R.MIN_TIME] = time
    for (let half = address * 2; half < (address + strideWords) * 2; half++) i32[half] = 0
    this.page = page
    this.address = address
    return (number << R.SLOT_BITS) | slot
  }

  /** Stores bytes that `insert` has made room for. `source` must not be the page store's own memory. */
  storeBytes(field: number, source: Uint8Array, start: number, end: number): void {
    const { i32, u8 } = this.store
    const length = end - start
    const top = i32[this.page * 2 + ARENA_TOP]! - length
    i32[this.page * 2 + ARENA_TOP] = top
    i32[(this.address + field) * 2] = top
    i32[(this.address + field) * 2 + 1] = length
    const to = this.page * 8 + top
    if (length > 48) u8.set(source.subarray(start, end), to)
    else for (let k = 0; k < length; k++) u8[to + k] = source[start + k]!
  }

  remove(id: number): void {
    const number = id >>> R.SLOT_BITS
    const page = this.directory.own(number)
    const { i32 } = this.store
    const at = page * 2
    if (i32[at + LIVE] === 1) {
      this.#freePage(number)
      return
    }
    const address = this.#rowIn(page, id)
    for (const field of this.shape.bytesFields) i32[at + ARENA_DEAD]! += i32[(address + field) * 2 + 1]!
    i32[address * 2 + this.shape.markHalf] = R.FREE
    i32[address * 2 + 1] = i32[at + FREE_HEAD]!
    i32[at + FREE_HEAD] = (id & R.SLOT_MASK) + 1
    i32[at + LIVE]!--
    const bucket = this.#bucketOf[number]!
    if (bucket.open === number || i32[at + R.IS_SPARSE] === 1 || !R.isMostlyFree(i32, page)) return
    i32[at + R.IS_SPARSE] = 1
    bucket.sparse.push(number)
  }

  /** Hands every row with a time up to `untilUs` to `remove`, page by page; it removes them. */
  letGo(untilUs: bigint, remove: (ids: readonly number[]) => void): void {
    const until = Number(untilUs)
    for (const bucket of this.buckets.upTo(untilUs)) {
      for (const number of [...bucket.pages]) {
        if (this.directory.minTime(number) <= until) remove(this.#passed(number, untilUs))
      }
      if (bucket.pages.length === 0) this.buckets.delete(bucket)
    }
    this.seekTimeless()
  }

  #passed(number: number, untilUs: bigint): number[] {
    const { timeWord, strideWords, markHalf } = this.shape
    const [untilHigh, untilLow] = [Number(untilUs >> 32n), Number(untilUs & 0xffff_ffffn)]
    const page = this.directory.own(number)
    const { i32, f64 } = this.store
    const ids: number[] = []
    let earliest = Number.POSITIVE_INFINITY
    for (let slot = 0; slot < i32[page * 2 + USED]!; slot++) {
      const address = page + R.HEADER_WORDS + slot * strideWords
      if (i32[address * 2 + markHalf] === R.FREE) continue
      const high = i32[(address + timeWord!) * 2 + 1]!
      const low = i32[(address + timeWord!) * 2]! >>> 0
      if (high < untilHigh || (high === untilHigh && low <= untilLow))
        ids.push((number << R.SLOT_BITS) | slot)
      else earliest = Math.min(earliest, high * 2 ** 32 + low)
    }
    f64[page + R.MIN_TIME] = earliest
    return ids
  }

  /** Shares all pages; a later writer copies those that it touches. */
  snapshot(): RowSnapshot {
    const buckets = this.buckets.all().map(({ number, pages, open, sparse }) => {
      return { number, numbers: Int32Array.from(pages), open, sparse: [...sparse] }
    })
    const rest = { freeNumbers: [...this.#freeNumbers], nextNumber: this.#nextNumber }
    const { directory } = this
    return directory.freeze((onReleased) => {
      return new RowSnapshot(this.store, directory.names, { ...rest, buckets }, onReleased)
    })
  }

  /** Only on a store that is empty. `pageOf` is asked for the pages in their order; images may come later. */
  restore(meta: RowStoreMeta, pageOf: (sizeClass: number) => number): void {
    assert(this.#nextNumber === 1, "rows are restored before any came")
    this.#nextNumber = meta.nextNumber
    this.#freeNumbers = [...meta.freeNumbers]
    this.directory.reserve(meta.nextNumber)
    for (const { number, pages, open, sparse } of meta.buckets) {
      const bucket =
        number === null
          ? this.buckets.timeless
          : this.buckets.adopt({ number: BigInt(number), pages: [], open: 0, sparse: [] })
      bucket.open = open
      bucket.sparse.push(...sparse)
      for (const [pageNumber, sizeClass] of pages) this.#enter(bucket, pageNumber, pageOf(sizeClass))
    }
  }

  /** A page of the bucket with room for a row: the same one when it is tidied up, a sparse one, a new one. */
  #openPage(bytes: number): number {
    const bucket = this.#bucket
    const current = bucket.open === 0 ? 0 : this.directory.own(bucket.open)
    if (current !== 0 && R.isArenaMostlyDead(this.store.i32, current)) {
      R.compactArena(this.store, current, this.shape)
      if (R.hasRoom(this.store.i32, current, this.shape, bytes)) return bucket.open
    }
    for (let number = bucket.sparse.pop(); number !== undefined; number = bucket.sparse.pop()) {
      if (this.#bucketOf[number] !== bucket || !this.#isSparse(number)) continue
      const page = this.directory.own(number)
      this.store.i32[page * 2 + R.IS_SPARSE] = 0
      if (this.store.i32[page * 2 + ARENA_DEAD]! > 0) R.compactArena(this.store, page, this.shape)
      if (!R.hasRoom(this.store.i32, page, this.shape, bytes)) continue
      bucket.open = number
      return number
    }
    const needed = (R.HEADER_WORDS + this.shape.strideWords) * 8 + bytes
    const sizeClass = classFor(needed, Math.min(bucket.pages.length, SPLIT_CLASS))
    const number = this.#freeNumbers.pop() ?? this.#nextNumber++
    assert(number < R.MAX_PAGES, "memory ends before page numbers do")
    const page = this.store.allocate(sizeClass)
    R.formatRowPage(this.store.i32, page, this.shape, { sizeClass, number })
    this.store.f64[page + GENERATION] = this.directory.generation
    this.#enter(bucket, number, page)
    bucket.open = number
    return number
  }

  #isSparse(number: number): boolean {
    const page = this.directory.bring(number)
    return this.store.i32[page * 2 + R.IS_SPARSE] === 1
  }

  #enter(bucket: RowBucket, number: number, page: number): void {
    this.directory.enter(number, page)
    this.#bucketOf[number] = bucket
    this.#placeInBucket[number] = bucket.pages.length
    bucket.pages.push(number)
  }

  #freePage(number: number): void {
    const bucket = this.#bucketOf[number]!
    const last = bucket.pages.pop()!
    if (last !== number) {
      bucket.pages[this.#placeInBucket[number]!] = last
      this.#placeInBucket[last] = this.#placeInBucket[number]!
    }
    if (bucket.open === number) bucket.open = 0
    this.directory.delete(number)
    this.#bucketOf[number] = null
    this.#freeNumbers.push(number)
  }
}
