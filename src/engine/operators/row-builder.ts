/**
 * Output rows in growing columns. Generated code writes `columns[k].values[row]` itself and calls `grow` when
 * `length` reaches `capacity`; what is taken out belongs to the taker.
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import type { LogicalType, Scalar } from "../../columns/types.ts"
import { isVariableWidth } from "../../columns/types.ts"
import type { Vector, VectorValues } from "../../columns/vector.ts"
import { allocateVector, NO_DATA, NO_ENDS, wordsPerRow } from "../../columns/vector.ts"
import { copySlice, writeText } from "../../expr/values/slices.ts"

const FIRST_ROWS = 64
const FIRST_BYTES = 1_024
/** An eighth more than last time, so that an epoch of about the same size does not move its bytes. */
const SPARE_BYTES_SHIFT = 3

export class RowColumn {
  readonly type: LogicalType
  nulls: Uint8Array
  values: VectorValues
  ends: Int32Array
  /** The values' memory as int32, low halves first. */
  halves: Int32Array
  /** Own bytes, or (slices) those of the batch that rows were taken from. */
  data: Uint8Array = NO_DATA
  used = 0
  readonly words: 1 | 2

  /** @param bytes room for values of variable width */
  constructor(type: LogicalType, capacity: number, bytes = 0) {
    this.type = type
    if (bytes > 0) this.data = new Uint8Array(bytes)
    this.words = wordsPerRow(type)
    const vector = allocateVector(type, capacity)
    this.nulls = vector.nulls
    this.values = vector.values
    this.ends = vector.ends
    this.halves = asHalves(vector.values)
  }

  setBytes(row: number, source: Uint8Array, start: number, end: number): void {
    const length = end - start
    this.#reserve(length)
    const at = this.used
    copySlice(source, start, end, this.data, at)
    this.values[row] = at
    this.ends[row] = at + length
    this.used = at + length
  }

  setText(row: number, text: string): void {
    this.#reserve(text.length * 3)
    const at = this.used
    this.used = writeText(this.data, at, text)
    this.values[row] = at
    this.ends[row] = this.used
  }

  resize(capacity: number): void {
    const vector = allocateVector(this.type, capacity)
    vector.nulls.set(this.nulls.subarray(0, capacity))
    copyValues(vector.values, this.values)
    vector.ends.set(this.ends.subarray(0, vector.ends.length))
    this.nulls = vector.nulls
    this.values = vector.values
    this.ends = vector.ends
    this.halves = asHalves(vector.values)
  }

  /** True when two rows hold the same value; bit patterns decide, which is exact for normalised values. */
  equalRows(a: number, b: number): boolean {
    if (this.nulls[a] !== this.nulls[b]) return false
    if (this.nulls[a] === 1) return true
    const { values } = this
    if (isVariableWidth(this.type)) return this.#equalBytes(a, b)
    if (this.words === 2) return values[2 * a] === values[2 * b] && values[2 * a + 1] === values[2 * b + 1]
    return Object.is(values[a], values[b]) || values[a] === values[b]
  }

  take(length: number): Vector {
    return {
      type: this.type,
      nulls: this.nulls.subarray(0, length),
      values: this.values.subarray(0, length * this.words) as VectorValues,
      ends: this.ends.subarray(0, Math.min(length, this.ends.length)),
      data: this.data,
    }
  }

  /** Keeps rows `kept[0..count)`, ascending. */
  compact(kept: Int32Array, count: number): void {
    for (let to = 0; to < count; to++) {
      const from = kept[to]!
      this.nulls[to] = this.nulls[from]!
      if (this.words === 2) {
        this.values[2 * to] = this.values[2 * from]!
        this.values[2 * to + 1] = this.values[2 * from + 1]!
      } else this.values[to] = this.values[from]!
      if (this.ends.length > 0) this.ends[to] = this.ends[from]!
    }
  }

