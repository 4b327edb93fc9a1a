/**
 * Texts made from UTF-8 slices, as bytes that hold until the next row: what compares, measures or stores them
 * makes no JavaScript string. One instance per expression.
 */
import { lowerText, upperText } from "./case-mapping.ts"
import { bytesAt, decodeSlice, writeText } from "./slices.ts"
import { MAX_TEXT_LENGTH, replaceText } from "./text.ts"

const FIRST_BYTES = 64
/** Between a letter of ASCII in lower and in upper case. */
const CASE_BIT = 0x20

export class SliceScratch {
  bytes = new Uint8Array(FIRST_BYTES)

  /** The text in lower case; returns its length in bytes. */
  lower(data: Uint8Array, start: number, end: number): number {
    return this.#changeCase(data, start, end, 0x41, lowerText)
  }

  upper(data: Uint8Array, start: number, end: number): number {
    return this.#changeCase(data, start, end, 0x61, upperText)
  }

  /** `first`: A or a, from which on 26 letters change. */
  #changeCase(
    data: Uint8Array,
    start: number,
    end: number,
    first: number,
    ofText: (text: string) => string,
  ): number {
    this.reserve(end - start)
    const { bytes } = this
    for (let i = start; i < end; i++) {
      const byte = data[i]!
      if (byte > 0x7f) return this.write(ofText(decodeSlice(data, start, end)))
      bytes[i - start] = byte >= first && byte < first + 26 ? byte ^ CASE_BIT : byte
    }
    return end - start
  }

  write(text: string): number {
    this.reserve(text.length * 3)
    return writeText(this.bytes, 0, text)
  }

  reserve(length: number): void {
    if (length > this.bytes.length) this.bytes = new Uint8Array(Math.max(length, this.bytes.length * 2))
  }
}

/** The text with every `from`, which is not empty, replaced by `to`, in the scratch; returns its length. */
export function replaceInSlice(
  scratch: SliceScratch,
  data: Uint8Array,
  start: number,
  end: number,
  from: Uint8Array,
  to: Uint8Array,
): number {
  const worst = end - start + Math.floor((end - start) / from.length) * Math.max(0, to.length - from.length)
  if (worst > MAX_TEXT_LENGTH)
    return scratch.write(replaceText(decodeSlice(data, start, end), asText(from), asText(to)))
  scratch.reserve(worst)
  const { bytes } = scratch
  const first = from[0]!
  const last = end - from.length
  let [at, i] = [0, start]
  while (i < end) {
    if (data[i] === first && i <= last && (from.length === 1 || bytesAt(data, i, from))) {
      for (let k = 0; k < to.length; k++) bytes[at++] = to[k]!
      i += from.length
    } else bytes[at++] = data[i++]!
  }
  return at
}

const asText = (bytes: Uint8Array): string => decodeSlice(bytes, 0, bytes.length)
