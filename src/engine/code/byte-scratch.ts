/**
 * UTF-8 of computed strings, for code that hashes, compares and stores bytes. One instance per expression.
 */

const encoder = new TextEncoder()
const FIRST_BYTES = 64

export class ByteScratch {
  bytes = new Uint8Array(FIRST_BYTES)

  /** Overwrites `bytes` with the text; returns the length. Lone surrogates become U+FFFD. */
  encode(text: string): number {
    const worst = text.length * 3
    if (worst > this.bytes.length) this.bytes = new Uint8Array(Math.max(worst, this.bytes.length * 2))
    return encoder.encodeInto(text, this.bytes).written
  }
}
