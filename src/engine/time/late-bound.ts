/** Up to when times are late, as halves, so that loops compare int64 times exactly and without BigInts. */
import { NO_WATERMARK } from "../dataflow.ts"

export class LateBound {
  /** False: nothing is late yet. */
  exists = false
  high = 0
  low = 0

  /** Times up to `watermark - slack` are late. */
  set(watermarkUs: bigint, slackUs: bigint): void {
    const untilUs = watermarkUs - slackUs
    this.exists = watermarkUs !== NO_WATERMARK && untilUs > NO_WATERMARK
    if (!this.exists) return
    this.high = Number(untilUs >> 32n)
    this.low = Number(untilUs & 0xffff_ffffn)
  }
}
