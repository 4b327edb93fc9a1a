/** UTF-8 slices: decoding and byte comparisons without making strings. */

const utf8 = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true })
const encoder = new TextEncoder()
/** Up to here a loop over bytes beats the call of a decoder, an encoder or a copy. */
const SHORT_BYTES = 24

export function decodeSlice(data: Uint8Array, start: number, end: number): string {
  if (end - start > SHORT_BYTES) return utf8.decode(data.subarray(start, end))
  let text = ""
  for (let i = start; i < end; i++) {
    const byte = data[i]!
    if (byte > 0x7f) return utf8.decode(data.subarray(start, end))
    text += String.fromCharCode(byte)
  }
  return text
}

export function encodeText(text: string): Uint8Array {
  return encoder.encode(text)
}

/**
 * Writes the text's bytes from `at` on, where three bytes for each UTF-16 unit must have room; returns where
 * they end. Lone surrogates become U+FFFD.
 */
export function writeText(target: Uint8Array, at: number, text: string): number {
  const { length } = text
  if (length > SHORT_BYTES) return at + encoder.encodeInto(text, target.subarray(at)).written
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) return at + encoder.encodeInto(text, target.subarray(at)).written
    target[at + i] = unit
  }
  return at + length
}

/** Copies a slice to `at`; of two memories. */
export function copySlice(
  data: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): void {
  if (end - start > SHORT_BYTES) target.set(data.subarray(start, end), at)
  else for (let i = start, j = at; i < end; i++, j++) target[j] = data[i]!
}

/** Whether the bytes from `start` on are `wanted`; the slice is known to be long enough. */
export function bytesAt(data: Uint8Array, start: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (data[start + i] !== wanted[i]) return false
  return true
}

export function sliceEquals(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): boolean {
  if (aEnd - aStart !== bEnd - bStart) return false
  for (let i = aStart, j = bStart; i < aEnd; i++, j++) if (a[i] !== b[j]) return false
  return true
}

/** Below, equal or above zero as slice a is before, equal to or behind slice b, byte by byte. */
export function compareSlices(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const shorter = Math.min(aEnd - aStart, bEnd - bStart)
  for (let i = 0; i < shorter; i++) {
    const difference = a[aStart + i]! - b[bStart + i]!
    if (difference !== 0) return difference
  }
  return aEnd - aStart - (bEnd - bStart)
}

export function sliceContains(data: Uint8Array, start: number, end: number, wanted: Uint8Array): boolean {
  const last = end - wanted.length
  for (let i = start; i <= last; i++) if (bytesAt(data, i, wanted)) return true
  return false
}

/** Characters of a UTF-8 slice: bytes that do not continue one. */
export function sliceLength(data: Uint8Array, start: number, end: number): number {
  let count = 0
  for (let i = start; i < end; i++) if ((data[i]! & 0xc0) !== 0x80) count++
  return count
}
