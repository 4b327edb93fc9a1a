/** UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */

/** True when bytes[start, end) are whole, valid UTF-8 characters. */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start
  while (at < end) {
    const first = bytes[at]!
    if (first < 0x80) {
      at++
    } else if (first < 0xe0) {
      if (first < 0xc2 || at + 2 > end || !isContinuation(bytes[at + 1]!)) return false
      at += 2
    } else if (first < 0xf0) {
      if (at + 3 > end || !isThree(first, bytes[at + 1]!) || !isContinuation(bytes[at + 2]!)) return false
      at += 3
    } else {
      if (first > 0xf4 || at + 4 > end || !isFour(first, bytes[at + 1]!)) return false
      if (!isContinuation(bytes[at + 2]!) || !isContinuation(bytes[at + 3]!)) return false
      at += 4
    }
  }
  return true
}

/** Characters (code points) in valid UTF-8. */
export function countCodePoints(bytes: Uint8Array, start: number, end: number): number {
  let count = 0
  for (let at = start; at < end; at++) if ((bytes[at]! & 0xc0) !== 0x80) count++
  return count
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}

function isThree(first: number, second: number): boolean {
  if (!isContinuation(second)) return false
  return !(first === 0xe0 && second < 0xa0) && !(first === 0xed && second > 0x9f)
}

function isFour(first: number, second: number): boolean {
  if (!isContinuation(second)) return false
  return !(first === 0xf0 && second < 0x90) && !(first === 0xf4 && second > 0x8f)
}
