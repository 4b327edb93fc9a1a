/** Answers what became of a receipt's rows in a view, waiting until the view has processed them. */
import type { Verdict } from "../../engine/dataflow.ts"
import type { Failure } from "../../expr/expression.ts"
import type { Log } from "../../log/log.ts"
import type { ViewPlan } from "../../plan/plan.ts"
import type { VerdictLedgerReader } from "../../ports/verdict-ledger.ts"
import type { Scheduler } from "../../std/clock.ts"
import type { ReceiptAnswer } from "../runtime.ts"
import type { EventLane } from "./door.ts"
import { receiptInvalid } from "./errors.ts"
import type { Intake } from "./intake.ts"
import { sourceId } from "./lower.ts"
import type { Rebuild } from "./rebuild.ts"
import { belongsTo, decodeReceipts, type Receipt } from "./receipt.ts"
import { storedRulings } from "./stored-rulings.ts"
import type { VerdictLedger } from "./verdict-ledger.ts"

export interface ReceiptDeskParts {
  readonly log: Log
  readonly scheduler: Scheduler
  readonly lanes: ReadonlyMap<string, EventLane>
  readonly intake: Intake
  readonly rebuild: Rebuild | null
  readonly ledger: VerdictLedger
  /** Asked for rows that memory has forgotten; null where no ledger is kept. */
  readonly stored: VerdictLedgerReader | null
  readonly plans: ReadonlyMap<string, ViewPlan>
}

interface Waiter {
  readonly view: string
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
      if (this.#isProcessed(waiter.view, waiter.receipts)) waiter.wake()
    }
  }

  close(): void {
    for (const waiter of this.#waiters) waiter.wake()
  }

  /** @throws PlatformError receipt-invalid, ledger-stopped */
  async answer(plan: ViewPlan, text: string, timeoutMs: number, epoch: () => number): Promise<ReceiptAnswer> {
    const receipts = decodeReceipts(text).filter((receipt) => {
      this.#check(text, receipt)
      return readsEvent(plan, receipt.event, this.#parts.plans)
    })
    if (receipts.length === 0) throw receiptInvalid(text, `has no event that the view "${plan.name}" reads`)
    if (!this.#isProcessed(plan.name, receipts)) await this.#wait(plan.name, receipts, timeoutMs)
    if (!this.#isProcessed(plan.name, receipts))
      return { processed: false, verdicts: null, failures: null, forgotten: null, epoch: epoch() }
    const rulings = await this.#rulings(plan, receipts, epoch())
    return { processed: true, ...rulings, epoch: epoch() }
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

  #isProcessed(view: string, receipts: readonly Receipt[]): boolean {
    const { intake, rebuild } = this.#parts
    const reached = rebuild?.builds(view) === true ? rebuild : intake
    return receipts.every(({ topic, ranges }) =>
      ranges.every(({ partition, last }) => last < reached.position(topic, partition).published),
    )
  }

  #wait(view: string, receipts: readonly Receipt[], timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        timer.cancel()
        this.#waiters.delete(waiter)
        resolve()
      }
      const timer = this.#parts.scheduler.after(timeoutMs, done)
      const waiter: Waiter = { view, receipts, wake: done }
      this.#waiters.add(waiter)
    })
  }

  async #rulings(plan: ViewPlan, receipts: readonly Receipt[], epoch: number): Promise<Rulings> {
    const totals: Partial<Record<Verdict, number>> = {}
    const reasons: Partial<Record<Failure, number>> = {}
    let unknown = 0
    for (const { event, topic, ranges } of receipts) {
      const { counts, failures, forgotten } = this.#parts.ledger.lookUp(plan.name, sourceId(event), ranges)
      addTo(totals, counts)
      addTo(reasons, failures)
      if (forgotten.length === 0) continue
      const { stored } = this.#parts
      if (stored === null) {
        unknown += forgotten.reduce((rows, { first, last }) => rows + last - first + 1, 0)
        continue
      }
      if (epoch > 0) await stored.whenDurable(epoch)
      const found = await storedRulings(stored, plan.name, topic, forgotten)
      addTo(totals, found.counts)
      addTo(reasons, found.failures)
      unknown += found.unruled
    }
    return { verdicts: totals, failures: reasons, forgotten: unknown }
  }
}

type Rulings = Pick<ReceiptAnswer, "verdicts" | "failures" | "forgotten">

function addTo<Key extends string>(
  sums: Partial<Record<Key, number>>,
  more: Partial<Record<Key, number>>,
): void {
  for (const [key, count] of Object.entries(more) as [Key, number][]) {
    if (count > 0) sums[key] = (sums[key] ?? 0) + count
  }
}

/** Directly, or through another view. */
export function readsEvent(plan: ViewPlan, event: string, plans: ReadonlyMap<string, ViewPlan>): boolean {
  return plan.events.includes(event) || plan.views.some((view) => readsEvent(plans.get(view)!, event, plans))
}
