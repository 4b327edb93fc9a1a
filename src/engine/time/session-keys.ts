/** Keys of sessions: as bytes in the tables of what is kept of them, and as something to find in a Map. */
import type { ChangeBatch } from "../../columns/batch.ts"
import { readScalar } from "../../columns/scalar.ts"
import type { Column, Scalar } from "../../columns/types.ts"
import type { Vector } from "../../columns/vector.ts"
import { RowColumn } from "../operators/row-builder.ts"
import { OrderedRowCodec } from "../state/ordered-row.ts"

/** Equal for equal keys. A whole number that a double holds stays one: Maps find it sooner than its text. */
export type SessionKey = string | number

/** Of a time behind a key. */
export const TIME_BYTES = 8

const word = new BigInt64Array(1)
const wordBytes = new Uint8Array(word.buffer)

export class SessionKeys {
  readonly #codec: OrderedRowCodec
  readonly #out: readonly RowColumn[]
  readonly #outKeys: readonly RowColumn[]

  /** @param columns of rows, of which those from `keysAt` on are the keys */
  constructor(columns: readonly Column[], keysAt: number) {
    const keys = [...columns.keys()].slice(keysAt)
    this.#codec = new OrderedRowCodec(columns, keys, [], 0, [])
    this.#out = columns.map(({ type }) => new RowColumn(type, 1))
    this.#outKeys = this.#out.slice(keysAt)
  }

  /** The batch whose rows are encoded next. */
  begin(batch: ChangeBatch): void {
    this.#codec.begin(batch)
  }

  /** A copy. */
  encode(row: number): Uint8Array {
    this.#codec.encode(row)
    return this.#codec.bytes.slice(0, this.#codec.length)
  }

  /** Into the columns of rows, those of the keys. */
  decode(bytes: Uint8Array, columns: readonly RowColumn[], row: number): void {
    this.#codec.decode(bytes, 0, columns, row)
  }

  /** Of the key that begins at `start`, in bytes. */
  lengthAt(bytes: Uint8Array, start: number): number {
    return this.#codec.partitionLengthOf(bytes, start)
  }

  /** Of the key that begins at `start`, as `keyAt` has it. */
  nameAt(bytes: Uint8Array, start: number): SessionKey {
    for (const column of this.#outKeys) column.used = 0
    this.#codec.decode(bytes, start, this.#out, 0)
    return keyAt(this.#outKeys, 0)
  }
}

/** NaN equals itself and -0 equals 0, as in keys of groups. */
export function keyAt(keys: readonly Vector[], at: number): SessionKey {
  if (keys.length !== 1) return keys.map((vector) => cellText(readScalar(vector, at))).join("|")
  const value = readScalar(keys[0]!, at)
  if (typeof value !== "bigint") return cellText(value)
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : String(value)
}

/** Times compare as their bytes do: the highest first, with the sign flipped. */
export function writeTime(bytes: Uint8Array, at: number, timeUs: bigint): void {
  word[0] = timeUs
  bytes[at] = wordBytes[7]! ^ 128
  for (let k = 1; k < TIME_BYTES; k++) bytes[at + k] = wordBytes[7 - k]!
}

export function readTime(bytes: Uint8Array, at: number): bigint {
  wordBytes[7] = bytes[at]! ^ 128
  for (let k = 1; k < TIME_BYTES; k++) wordBytes[7 - k] = bytes[at + k]!
  return word[0]!
}

/** The key with a time behind it. */
export function keyWithTime(key: Uint8Array, timeUs: bigint): Uint8Array {
  const bytes = new Uint8Array(key.length + TIME_BYTES)
  bytes.set(key)
  writeTime(bytes, key.length, timeUs)
  return bytes
}

function cellText(value: Scalar): string {
  if (value === null) return ""
  if (typeof value === "string") return JSON.stringify(value)
  if (typeof value === "number") return String(value + 0)
  return value instanceof Uint8Array ? `x${value.join(",")}` : String(value)
}
