/** Integers as big-endian two's complement bytes, as PostgreSQL casts between integers and bytea. */
import { raise } from "./failure-register.ts"

export function bytesOfInt(value: bigint, width: 4 | 8): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigInt64(0, value)
  return bytes.subarray(8 - width)
}

/** Fewer bytes than `width` are taken as the low ones; more do not fit. */
export function intOfBytes(bytes: Uint8Array, width: 4 | 8): bigint {
  if (bytes.length > width) return raise("integer-out-of-range", 0n)
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return BigInt.asIntN(8 * width, value)
}
