/**
 * Iceberg's serialization of one value, for bounds of columns: numbers little-endian, decimals big-endian and
 * as short as they go, text and bytes as they are, cut at 16 bytes.
 */

/** Longer bounds prune no better and make manifests large. */
export const BOUND_BYTES = 16

export function intBytes(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}

export function longBytes(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(value)
  return bytes
}

export function doubleBytes(value: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return bytes
}

/** Two's complement, big-endian, of the fewest bytes. */
export function decimalBytes(unscaled: bigint): Uint8Array {
  const bytes: number[] = []
  let rest = unscaled
  do {
    bytes.unshift(Number(BigInt.asUintN(8, rest)))
    rest >>= 8n
  } while (!(rest === 0n && bytes[0]! < 0x80) && !(rest === -1n && bytes[0]! >= 0x80))
  return Uint8Array.from(bytes)
}

/** At most as great as the value. Text is cut between characters. */
export function lowerBound(value: Uint8Array, isText: boolean): Uint8Array {
  return value.slice(0, isText ? cutBeforeCharacter(value) : BOUND_BYTES)
}

/** At least as great as the value; null when nothing of the length is. */
export function upperBound(value: Uint8Array, isText: boolean): Uint8Array | null {
  if (value.length <= BOUND_BYTES) return value.slice()
  return isText ? nextText(value.slice(0, cutBeforeCharacter(value))) : nextBytes(value.slice(0, BOUND_BYTES))
}

function cutBeforeCharacter(value: Uint8Array): number {
  if (value.length <= BOUND_BYTES) return value.length
  let end = BOUND_BYTES
  while (end > 0 && (value[end]! & 0xc0) === 0x80) end--
  return end
}

function nextBytes(prefix: Uint8Array): Uint8Array | null {
  for (let at = prefix.length - 1; at >= 0; at--) {
    if (prefix[at] === 0xff) continue
    const next = prefix.slice(0, at + 1)
    next[at]!++
    return next
  }
  return null
}

/** The prefix with its last character that has a successor replaced by that. */
function nextText(prefix: Uint8Array): Uint8Array | null {
  const characters = [...Buffer.from(prefix).toString("utf8")]
  for (let last = characters.pop(); last !== undefined; last = characters.pop()) {
    const code = last.codePointAt(0)!
    if (code >= 0x10ffff) continue
    // Surrogates are no characters.
    const next = code + 1 === 0xd800 ? 0xe000 : code + 1
    return Buffer.from(characters.join("") + String.fromCodePoint(next))
  }
  return null
}

export function compareBytes(
  a: Uint8Array,
  b: { readonly bytes: Uint8Array; readonly start: number; readonly end: number },
): number {
  const length = Math.min(a.length, b.end - b.start)
  for (let i = 0; i < length; i++) {
    const difference = a[i]! - b.bytes[b.start + i]!
    if (difference !== 0) return difference
  }
  return a.length - (b.end - b.start)
}
