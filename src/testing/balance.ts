/**
 * The books must balance, at any moment: every row that came in at the door is accounted for, and every row
 * of the log has one verdict per view or is pending. One function for every harness; it throws with the
 * numbers.
 */
import { VERDICTS, type Verdict } from "../ports/verdict.ts"
import type { Runtime } from "../runners/runtime.ts"

export interface DoorBook {
  readonly event: string
  readonly received: number
  readonly accepted: number
  readonly duplicates: number
  readonly rejected: number
  readonly deadLettered: number
}

export interface ViewBook {
  readonly view: string
  readonly appended: number
  readonly pending: number
  readonly verdicts: Readonly<Partial<Record<Verdict, number>>>
}

export interface Books {
  readonly events: readonly DoorBook[]
  readonly views: readonly ViewBook[]
}

/** @throws Error naming what is out of balance, with every number of it. */
export function assertBalance({ events, views }: Books): void {
  for (const { event, received, accepted, duplicates, rejected, deadLettered } of events) {
    if (received === accepted + duplicates + rejected + deadLettered) continue
    throw new Error(
      `out of balance: ${event} received ${received} = ${accepted} accepted + ${duplicates} duplicates + ` +
        `${rejected} rejected + ${deadLettered} dead-lettered is not so`,
    )
  }
  for (const { view, appended, pending, verdicts } of views) {
    const counts = VERDICTS.map((verdict) => [verdict, verdicts[verdict] ?? 0] as const)
    if (appended === counts.reduce((sum, [, count]) => sum + count, pending)) continue
    const parts = [...counts, ["pending", pending] as const].map(([verdict, count]) => `${count} ${verdict}`)
    throw new Error(`out of balance: ${view} ${appended} appended = ${parts.join(" + ")} is not so`)
  }
}

/** What a runtime says of itself; its own figures of imbalance are held against it. */
export function booksOf(runtime: Pick<Runtime, "events" | "views">): Books {
  const events = runtime.events()
  const views = runtime.views()
  for (const { contract, imbalance } of events) expectZero(contract.name, imbalance)
  for (const { plan, imbalance } of views) expectZero(plan.name, imbalance)
  return {
    events: events.map(({ contract, ...counts }) => ({ event: contract.name, ...counts })),
    views: views.map(({ plan, appendedEvents, pendingEvents, verdicts }) => {
      return { view: plan.name, appended: appendedEvents, pending: pendingEvents, verdicts }
    }),
  }
}

/** The same from the answers of GET /v1/events and GET /v1/views. */
export function booksOfAnswers(
  events: readonly Readonly<Record<string, unknown>>[],
  views: readonly Readonly<Record<string, unknown>>[],
): Books {
  return {
    events: events.map((event) => ({
      event: String(event["name"]),
      received: Number(event["received"]),
      accepted: Number(event["accepted"]),
      duplicates: Number(event["duplicates"]),
      rejected: Number(event["rejected"]),
      deadLettered: Number(event["dead_lettered"]),
    })),
    views: views.map((view) => {
      const { pending, ...verdicts } = view["verdicts"] as Record<string, number>
      return {
        view: String(view["name"]),
        appended: Number(view["appended"]),
        pending: Number(pending),
        verdicts,
      }
    }),
  }
}

function expectZero(name: string, imbalance: number): void {
  if (imbalance !== 0)
    throw new Error(`out of balance: ${name} says itself that ${imbalance} rows are nowhere`)
}
