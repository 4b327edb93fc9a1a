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
  /** Times of the bucket that was sought last, as doubles; NaN where they are not exact. */
  from = Number.NaN
  until = Number.NaN

  constructor(keepUs: bigint) {
    const widthUs = keepUs / BUCKETS
    this.#widthUs = widthUs > MIN_WIDTH_US ? widthUs : MIN_WIDTH_US
  }

  seek(timeUs: bigint): RowBucket {
    const rest = timeUs % this.#widthUs
    const start = timeUs - (rest < 0n ? rest + this.#widthUs : rest)
    const end = start + this.#widthUs
    const isExact = start > -SAFE && end < SAFE
    this.from = isExact ? Number(start) : Number.NaN
    this.until = isExact ? Number(end) : Number.NaN
    const number = start / this.#widthUs
    return this.#byNumber.get(number) ?? this.adopt({ number, pages: [], open: 0, sparse: [] })
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
    this.#byNumber.delete(bucket.number!)
    this.#order.splice(this.#order.indexOf(bucket), 1)
  }

  all(): RowBucket[] {
    return [this.timeless, ...this.#order]
  }
}
