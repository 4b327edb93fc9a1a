/**
 * Times and dates in their usual spelling, read from bytes a word at a time. Whatever is spelled otherwise is
 * not taken (-1) and left to the general path. The last date is remembered: neighbouring rows share it.
 *
 *   2024-02-29T12:34:56.789Z"
 *   YYYY-MM-DDTHH:MM:SS         date: three words; time: two words at +11 and +15
 */
import { parseDate } from "../../std/calendar-text.ts"
import { sliceText } from "./text.ts"

const MAX_FRACTION = 9
const QUOTE = 0x22
const POINT = 0x2e
const ZULU = 0x5a
const LETTER_T = 0x54
/** Beyond these years a double does not hold every microsecond. */
const MAX_DAYS = 100_000

/** The date that is remembered before any was read. */
const EPOCH = new DataView(new TextEncoder().encode("1970-01-01").buffer)

export class TimeKernel {
  /** Microseconds since 1970, or days: the value read last. */
  value = 0
  #year = EPOCH.getInt32(0, true)
  #month = EPOCH.getInt32(4, true)
  #day = EPOCH.getInt16(8, true)
  #days = 0

  /** Reads `YYYY-MM-DDTHH:MM:SS[.fraction]Z"` at `at`; returns where it ends, or -1. */
  timestamp(bytes: Uint8Array, view: DataView, at: number, limit: number): number {
    if (at + 21 > limit || !this.#date(bytes, view, at)) return -1
    if (bytes[at + 10] !== LETTER_T) return -1
    const first = view.getInt32(at + 11, true) // HH:M
    const second = view.getInt32(at + 15, true) // M:SS
    if (!isDigits(first, 0xf0fff0f0 | 0, 0x303a3030, 0x06000606)) return -1
    if (!isDigits(second, 0xf0f0fff0 | 0, 0x30303a30, 0x06060006)) return -1
    const hour = (first & 15) * 10 + ((first >> 8) & 15)
    const minute = ((first >> 24) & 15) * 10 + (second & 15)
    const seconds = ((second >> 16) & 15) * 10 + ((second >> 24) & 15)
    if (hour > 23 || minute > 59 || seconds > 59) return -1
    let end = at + 19
    let micros = 0
    if (bytes[end] === POINT) {
      let digits = 0
      let digit = bytes[++end]! - 48
      while (digit >= 0 && digit <= 9 && digits < MAX_FRACTION) {
        if (digits < 6) micros = micros * 10 + digit
        digits++
        digit = bytes[++end]! - 48
      }
      if (digits === 0) return -1
      for (; digits < 6; digits++) micros *= 10
    }
    if (bytes[end] !== ZULU || bytes[end + 1] !== QUOTE) return -1
    this.value = (this.#days * 86_400 + hour * 3600 + minute * 60 + seconds) * 1e6 + micros
    return end + 2
  }

  /** Reads `YYYY-MM-DD"` at `at`; returns where it ends, or -1. */
  date(bytes: Uint8Array, view: DataView, at: number, limit: number): number {
    if (at + 11 > limit || bytes[at + 10] !== QUOTE || !this.#date(bytes, view, at)) return -1
    this.value = this.#days
    return at + 11
  }

  #date(bytes: Uint8Array, view: DataView, at: number): boolean {
    const year = view.getInt32(at, true)
    const month = view.getInt32(at + 4, true)
    const day = view.getInt16(at + 8, true)
    if (year === this.#year && month === this.#month && day === this.#day) return true
    const days = parseDate(sliceText(bytes, at, at + 10))
    if (days === null || days > MAX_DAYS || days < -MAX_DAYS) return false
    this.#year = year
    this.#month = month
    this.#day = day
    this.#days = days
    return true
  }
}

/** Are the bytes of `word` what `mask` and `pattern` say, with decimal digits where `carry` has a 6? */
function isDigits(word: number, mask: number, pattern: number, carry: number): boolean {
  return (word & mask) === pattern && ((word + carry) & mask) === pattern
}
