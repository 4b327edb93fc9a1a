/**
 * Rows of one event as ClickHouse's Native format has them: offsets, append times, values behind their
 * lengths.
 */
import type { RecordColumns } from "../../wire/kafka/record-columns.ts"

const FIRST_ROWS = 4_096
const FIRST_BYTES = 512 * 1024
/** Of a length: values are below 2^31 bytes. */
const LENGTH_BYTES = 5

export class HistoryBlock {
  readonly event: string
  /** Rows that are in it. */
  length = 0
  /** These, and those that were passed by. */
  seen = 0
  sizeBytes = 0
  #offsets = new WholeNumbers()
  #appendedMs = new WholeNumbers()
  #values = new Uint8Array(FIRST_BYTES)

  constructor(event: string) {
    this.event = event
  }

  get offsets(): BigInt64Array {
    return this.#offsets.first(this.length)
  }

  get appendedMs(): BigInt64Array {
    return this.#appendedMs.first(this.length)
  }

  get values(): Uint8Array {
    return this.#values.subarray(0, this.sizeBytes)
  }

  add(columns: RecordColumns, row: number): void {
    this.#offsets.set(this.length, columns.baseOffset + columns.offsetDeltas[row]!)
    this.#appendedMs.set(this.length, columns.timestampsMs[row]!)
    const [start, end] = [columns.valueStarts[row]!, columns.valueEnds[row]!]
    this.#makeRoom(LENGTH_BYTES + end - start)
    this.sizeBytes = writeLength(this.#values, this.sizeBytes, end - start)
    this.#values.set(columns.bytes.subarray(start, end), this.sizeBytes)
    this.sizeBytes += end - start
    this.length++
    this.seen++
  }

  passBy(): void {
    this.seen++
  }

  clear(): void {
    this.length = 0
    this.seen = 0
    this.sizeBytes = 0
  }

  #makeRoom(bytes: number): void {
    if (this.sizeBytes + bytes <= this.#values.length) return
    const values = new Uint8Array(Math.max(this.#values.length * 2, this.sizeBytes + bytes))
    values.set(this.values)
    this.#values = values
  }
}

/** 64-bit integers, written as halves: to make each a BigInt would be most of the work. */
class WholeNumbers {
  #values = new BigInt64Array(FIRST_ROWS)
  #halves = new Int32Array(this.#values.buffer)

  /** @param value not negative, below 2^53 */
  set(at: number, value: number): void {
    if (at === this.#values.length) this.#grow()
    this.#halves[2 * at] = value | 0
    this.#halves[2 * at + 1] = Math.floor(value / TWO_TO_32)
  }

  first(count: number): BigInt64Array {
    return this.#values.subarray(0, count)
  }

  #grow(): void {
    const values = new BigInt64Array(this.#values.length * 2)
    values.set(this.#values)
    this.#values = values
    this.#halves = new Int32Array(values.buffer)
  }
}

const TWO_TO_32 = 2 ** 32

/** Unsigned, seven bits a byte, the lowest first. */
function writeLength(bytes: Uint8Array, position: number, length: number): number {
  let [at, rest] = [position, length]
  while (rest >= 0x80) {
    bytes[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[at++] = rest
  return at
}
