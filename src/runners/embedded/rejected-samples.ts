/**
 * The newest refused rows with their text, for people to look at. The producer was told; nothing here is
 * history.
 */
import type { Framing, RejectedRow } from "../../contracts/decoder.ts"
import type { RejectedSample } from "../runtime.ts"

const MAX_SAMPLES = 200
/** Of one request, so that a bad batch does not push everything else out. */
const MAX_SAMPLES_PER_REQUEST = 20
const MAX_TEXT_BYTES = 1024
const NEWLINE = 0x0a

export class RejectedSamples {
  #samples: RejectedSample[] = []

  /** @param body the request's bytes, from which the rows' texts are cut. */
  add(
    event: string | null,
    rows: readonly RejectedRow[],
    { body, framing }: { readonly body: Uint8Array; readonly framing: Framing },
    atMs: number,
  ): void {
    const shown = rows.slice(0, MAX_SAMPLES_PER_REQUEST)
    const textOf = framing === "ndjson" ? lineFinder(body) : elementFinder(body)
    const samples = shown.map((row) => ({ ...row, event, atMs, text: textOf(row.index) }))
    this.#samples = [...samples.reverse(), ...this.#samples].slice(0, MAX_SAMPLES)
  }

  /** Newest first. */
  list(): readonly RejectedSample[] {
    return this.#samples
  }
}

/** Text of the n-th line that is not blank; asked with growing n. */
function lineFinder(body: Uint8Array): (index: number) => string {
  let position = 0
  let count = -1
  return (index) => {
    while (position < body.length) {
      const newline = body.indexOf(NEWLINE, position)
      const end = newline === -1 ? body.length : newline
      const line = body.subarray(position, end)
      position = end + 1
      if (isBlank(line)) continue
      count++
      if (count === index) return cut(Buffer.from(line).toString("utf8"))
    }
    return ""
  }
}

/** Text of the n-th element of an array, or of the only object. */
function elementFinder(body: Uint8Array): (index: number) => string {
  const value: unknown = JSON.parse(
    Buffer.from(body)
      .toString("utf8")
      .replace(/^\uFEFF/, ""),
  )
  return (index) => cut(JSON.stringify(Array.isArray(value) ? value[index] : value) ?? "")
}

function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)
}

function cut(text: string): string {
  const trimmed = text.trim()
  return trimmed.length > MAX_TEXT_BYTES ? `${trimmed.slice(0, MAX_TEXT_BYTES)}…` : trimmed
}
