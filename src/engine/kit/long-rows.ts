/** Rows with texts so long that few of them make a page, for tests of state that has more than its memory. */
import { INT32, STRING, TIMESTAMP } from "../../columns/types.ts"
import { SeededRandom } from "../../std/random.ts"
import type { EpochInput } from "../dataflow.ts"
import type { Row } from "./batches.ts"
import { column, sliceOf } from "./batches.ts"

export const LONG_EVENT = [
  column("key", INT32, false),
  column("text", STRING),
  column("value", INT32, false),
  column("time", TIMESTAMP, false),
]
export const EPOCH_US = 4_000_000n

interface LongRows {
  readonly seed: number
  /** Of an epoch. */
  readonly rows: number
  readonly keys: number
  /** @default 8 */
  readonly epochs?: number
  /** Drawn for each row. */
  readonly cells: (random: SeededRandom) => { readonly text: string; readonly value: number }
}

/** The watermark is an epoch behind. */
export function longRowEpochs({ seed, rows, keys, epochs = 8, cells }: LongRows): EpochInput[] {
  const random = new SeededRandom(seed)
  return Array.from({ length: epochs }, (_, k) => {
    const now = BigInt(k + 1) * EPOCH_US
    const all = Array.from({ length: rows }, (): Row => {
      const { text, value } = cells(random)
      return [random.below(keys), text, value, now - BigInt(random.below(3_000_000))]
    })
    return {
      epoch: k + 1,
      slices: [sliceOf("events", LONG_EVENT, all)],
      watermarksUs: new Map([["events", now - EPOCH_US]]),
    }
  })
}
