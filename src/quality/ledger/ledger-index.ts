/**
 * Where in the ledger topic a view's rulings are: a sparse index in memory, one chunk for a few dozen
 * neighbouring records. A question reads the ledger from its chunk's begin to its end, never from the topic's
 * begin. When there are too many chunks, neighbours are joined and new ones are made twice as long, so that
 * memory is bounded and a question reads more instead.
 */
import type { LedgerRuling } from "./ledger-codec.ts"
import { ruledOf } from "./ledger-codec.ts"

/** Records of a new chunk: a read of some hundred kilobytes at most. */
const FIRST_CHUNK_RECORDS = 64
/** A chunk also ends where the records of others in between are more than this. */
const MAX_CHUNK_SPREAD = 1_024
/** Of all lists together: some megabytes. */
const MAX_CHUNKS = 50_000

export interface LedgerChunk {
  /** Offsets in the ledger, both inclusive. */
  readonly first: number
  readonly last: number
  readonly records: number
  /** Rows that it speaks of: the lowest and the highest offset, when the list is of one partition. */
  readonly low: number
  readonly high: number
  readonly late: number
  readonly failed: number
}

interface Place {
  /** Null: duplicates. */
  readonly view: string | null
  readonly topic: string
  readonly partition: number
}

export class LedgerIndex {
  /** By view and partition: for questions about a range of rows. */
  readonly #places = new Map<string, LedgerChunk[]>()
  /** By view: for pages. */
  readonly #views = new Map<string, LedgerChunk[]>()
  #chunkRecords = FIRST_CHUNK_RECORDS
  #chunks = 0
  readonly #known = new Map<string, Place>()

  add(offset: number, ruling: LedgerRuling): void {
    const { view, topic, partition, runs } = ruling
    const last = runs.at(-1)
    if (last === undefined) return
    const counts = { duplicate: 0, late: 0, failed: 0, partly: 0 }
    for (const { code, count } of runs) counts[ruledOf(code).verdict] += count
    const { late, failed } = counts
    const low = runs[0]!.offset
    const chunk: LedgerChunk = {
      ...{ first: offset, last: offset, records: 1, low, high: last.offset + last.count - 1 },
      ...{ late, failed },
    }
    const key = placeKey(view, topic, partition)
    this.#known.set(key, { view, topic, partition })
    this.#addTo(this.#places, key, chunk)
    if (view !== null) this.#addTo(this.#views, view, chunk)
    if (this.#chunks > MAX_CHUNKS) this.#thin()
  }

  /** What is known of these views, and of duplicates, to go on with. */
  inherited(views: ReadonlySet<string>): LedgerIndex {
    const index = new LedgerIndex()
    index.#chunkRecords = this.#chunkRecords
    for (const [key, { view, topic, partition }] of this.#known) {
      if (view !== null && !views.has(view)) continue
      index.#known.set(key, { view, topic, partition })
      index.#copy(index.#places, key, this.#places.get(key))
    }
    for (const view of views) index.#copy(index.#views, view, this.#views.get(view))
    return index
  }

  #copy(lists: Map<string, LedgerChunk[]>, key: string, chunks: readonly LedgerChunk[] = []): void {
    lists.set(key, [...chunks])
    this.#chunks += chunks.length
  }

  /** Chunks that may speak of rows [from, until), in their order. */
  ofPlace(
    view: string | null,
    { topic, partition, from, until }: { topic: string; partition: number; from: number; until: number },
  ): readonly LedgerChunk[] {
    const chunks = this.#places.get(placeKey(view, topic, partition)) ?? []
    return chunks.filter(({ low, high }) => low < until && high >= from)
  }

  ofView(view: string): readonly LedgerChunk[] {
    return this.#views.get(view) ?? []
  }

  /** Rows of the whole history that are late and failed. */
  totals(view: string): { readonly late: number; readonly failed: number } {
    const totals = { late: 0, failed: 0 }
    for (const { late, failed } of this.ofView(view)) {
      totals.late += late
      totals.failed += failed
    }
    return totals
  }

  /**
   * Forgets what speaks only of rows before the begins, and returns the first ledger offset that is still
   * needed; `none` when nothing is.
   */
  forgetBefore(begin: (topic: string, partition: number) => number, none: number): number {
    let floor = none
    for (const [key, { topic, partition }] of this.#known) {
      const chunks = this.#places.get(key) ?? []
      const kept = chunks.filter(({ high }) => high >= begin(topic, partition))
      this.#chunks -= chunks.length - kept.length
      this.#places.set(key, kept)
      if (kept[0] !== undefined) floor = Math.min(floor, kept[0].first)
    }
    for (const [view, chunks] of this.#views) {
      const kept = chunks.filter(({ last }) => last >= floor)
      this.#chunks -= chunks.length - kept.length
      this.#views.set(view, kept)
    }
    return floor
  }

  /** The partitions that anything is known of. */
  places(): Iterable<{ readonly topic: string; readonly partition: number }> {
    return this.#known.values()
  }

  #addTo(lists: Map<string, LedgerChunk[]>, key: string, chunk: LedgerChunk): void {
    const chunks = lists.get(key) ?? []
    lists.set(key, chunks)
    const last = chunks.at(-1)
    const joins =
      last !== undefined &&
      last.records < this.#chunkRecords &&
      chunk.last - last.first <= MAX_CHUNK_SPREAD * (this.#chunkRecords / FIRST_CHUNK_RECORDS)
    if (joins) chunks[chunks.length - 1] = joined(last, chunk)
    else {
      chunks.push(chunk)
      this.#chunks++
    }
  }

  #thin(): void {
    this.#chunkRecords *= 2
    this.#chunks = 0
    for (const lists of [this.#places, this.#views]) {
      for (const [key, chunks] of lists) {
        const pairs = Array.from({ length: Math.ceil(chunks.length / 2) }, (_, pair) => {
          const second = chunks[2 * pair + 1]
          return second === undefined ? chunks[2 * pair]! : joined(chunks[2 * pair]!, second)
        })
        lists.set(key, pairs)
        this.#chunks += pairs.length
      }
    }
  }
}

function joined(a: LedgerChunk, b: LedgerChunk): LedgerChunk {
  return {
    first: a.first,
    last: b.last,
    records: a.records + b.records,
    low: Math.min(a.low, b.low),
    high: Math.max(a.high, b.high),
    late: a.late + b.late,
    failed: a.failed + b.failed,
  }
}

function placeKey(view: string | null, topic: string, partition: number): string {
  return `${view ?? ""}\n${topic}\n${partition}`
}
