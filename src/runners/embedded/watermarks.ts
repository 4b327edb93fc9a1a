/**
 * Event time per source, and how far it has come.
 *
 *   partition:  max over rows of min(event time, append time + 1 s)  -  outOfOrderness     never falls
 *   source W:   minimum over its partitions that are not idle                              never falls
 *
 * A partition is idle when it was read to the end of the log and then brought nothing for its idle time.
 * When all are idle, W is as high as the last of them let it, whenever somebody looks; with idleAdvance it
 * follows the clock from there.
 */
import type { Batch } from "../../columns/batch.ts"
import { NO_WATERMARK } from "../../engine/dataflow.ts"
import { assert } from "../../std/assert.ts"

/**
 * A producer's clock may run ahead this far before the append time caps what its rows do to the watermark.
 */
const FUTURE_ALLOWANCE_US = 1_000_000n

interface PartitionTime {
  /** Highest event time seen, capped by append time. */
  highestUs: bigint
  /** When the partition last brought a row or was found with rows to read. */
  busyAtMs: number
}

export interface SourceTimeSettings {
  readonly partitions: number
  readonly outOfOrdernessMs: number
  readonly idleMs: number
  readonly idleAdvance: boolean
}

export interface HeldBy {
  readonly partition: number
  /** Since when no other one was found to hold W back; at most since the start. */
  readonly sinceMs: number
}

/** What a checkpoint keeps. */
export interface SourceTimeState {
  readonly watermarkUs: string
  readonly highestUs: readonly string[]
}

export class SourceTime {
  readonly #settings: SourceTimeSettings
  readonly #partitions: PartitionTime[]
  #watermarkUs = NO_WATERMARK
  /** As of the last look. */
  #holding: HeldBy | null = null

  constructor(settings: SourceTimeSettings, nowMs: number) {
    this.#settings = settings
    this.#partitions = Array.from({ length: settings.partitions }, () => {
      return { highestUs: NO_WATERMARK, busyAtMs: nowMs }
    })
  }

  get watermarkUs(): bigint {
    return this.#watermarkUs
  }

  /** Takes in rows of one append. `timeColumn` is never null in an event. */
  observe(partition: number, batch: Batch, timeColumn: number, appendTimeMs: number, nowMs: number): void {
    const time = this.#partition(partition)
    time.busyAtMs = nowMs
    const values = batch.vectors[timeColumn]?.values
    assert(values instanceof BigInt64Array, "event time is a timestamp")
    const cap = BigInt(appendTimeMs) * 1000n + FUTURE_ALLOWANCE_US
    const highest = maximum(values, batch.length)
    const capped = highest < cap ? highest : cap
    if (capped > time.highestUs) time.highestUs = capped
  }

  /** Says that a partition has rows that were not read yet, so that it cannot be idle. */
  markBusy(partition: number, nowMs: number): void {
    this.#partition(partition).busyAtMs = nowMs
  }

  isIdle(partition: number, nowMs: number): boolean {
    return nowMs - this.#partition(partition).busyAtMs >= this.#settings.idleMs
  }

  /** Moves W forward as far as partitions (and the clock) allow, and returns it. */
  advance(nowMs: number): bigint {
    let lowest: bigint | null = null
    for (const [index, partition] of this.#partitions.entries()) {
      if (this.isIdle(index, nowMs)) continue
      if (lowest === null || partition.highestUs < lowest) lowest = partition.highestUs
    }
    const allIdle = lowest === null
    this.#raise(lowest ?? this.#lowestOfLastIdle())
    if (allIdle && this.#settings.idleAdvance && this.#watermarkUs !== NO_WATERMARK) {
      this.#raise(BigInt(nowMs - this.#settings.idleMs) * 1000n)
    }
    this.heldBy(nowMs)
    return this.#watermarkUs
  }

  /**
   * What W came to when the last partition fell idle. Several may have done so since somebody looked: those
   * that fell idle before the others did not hold W back then, nor did those that never brought a row.
   */
  #lowestOfLastIdle(): bigint {
    const known = this.#partitions.filter(({ highestUs }) => highestUs !== NO_WATERMARK)
    const lastMs = Math.max(...known.map(({ busyAtMs }) => busyAtMs))
    const last = known.filter(({ busyAtMs }) => busyAtMs === lastMs)
    return last.reduce(
      (low, { highestUs }) => (highestUs < low ? highestUs : low),
      last[0]?.highestUs ?? NO_WATERMARK,
    )
  }

  #raise(highestUs: bigint): void {
    if (highestUs === NO_WATERMARK) return
    const watermark = highestUs - BigInt(this.#settings.outOfOrdernessMs) * 1000n
    if (watermark > this.#watermarkUs) this.#watermarkUs = watermark
  }

  /** Replay: W is what the journal says. */
  restoreWatermark(watermarkUs: bigint): void {
    if (watermarkUs > this.#watermarkUs) this.#watermarkUs = watermarkUs
  }

  /** The partition that holds W back; null when none does. */
  heldBy(nowMs: number): HeldBy | null {
    const partition = this.#holdingPartition(nowMs)
    if (partition === null) this.#holding = null
    else if (this.#holding?.partition !== partition) this.#holding = { partition, sinceMs: nowMs }
    return this.#holding
  }

  #holdingPartition(nowMs: number): number | null {
    let holding: number | null = null
    for (const [index, partition] of this.#partitions.entries()) {
      if (this.isIdle(index, nowMs)) continue
      if (holding === null || partition.highestUs < this.#partition(holding).highestUs) holding = index
    }
    return holding
  }

  save(): SourceTimeState {
    return {
      watermarkUs: String(this.#watermarkUs),
      highestUs: this.#partitions.map((partition) => String(partition.highestUs)),
    }
  }

  restore(state: SourceTimeState): void {
    this.#watermarkUs = BigInt(state.watermarkUs)
    for (const [index, text] of state.highestUs.entries()) {
      const partition = this.#partitions[index]
      if (partition !== undefined) partition.highestUs = BigInt(text)
    }
  }

  #partition(index: number): PartitionTime {
    const partition = this.#partitions[index]
    assert(partition !== undefined, `partition ${index} is one of ${this.#partitions.length}`)
    return partition
  }
}

function maximum(values: BigInt64Array, length: number): bigint {
  let highest = NO_WATERMARK
  for (let row = 0; row < length; row++) {
    const value = values[row]!
    if (value > highest) highest = value
  }
  return highest
}
