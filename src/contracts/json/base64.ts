/** Base64 (RFC 4648, with padding) from bytes to bytes, as strict as z.base64(). */
import type { Scratch } from "./text.ts"

const INVALID = 64
const DIGITS = new Uint8Array(256).fill(INVALID)
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
for (let i = 0; i < ALPHABET.length; i++) DIGITS[ALPHABET.charCodeAt(i)] = i
const EQUALS = 0x3d

/** Appends what source[start, end) stands for; false (and nothing appended) when it is not base64. */
export function decodeBase64(source: Uint8Array, start: number, end: number, scratch: Scratch): boolean {
  const size = end - start
  if (size % 4 !== 0) return false
  if (size === 0) return true
  const padding = source[end - 1] !== EQUALS ? 0 : source[end - 2] !== EQUALS ? 1 : 2
  const digits = end - padding
  const target = scratch.reserve((size / 4) * 3)
  let to = scratch.length
  let bits = 0
  let held = 0
  for (let at = start; at < digits; at++) {
    const digit = DIGITS[source[at]!]!
    if (digit === INVALID) return false
    held = ((held << 6) | digit) & 0xffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      target[to++] = (held >> bits) & 0xff
    }
  }
  scratch.length = to
  return true
}
