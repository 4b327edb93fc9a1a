/**
 * A change batch as bytes and back, for checkpoints. The reader knows the columns; they are not written.
 *
 *   batch  = rows:u32 hasWeights:u32 weights:i32[rows]? vector*
 *   vector = nulls:u8[rows] padding  fixed width: values   variable width: lengths:i32[rows] bytes padding
 * Everything starts at a multiple of 8, little-endian as typed arrays are on every machine that Node runs on.
 */
import { assert } from "../std/assert.ts"
import type { ChangeBatch } from "./batch.ts"
import type { Column } from "./types.ts"
import { isVariableWidth } from "./types.ts"
import { allocateVector, type Vector, wordsPerRow } from "./vector.ts"

const ALIGNMENT = 8

export function encodeChanges(batch: ChangeBatch): Uint8Array {
  const { length, weights, vectors } = batch
  const pieces: Uint8Array[] = [bytesOf(Uint32Array.of(length, weights === null ? 0 : 1))]
  if (weights !== null) pieces.push(bytesOf(weights.subarray(0, length)))
  for (const vector of vectors) pieces.push(...vectorPieces(vector, length))
  const size = pieces.reduce((total, piece) => total + aligned(piece.length), 0)
  const bytes = new Uint8Array(size)
  let position = 0
  for (const piece of pieces) {
    bytes.set(piece, position)
    position += aligned(piece.length)
  }
  return bytes
}

/** @param bytes what `encodeChanges` made of a batch with these columns. */
export function decodeChanges(bytes: Uint8Array, columns: readonly Column[]): ChangeBatch {
  const reader = new Reader(bytes)
  const [length = 0, hasWeights = 0] = new Uint32Array(reader.take(8).buffer)
  const weights = hasWeights === 1 ? new Int32Array(reader.take(4 * length).buffer) : null
  return { length, weights, vectors: columns.map(({ type }) => readVector(reader, type, length)) }
}

function vectorPieces(vector: Vector, length: number): Uint8Array[] {
  const nulls = vector.nulls.subarray(0, length)
  if (!isVariableWidth(vector.type)) {
    return [nulls, bytesOf(vector.values.subarray(0, length * wordsPerRow(vector.type)))]
  }
  const lengths = new Int32Array(length)
  const slices: Uint8Array[] = []
  for (let row = 0; row < length; row++) {
    if (nulls[row] === 1) continue
    const slice = vector.data.subarray(vector.values[row] as number, vector.ends[row])
    lengths[row] = slice.length
    slices.push(slice)
  }
  return [nulls, bytesOf(lengths), Buffer.concat(slices)]
}

function readVector(reader: Reader, type: Vector["type"], length: number): Vector {
  const nulls = reader.take(length)
  if (!isVariableWidth(type)) {
    const vector = allocateVector(type, length)
    const target = bytesOf(vector.values)
    target.set(reader.take(target.length))
    return { ...vector, nulls }
  }
  const lengths = new Int32Array(reader.take(4 * length).buffer)
  const data = reader.take(lengths.reduce((total, size) => total + size, 0))
  const vector = allocateVector(type, length, data)
  let position = 0
  for (let row = 0; row < length; row++) {
    vector.values[row] = position
    position += lengths[row]!
    vector.ends[row] = position
  }
  return { ...vector, nulls }
}

class Reader {
  readonly #bytes: Uint8Array
  #position = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** A copy, so that it is aligned whatever it came out of. */
  take(length: number): Uint8Array<ArrayBuffer> {
    const end = this.#position + length
    assert(end <= this.#bytes.length, "an encoded batch is whole")
    const piece = this.#bytes.subarray(this.#position, end)
    this.#position = Math.min(aligned(end), this.#bytes.length)
    return new Uint8Array(piece)
  }
}

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}

function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT
}
