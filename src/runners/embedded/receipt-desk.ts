/** Answers what became of a receipt's rows in a view, waiting until the view has processed them. */
import type { Verdict } from "../../engine/dataflow.ts"
import type { Failure } from "../../expr/expression.ts"
import type { Log } from "../../log/log.ts"
import type { ViewPlan } from "../../plan/plan.ts"
import type { Scheduler } from "../../std/clock.ts"
import type { ReceiptAnswer } from "../runtime.ts"
import type { EventLane } from "./door.ts"
import { receiptInvalid } from "./errors.ts"
import type { Intake } from "./intake.ts"
import { sourceId } from "./lower.ts"
import { belongsTo, decodeReceipts, type Receipt } from "./receipt.ts"
import type { VerdictLedger } from "./verdict-ledger.ts"

export interface ReceiptDeskParts {
  readonly log: Log
  readonly scheduler: Scheduler
  readonly lanes: ReadonlyMap<string, EventLane>
  readonly intake: Intake
  readonly ledger: VerdictLedger
  readonly plans: ReadonlyMap<string, ViewPlan>
}

interface Waiter {
  readonly receipts: readonly Receipt[]
  readonly wake: () => void
}

export class ReceiptDesk {
  readonly #parts: ReceiptDeskParts
  readonly #waiters = new Set<Waiter>()

  constructor(parts: ReceiptDeskParts) {
    this.#parts = parts
  }

  /** An epoch is out: whoever waited for it goes on. */
  settle(): void {
    for (const waiter of this.#waiters) {
      if (this.#isProcessed(waiter.receipts)) waiter.wake()
    }
  }

  close(): void {
    for (const waiter of this.#waiters) waiter.wake()
  }

  /** @throws PlatformError receipt-invalid */
  async answer(plan: ViewPlan, text: string, timeoutMs: number, epoch: () => number): Promise<ReceiptAnswer> {
    const receipts = decodeReceipts(text).filter((receipt) => {
      this.#check(text, receipt)
      return readsEvent(plan, receipt.event, this.#parts.plans)
    })
    if (receipts.length === 0) throw receiptInvalid(text, `has no event that the view "${plan.name}" reads`)
    if (!this.#isProcessed(receipts)) await this.#wait(receipts, timeoutMs)
    if (!this.#isProcessed(receipts))
      return { processed: false, verdicts: null, failures: null, epoch: epoch() }
    return { processed: true, ...this.#rulings(plan, receipts), epoch: epoch() }
  }

  #check(text: string, receipt: Receipt): void {
    const lane = this.#parts.lanes.get(receipt.event)
    const { logId } = this.#parts.log
    if (lane === undefined || !belongsTo(receipt, logId, lane.topic.topicId)) {
      throw receiptInvalid(text, "belongs to another log")
    }
    for (const { partition, last } of receipt.ranges) {
      const known = partition < lane.topic.partitions
      if (!known || last >= this.#parts.intake.position(lane.topic.name, partition).durableEnd) {
        throw receiptInvalid(text, "names an offset that this log has not given")
      }
    }
  }

  #isProcessed(receipts: readonly Receipt[]): boolean {
    return receipts.every(({ topic, ranges }) =>
      ranges.every(({ partition, last }) => last < this.#parts.intake.position(topic, partition).published),
    )
  }

  #wait(receipts: readonly Receipt[], timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        timer.cancel()
        this.#waiters.delete(waiter)
        resolve()
      }
      const timer = this.#parts.scheduler.after(timeoutMs, done)
      const waiter: Waiter = { receipts, wake: done }
      this.#waiters.add(waiter)
    })
  }

  #rulings(plan: ViewPlan, receipts: readonly Receipt[]): Pick<ReceiptAnswer, "verdicts" | "failures"> {
    const reasons: Partial<Record<Failure, number>> = {}
    const totals: Partial<Record<Verdict, number>> = {}
    for (const { event, ranges } of receipts) {
      const { counts, failures } = this.#parts.ledger.lookUp(plan.name, sourceId(event), ranges)
      for (const [verdict, count] of Object.entries(counts) as [Verdict, number][]) {
        if (count > 0) totals[verdict] = (totals[verdict] ?? 0) + count
      }
      for (const [reason, count] of Object.entries(failures) as [Failure, number][]) {
        reasons[reason] = (reasons[reason] ?? 0) + count
      }
    }
    return { verdicts: totals, failures: reasons }
  }
}

/** Directly, or through another view. */
export function readsEvent(plan: ViewPlan, event: string, plans: ReadonlyMap<string, ViewPlan>): boolean {
  return plan.events.includes(event) || plan.views.some((view) => readsEvent(plans.get(view)!, event, plans))
}
