/**
 * Parts of UTF-8 slices, found without decoding: no byte of a character is like the first of another, so what
 * is found in the bytes is what is found in the text. The slice is valid UTF-8. Results stay in fields, so
 * that no object is made for a row.
 */
import { bytesAt } from "./slices.ts"

export class SlicePart {
  start = 0
  end = 0

  /** From 1; a field that is not there is empty. */
  split(data: Uint8Array, start: number, end: number, delimiter: Uint8Array, field: number): void {
    this.start = start
    for (let before = 1; before < field; before++) {
      const at = indexIn(data, this.start, end, delimiter)
      if (at < 0) {
        this.start = this.end = end
        return
      }
      this.start = at + delimiter.length
    }
    const at = indexIn(data, this.start, end, delimiter)
    this.end = at < 0 ? end : at
  }

  /** Characters from `from` (from 0) to before `to`. */
  characters(data: Uint8Array, start: number, end: number, from: number, to: number): void {
    this.start = characterAt(data, start, end, from)
    this.end = to <= from ? this.start : characterAt(data, this.start, end, to - from)
  }
}

/** Where the slice has `wanted`, which is not empty; -1 when nowhere. */
function indexIn(data: Uint8Array, start: number, end: number, wanted: Uint8Array): number {
  const first = wanted[0]!
  const last = end - wanted.length
  for (let i = start; i <= last; i++) {
    if (data[i] === first && (wanted.length === 1 || bytesAt(data, i, wanted))) return i
  }
  return -1
}

/** Where the character after `count` others begins, or the end. */
function characterAt(data: Uint8Array, start: number, end: number, count: number): number {
  let at = start
  for (let left = count; left > 0 && at < end; left--) {
    at++
    while (at < end && (data[at]! & 0xc0) === 0x80) at++
  }
  return at
}
