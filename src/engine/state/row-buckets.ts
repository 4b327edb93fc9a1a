/**
 * Pages of rows whose times lie together, so that they empty and go together. A bucket spans a part of the
 * time that rows are kept; rows without a time, and rows that are kept for ever, are in one bucket without a
 * number.
 *
 *   time   --- 7 ---|--- 8 ---|--- 9 ---|      none
 *   pages     ▒        █ █ ▒     █ ▒           █ █ █
 *            ^ rows up to here go
 */

/** So many buckets span the time that rows are kept. */
const BUCKETS = 32n
/** Narrower buckets would leave pages empty. */
const MIN_WIDTH_US = 1n << 20n
const SAFE = 2n ** 53n
/**
 * Buckets that are found again by a comparison: as many as rows go back and forth between, of windows that
 * overlap or out of order. With one too few each is forgotten just before it is sought again.
 */
const RECENT = 16

export interface RowBucket {
  /** Null: its rows have no time. */
  readonly number: bigint | null
  /** Numbers of its pages. */
  readonly pages: number[]
  /** Page that takes rows, 0 for none. */
  open: number
  /** Pages that were found mostly free, last one first; some may have gone since. */
  readonly sparse: number[]
}

export class RowBuckets {
  readonly #widthUs: bigint
  readonly #byNumber = new Map<bigint, RowBucket>()
  /** With a number, earliest first. */
  readonly #order: RowBucket[] = []
  readonly timeless: RowBucket = { number: null, pages: [], open: 0, sparse: [] }
  /** Sought lately, in no order. */
  #recent: { readonly from: number; readonly until: number; readonly bucket: RowBucket }[] = []
  #oldest = 0
  /** Times of the bucket that was sought last, as doubles; NaN where they are not exact. */
  from = Number.NaN
  until = Number.NaN

  constructor(keepUs: bigint) {
    const widthUs = keepUs / BUCKETS
    this.#widthUs = widthUs > MIN_WIDTH_US ? widthUs : MIN_WIDTH_US
  }

  /** One of the buckets that were sought lately, or null. */
  seekRecent(time: number): RowBucket | null {
    for (const { from, until, bucket } of this.#recent) {
      if (time < from || time >= until) continue
      this.from = from
      this.until = until
      return bucket
    }
    return null
  }

  seek(timeUs: bigint): RowBucket {
    const rest = timeUs % this.#widthUs
    const start = timeUs - (rest < 0n ? rest + this.#widthUs : rest)
    const end = start + this.#widthUs
    const isExact = start > -SAFE && end < SAFE
    this.from = isExact ? Number(start) : Number.NaN
    this.until = isExact ? Number(end) : Number.NaN
    const number = start / this.#widthUs
    const bucket = this.#byNumber.get(number) ?? this.adopt({ number, pages: [], open: 0, sparse: [] })
    if (isExact) this.#remember({ from: this.from, until: this.until, bucket })
    return bucket
  }

  #remember(entry: { readonly from: number; readonly until: number; readonly bucket: RowBucket }): void {
    this.#recent[this.#oldest] = entry
    this.#oldest = (this.#oldest + 1) % RECENT
  }

  adopt(bucket: RowBucket): RowBucket {
    this.#byNumber.set(bucket.number!, bucket)
    let place = this.#order.length
    while (place > 0 && this.#order[place - 1]!.number! > bucket.number!) place--
    this.#order.splice(place, 0, bucket)
    return bucket
  }

  /** Those with times up to `untilUs`, earliest first. */
  upTo(untilUs: bigint): RowBucket[] {
    const count = this.#order.findIndex((bucket) => bucket.number! * this.#widthUs > untilUs)
    return count < 0 ? [...this.#order] : this.#order.slice(0, count)
  }

  delete(bucket: RowBucket): void {
    this.#recent = []
    this.#oldest = 0
    this.#byNumber.delete(bucket.number!)
    this.#order.splice(this.#order.indexOf(bucket), 1)
  }

  all(): RowBucket[] {
    return [this.timeless, ...this.#order]
  }
}