  #equalBytes(a: number, b: number): boolean {
    const [startA, startB] = [this.values[a] as number, this.values[b] as number]
    const length = this.ends[a]! - startA
    if (this.ends[b]! - startB !== length) return false
    for (let k = 0; k < length; k++) if (this.data[startA + k] !== this.data[startB + k]) return false
    return true
  }

  #reserve(more: number): void {
    if (this.used + more <= this.data.length) return
    const wider = new Uint8Array(Math.max(FIRST_BYTES, this.data.length * 2, this.used + more))
    wider.set(this.data.subarray(0, this.used))
    this.data = wider
  }
}

export class RowBuilder {
  readonly #types: readonly LogicalType[]
  readonly columns: RowColumn[]
  weights: Int32Array
  capacity: number
  length = 0
  /** Rows that another one has put back. */
  #cancelled: number[] = []

  constructor(types: readonly LogicalType[], capacity = FIRST_ROWS) {
    this.#types = types
    this.capacity = capacity
    this.columns = types.map((type) => new RowColumn(type, capacity))
    this.weights = new Int32Array(capacity)
  }

  grow(): void {
    this.capacity *= 2
    for (const column of this.columns) column.resize(this.capacity)
    const weights = new Int32Array(this.capacity)
    weights.set(this.weights)
    this.weights = weights
  }

  /** The last row puts back what row `old` took away: neither goes out. */
  cancelLast(old: number): void {
    this.length--
    this.#cancelled.push(old)
  }

  /** The rows so far, or null when there are none; the builder starts afresh. */
  take(weighted: boolean): ChangeBatch | null {
    if (this.#cancelled.length > 0) this.#dropCancelled()
    const { length } = this
    if (length === 0) return null
    const vectors = this.columns.map((column) => column.take(length))
    const weights = weighted ? this.weights.subarray(0, length) : null
    this.#reset()
    return { length, vectors, weights }
  }

  /** Gives the rows so far to `to` where they are as many as `least`. */
  giveTo(to: (batch: ChangeBatch) => void, { weighted = true, least = 1 } = {}): void {
    const batch = this.length < least ? null : this.take(weighted)
    if (batch !== null) to(batch)
  }

  #dropCancelled(): void {
    const dropped = new Uint8Array(this.length)
    for (const row of this.#cancelled) dropped[row] = 1
    this.#cancelled = []
    const kept = new Int32Array(this.length)
    let count = 0
    for (let row = 0; row < this.length; row++) if (dropped[row] !== 1) kept[count++] = row
    for (const column of this.columns) column.compact(kept, count)
    for (let to = 0; to < count; to++) this.weights[to] = this.weights[kept[to]!]!
    this.length = count
  }

  /** Keeps room for as many rows and bytes as came this time, not for the most that ever came. */
  #reset(): void {
    while (this.capacity > FIRST_ROWS && this.capacity >= this.length * 2) this.capacity /= 2
    this.length = 0
    this.columns.forEach(({ used }, k) => {
      this.columns[k] = new RowColumn(this.#types[k]!, this.capacity, used + (used >> SPARE_BYTES_SHIFT))
    })
    this.weights = new Int32Array(this.capacity)
  }
}

/** A value outside a vector into a column. */
export function setScalar(target: RowColumn, row: number, value: Scalar): void {
  target.nulls[row] = value === null ? 1 : 0
  if (value === null) return
  if (typeof value === "string") target.setText(row, value)
  else if (value instanceof Uint8Array) target.setBytes(row, value, 0, value.length)
  else if (target.words === 2) {
    const wide = value as bigint
    ;(target.values as BigInt64Array)[2 * row] = BigInt.asIntN(64, wide)
    ;(target.values as BigInt64Array)[2 * row + 1] = wide >> 64n
  } else if (typeof value === "boolean") target.values[row] = value ? 1 : 0
  else target.values[row] = value as never
}

function asHalves(values: VectorValues): Int32Array {
  return values.byteLength % 4 === 0 ? new Int32Array(values.buffer) : NO_ENDS
}

function copyValues(target: VectorValues, source: VectorValues): void {
  if (target instanceof BigInt64Array) target.set(source as BigInt64Array)
  else target.set(source as Uint8Array)
}
