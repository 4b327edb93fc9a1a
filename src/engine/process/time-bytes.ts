/** Times as eight bytes that compare as the times do. */

export const TIME_BYTES = 8
const SIGN = -(2n ** 63n)

export function writeTime(bytes: Uint8Array, at: number, timeUs: bigint): void {
  new DataView(bytes.buffer, bytes.byteOffset).setBigInt64(at, timeUs ^ SIGN)
}

export function timeOf(bytes: Uint8Array, at: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(at) ^ SIGN
}
