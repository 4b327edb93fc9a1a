/**
 * The process `restless` of views/groups.ts in plain JavaScript: a visitor's pages, put out when nothing
 * came for a while of event time, and how many there were when some time of the clock had gone by.
 */
import { NO_WATERMARK } from "../engine/dataflow.ts"
import type { LoggedRow } from "./logged-rows.ts"
import { RESTLESS } from "./runtime-project.ts"
import type { Row } from "./views/sim-view.ts"

interface Visitor {
  pages: number
  deadlineUs: bigint | null
  alarmMs: number | null
}

interface Put {
  readonly epoch: number
  readonly view: "restless" | "restless_failures"
  readonly row: Row
}

export interface ProcessEpoch {
  readonly epoch: number
  /** In the order in which the engine gets them. */
  readonly rows: readonly LoggedRow[]
  readonly beforeUs: bigint
  readonly afterUs: bigint
  readonly clockMs: number
}

export class ProcessOracle {
  #visitors = new Map<string, Visitor>()
  #puts: Put[] = []
  #clockMs = 0
  #highestUs = NO_WATERMARK

  rows(view: string, epoch: number): readonly Row[] {
    return this.#puts.filter((put) => put.view === view && put.epoch <= epoch).map(({ row }) => row)
  }

  /** @param rows those that are not late */
  take({ epoch, rows, beforeUs, afterUs, clockMs }: ProcessEpoch): void {
    const put = (view: Put["view"], ...row: Row) => void this.#puts.push({ epoch, view, row })
    this.#clockMs = Math.max(this.#clockMs, clockMs)
    const openUs = beforeUs
    const inTime = (timeUs: bigint) => (timeUs > openUs ? timeUs : openUs)
    const close = (name: string, visitor: Visitor, untilUs: bigint) => {
      const { deadlineUs } = visitor
      if (deadlineUs === null || deadlineUs >= untilUs) return
      put("restless", name, visitor.pages, "quiet", inTime(deadlineUs))
      Object.assign(visitor, { pages: 0, deadlineUs: null })
    }
    for (const { name, atUs, amount } of rows) {
      const known = this.#visitors.get(name)
      // Timers that are due when the epoch ends fire before a later row of their key.
      if (known !== undefined) close(name, known, atUs < afterUs ? atUs : afterUs)
      if (atUs > this.#highestUs) this.#highestUs = atUs
      if (amount === 0) {
        put("restless_failures", "row", JSON.stringify(name), "RangeError: no pages", atUs)
        continue
      }
      const visitor = this.#visitors.get(name) ?? { pages: 0, deadlineUs: null, alarmMs: null }
      this.#visitors.set(name, visitor)
      visitor.pages += amount
      visitor.deadlineUs = atUs + BigInt(RESTLESS.quietMs) * 1_000n
      visitor.alarmMs ??= this.#clockMs + RESTLESS.alarmMs
    }
    for (const [name, visitor] of this.#visitors) close(name, visitor, afterUs)
    for (const [name, visitor] of this.#visitors) {
      if (visitor.alarmMs === null || visitor.alarmMs > this.#clockMs) continue
      put("restless", name, visitor.pages, "clock", inTime(this.#highestUs))
      visitor.alarmMs = null
    }
  }
}
