/**
 * UTF-8 of computed strings, for code that hashes, compares and stores bytes. One instance per expression.
 */
import { writeText } from "../../expr/values/slices.ts"

const FIRST_BYTES = 64

export class ByteScratch {
  bytes = new Uint8Array(FIRST_BYTES)
  #text = ""
  #length = 0

  /** Overwrites `bytes` with the text; returns the length. Neighbouring rows often have the same text. */
  encode(text: string): number {
    if (text === this.#text) return this.#length
    const worst = text.length * 3
    if (worst > this.bytes.length) this.bytes = new Uint8Array(Math.max(worst, this.bytes.length * 2))
    this.#text = text
    this.#length = writeText(this.bytes, 0, text)
    return this.#length
  }
}
