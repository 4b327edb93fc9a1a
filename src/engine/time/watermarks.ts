/**
 * Watermarks per source: before the current epoch, which judge lateness, and after it, which close windows.
 */
import { assert } from "../../std/assert.ts"
import { NO_WATERMARK } from "../dataflow.ts"

export class Watermarks {
  readonly #before = new Map<string, bigint>()
  readonly #after = new Map<string, bigint>()

  /** Begins an epoch: what was after the last one is before this one. A watermark never falls. */
  advance(watermarksUs: ReadonlyMap<string, bigint>): void {
    for (const [source, watermark] of this.#after) this.#before.set(source, watermark)
    for (const [source, watermark] of watermarksUs) {
      assert(watermark >= (this.#after.get(source) ?? NO_WATERMARK), `the watermark of ${source} never falls`)
      this.#after.set(source, watermark)
    }
  }

  /** The least watermark of the sources; none before each of them has one. */
  before(sources: ReadonlySet<string>): bigint {
    return least(this.#before, sources)
  }

  after(sources: ReadonlySet<string>): bigint {
    return least(this.#after, sources)
  }

  entries(): [string, string][] {
    return [...this.#after].map(([source, watermark]) => [source, String(watermark)])
  }

  restore(entries: Iterable<readonly [string, string]>): void {
    for (const [source, watermark] of entries) this.#after.set(source, BigInt(watermark))
  }
}

function least(watermarks: ReadonlyMap<string, bigint>, sources: ReadonlySet<string>): bigint {
  let found: bigint | null = null
  for (const source of sources) {
    const watermark = watermarks.get(source) ?? NO_WATERMARK
    if (found === null || watermark < found) found = watermark
  }
  return found ?? NO_WATERMARK
}
