/**
 * The newest refused rows with their text, for people to look at. The producer was told; nothing here is
 * history.
 */
import type { Framing, RejectedRow } from "../../contracts/decoder.ts"
import type { RejectedSample } from "../runtime.ts"
import { rowFinder } from "./row-finder.ts"

const MAX_SAMPLES = 200
/** Of one request, so that a bad batch does not push everything else out. */
const MAX_SAMPLES_PER_REQUEST = 20
const MAX_TEXT_LENGTH = 1024
/** UTF-8 needs at most three bytes for each unit of a string. */
const MAX_BYTES_PER_UNIT = 3

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
    const find = rowFinder(body, framing)
    const samples = shown.map((row) => ({ ...row, event, atMs, text: cut(textOf(find(row.index))) }))
    this.#samples = [...samples.reverse(), ...this.#samples].slice(0, MAX_SAMPLES)
  }

  /** Newest first. */
  list(): readonly RejectedSample[] {
    return this.#samples
  }
}

/** A row may have megabytes; no more of it is decoded than is shown. */
function textOf(bytes: Uint8Array): string {
  const shown = bytes.subarray(0, MAX_TEXT_LENGTH * MAX_BYTES_PER_UNIT)
  return Buffer.from(shown.buffer, shown.byteOffset, shown.byteLength).toString("utf8")
}

function cut(text: string): string {
  const trimmed = text.trim()
  return trimmed.length > MAX_TEXT_LENGTH ? `${trimmed.slice(0, MAX_TEXT_LENGTH)}…` : trimmed
}
