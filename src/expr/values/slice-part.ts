/**
 * Parts of UTF-8 slices, found without decoding: no byte of a character is like the first of another, so what
 * is found in the bytes is what is found in the text. The slice is valid UTF-8. Results stay in fields, so
 * that no object is made for a row.
 */
import { bytesAt } from "./slices.ts"

const NOTHING: Uint8Array = new Uint8Array(0)

export class SlicePart {
  start = 0
  end = 0
  /** What was split last, and where which of its fields begins: a later one is sought from there. */
  #data = NOTHING
  #from = 0
  #to = 0
  #delimiter = ""
  #field = 1
  #at = 0

  /** The bytes are others: in front of a batch, and where a row writes over those of the last one. */
  forget(): void {
    this.#data = NOTHING
  }

  /** From 1; a field that is not there is empty. `wanted` are the delimiter's bytes, at least one. */
  split(
    data: Uint8Array,
    start: number,
    end: number,
    delimiter: string,
    wanted: Uint8Array,
    field: number,
  ): void {
    const goesOn =
      data === this.#data &&
      start === this.#from &&
      end === this.#to &&
      field >= this.#field &&
      delimiter === this.#delimiter
    let at = goesOn ? this.#at : start
    for (let before = goesOn ? this.#field : 1; before < field; before++) {
      const found = indexIn(data, at, end, wanted)
      if (found < 0) {
        this.start = this.end = end
        return
      }
      at = found + wanted.length
    }
    const found = indexIn(data, at, end, wanted)
    this.start = at
    this.end = found < 0 ? end : found
    this.#data = data
    this.#from = start
    this.#to = end
    this.#delimiter = delimiter
    this.#field = field
    this.#at = at
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
