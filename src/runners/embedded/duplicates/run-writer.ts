/**
 * Writes a full table as a sorted run, a few thousand slots at a time between other work. Meanwhile the table
 * goes on answering: within a cluster of occupied slots sorting moves no id before its home.
 */
import type { Disk, DiskFile } from "../../../std/disk.ts"
import type { IdFilter } from "./id-filter.ts"
import {
  BLOCK_BYTES,
  BLOCK_IDS,
  BLOCK_WORDS,
  encodeTrailer,
  HEADER_WORDS,
  IdRun,
  sealBlock,
} from "./id-run.ts"
import { NEVER, type RecentIds, SLOT_WORDS } from "./recent-ids.ts"

/** A file's name ends so until all of it is written. */
export const UNFINISHED = ".writing"
/** One write: large enough for the disk, small enough for a step. */
const WRITE_BLOCKS = 64

export interface RunPlace {
  readonly path: string
  readonly filter: IdFilter
  /** Number of the run in its segment. */
  readonly run: number
  /** Ids that last occurred then or earlier are left out. */
  readonly forgottenMs: number
}

export class RunWriter {
  readonly #disk: Disk
  readonly #table: RecentIds
  readonly #place: RunPlace
  #file: DiskFile | null = null
  #slot = 0
  /** Blocks that wait for their write. */
  readonly #words = new Int32Array(WRITE_BLOCKS * BLOCK_WORDS)
  readonly #bytes = new Uint8Array(this.#words.buffer)
  #block = 0
  #inBlock = 0
  #written = 0
  #count = 0
  #minMs = Number.POSITIVE_INFINITY
  #maxMs = NEVER
  readonly #index: number[] = []

  constructor(disk: Disk, table: RecentIds, place: RunPlace) {
    this.#disk = disk
    this.#table = table
    this.#place = place
  }

  /** Goes on through about so many slots; true when the table's end was reached. */
  step(slots: number): boolean {
    const { words } = this.#table
    const end = Math.min(this.#table.slots, this.#slot + slots)
    while (this.#slot < end) {
      if (words[SLOT_WORDS * this.#slot + 4] === 0) {
        this.#slot++
        continue
      }
      const from = this.#slot
      let to = from + 1
      while (to < this.#table.slots && words[SLOT_WORDS * to + 4] !== 0) to++
      sortSlots(words, from, to)
      for (let slot = from; slot < to; slot++) this.#put(words, SLOT_WORDS * slot)
      this.#slot = to
    }
    return this.#slot >= this.#table.slots
  }

  /** The run, not synced yet; null when nothing was worth keeping. */
  finish(): IdRun | null {
    if (this.#inBlock > 0) this.#sealBlock()
    this.#flush()
    const file = this.#file
    if (file === null) return null
    const { baseMs } = this.#table
    const summary = { count: this.#count, baseMs, minMs: this.#minMs, maxMs: this.#maxMs }
    const index = Uint32Array.from(this.#index)
    const { bytes, crc } = encodeTrailer(new Uint8Array(index.buffer), summary)
    file.write(bytes, this.#written)
    this.#disk.rename(`${this.#place.path}${UNFINISHED}`, this.#place.path)
    return new IdRun(file, this.#place.path, index, { ...summary, crc })
  }

  abandon(): void {
    this.#file?.close()
  }

  #put(words: Int32Array, at: number): void {
    const timeMs = this.#table.baseMs + ((words[at + 4] as number) >>> 0) - 1
    if (timeMs <= this.#place.forgottenMs) return
    if (timeMs < this.#minMs) this.#minMs = timeMs
    if (timeMs > this.#maxMs) this.#maxMs = timeMs
    if (this.#inBlock === 0) this.#index.push((words[at] as number) >>> 0)
    const to = this.#block * BLOCK_WORDS + HEADER_WORDS + SLOT_WORDS * this.#inBlock
    for (let word = 0; word < SLOT_WORDS; word++) this.#words[to + word] = words[at + word] as number
    this.#count++
    if (++this.#inBlock === BLOCK_IDS) this.#sealBlock()
  }

  #sealBlock(): void {
    const begin = this.#block * BLOCK_BYTES
    const from = this.#block * BLOCK_WORDS + HEADER_WORDS
    const to = from + SLOT_WORDS * this.#inBlock
    this.#words[this.#block * BLOCK_WORDS + 1] = this.#inBlock
    // Nothing of an earlier block stays behind a short one.
    this.#words.fill(0, to, (this.#block + 1) * BLOCK_WORDS)
    this.#place.filter.put(this.#words, from, to, this.#place.run)
    sealBlock(this.#bytes.subarray(begin, begin + BLOCK_BYTES))
    this.#inBlock = 0
    if (++this.#block === WRITE_BLOCKS) this.#flush()
  }

  #flush(): void {
    if (this.#block === 0) return
    this.#file ??= this.#create()
    const bytes = this.#bytes.subarray(0, this.#block * BLOCK_BYTES)
    this.#file.write(bytes, this.#written)
    this.#written += bytes.length
    this.#block = 0
  }

  #create(): DiskFile {
    const file = this.#disk.open(`${this.#place.path}${UNFINISHED}`, { create: true })
    file.truncate(0)
    return file
  }
}

/** By hash, in place: a cluster of neighbours has few slots, nearly in order. */
function sortSlots(words: Int32Array, from: number, to: number): void {
  for (let slot = from + 1; slot < to; slot++) {
    let at = SLOT_WORDS * slot
    if (!isBefore(words, at, at - SLOT_WORDS)) continue
    const h0 = words[at] as number
    const h1 = words[at + 1] as number
    const h2 = words[at + 2] as number
    const h3 = words[at + 3] as number
    const time = words[at + 4] as number
    do {
      words.copyWithin(at, at - SLOT_WORDS, at)
      at -= SLOT_WORDS
    } while (at > SLOT_WORDS * from && (words[at - SLOT_WORDS] as number) >>> 0 > h0 >>> 0)
    words[at] = h0
    words[at + 1] = h1
    words[at + 2] = h2
    words[at + 3] = h3
    words[at + 4] = time
  }
}

/** Only by the first word: neighbours with an equal one are found one after the other. */
function isBefore(words: Int32Array, a: number, b: number): boolean {
  return (words[a] as number) >>> 0 < (words[b] as number) >>> 0
}
