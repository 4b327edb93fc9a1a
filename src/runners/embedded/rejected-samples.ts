/** The newest refused rows with their text, for people to look at. The producer was told; nothing here is history. */
import type { RejectedRow } from "../../contracts/decoder.ts"
import type { RejectedSample } from "../runtime.ts"

const MAX_SAMPLES = 200
/** Of one request, so that a bad batch does not push everything else out. */
const MAX_SAMPLES_PER_REQUEST = 20
const MAX_TEXT_BYTES = 1024

export class RejectedSamples {
  #samples: RejectedSample[] = []

  /** @param body the request's bytes, from which the rows' texts are cut. */
  add(event: string | null, rows: readonly RejectedRow[], body: Uint8Array, atMs: number): void {
    const shown = rows.slice(0, MAX_SAMPLES_PER_REQUEST)
    const samples = shown.map((row) => ({ ...row, event, atMs, text: textOf(row, body) }))
    this.#samples = [...samples.reverse(), ...this.#samples].slice(0, MAX_SAMPLES)
  }

  /** Newest first. */
  list(): readonly RejectedSample[] {
    return this.#samples
  }
}

function textOf({ start, end }: RejectedRow, body: Uint8Array): string {
  const bytes = body.subarray(start, Math.min(end, start + MAX_TEXT_BYTES))
  const text = Buffer.from(bytes).toString("utf8").trim()
  return end - start > MAX_TEXT_BYTES ? `${text}…` : text
}
