/**
 * Variable-length integers as Kafka and Protobuf write them: seven bits a byte, least significant first, the
 * high bit says that more follow; signed values are zigzag-coded first, so that -1 is 1 and 1 is 2.
 * A varint holds 32 bits in at most 5 bytes, a varlong 64 bits in at most 10.
 */
import { PlatformError } from "./errors.ts"

/** Where a reader stands in a buffer; `end` is the first byte that it must not touch. */
export interface ByteCursor {
  readonly bytes: Uint8Array
  position: number
  readonly end: number
}

/** Bytes that `writeVarint` takes for a 32-bit integer. */
export function varintSize(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  if (zigzag < 0x80) return 1
  if (zigzag < 0x4000) return 2
  if (zigzag < 0x200000) return 3
  return zigzag < 0x10000000 ? 4 : 5
}

/** Writes a 32-bit integer and returns the position behind it. */
export function writeVarint(target: Uint8Array, position: number, value: number): number {
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  let at = position
  while (zigzag >= 0x80) {
    target[at++] = (zigzag & 0x7f) | 0x80
    zigzag >>>= 7
  }
  target[at++] = zigzag
  return at
}

/** @throws PlatformError varint-invalid when it is cut off or longer than 32 bits. */
export function readVarint(cursor: ByteCursor): number {
  const { bytes, end } = cursor
  let zigzag = 0
  for (let shift = 0; shift <= 28; shift += 7) {
    if (cursor.position >= end) throw varintInvalid(cursor, "is cut off")
    const byte = bytes[cursor.position++] as number
    if (shift === 28 && byte > 0x0f) break
    zigzag |= (byte & 0x7f) << shift
    if (byte < 0x80) return (zigzag >>> 1) ^ -(zigzag & 1)
  }
  throw varintInvalid(cursor, "has more than 32 bits")
}

/** Writes a 64-bit integer and returns the position behind it. */
export function writeVarlong(target: Uint8Array, position: number, value: bigint): number {
  let zigzag = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  let at = position
  while (zigzag >= 0x80n) {
    target[at++] = Number(zigzag & 0x7fn) | 0x80
    zigzag >>= 7n
  }
  target[at++] = Number(zigzag)
  return at
}

/** @throws PlatformError varint-invalid when it is cut off or longer than 64 bits. */
export function readVarlong(cursor: ByteCursor): bigint {
  let zigzag = 0n
  for (let shift = 0n; shift <= 63n; shift += 7n) {
    if (cursor.position >= cursor.end) throw varintInvalid(cursor, "is cut off")
    const byte = cursor.bytes[cursor.position++] as number
    if (shift === 63n && byte > 1) break
    zigzag |= BigInt(byte & 0x7f) << shift
    if (byte < 0x80) return BigInt.asIntN(64, (zigzag >> 1n) ^ -(zigzag & 1n))
  }
  throw varintInvalid(cursor, "has more than 64 bits")
}

function varintInvalid(cursor: ByteCursor, what: string): PlatformError {
  return new PlatformError({
    code: "varint-invalid",
    domain: "external",
    message:
      `the variable-length integer before byte ${cursor.position} ${what}; ` +
      "the bytes are damaged or not what they are taken for",
    details: { position: cursor.position },
  })
}
