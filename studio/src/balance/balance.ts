/**
 * The two sums that must always hold: at the door, what was received is what became of it; per view, what was
 * appended has one verdict each. Pure; drawing is elsewhere.
 */
import type { EventStream, Verdict, View } from "../api/types.ts"

export type Term = Verdict | "pending" | "accepted" | "duplicates" | "rejected" | "dead-lettered"

export interface Part {
  readonly term: Term
  readonly count: number
}

export interface Balance {
  /** What the whole is called. */
  readonly whole: "received" | "appended"
  readonly total: number
  readonly parts: readonly Part[]
  /** What the parts lack of the whole; below zero when they are more than it. 0: it adds up. */
  readonly missing: number
}

export function doorBalance(event: EventStream): Balance {
  return balanceOf("received", event.received, [
    { term: "accepted", count: event.accepted },
    { term: "duplicates", count: event.duplicates },
    { term: "rejected", count: event.rejected },
    { term: "dead-lettered", count: event.dead_lettered ?? 0 },
  ])
}

/** A view rules once on each row of every event that it reads, itself or through other views. */
export function viewBalance(view: View, views: readonly View[], events: readonly EventStream[]): Balance {
  const read = sourcesOf(view, views)
  const total = events.filter(({ name }) => read.has(name)).reduce((sum, { appended }) => sum + appended, 0)
  const { verdicts } = view
  return balanceOf("appended", total, [
    { term: "applied", count: verdicts.applied ?? 0 },
    { term: "filtered", count: verdicts.filtered ?? 0 },
    { term: "pending", count: verdicts.pending ?? view.lag.events },
    { term: "late", count: verdicts.late ?? 0 },
    { term: "failed", count: verdicts.failed ?? 0 },
    { term: "duplicate", count: verdicts.duplicate ?? 0 },
  ])
}

export function sourcesOf(view: View, views: readonly View[]): ReadonlySet<string> {
  const events = new Set(view.events)
  const seen = new Set([view.name])
  const waiting = [...view.views]
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const read = views.find((candidate) => candidate.name === name)
    if (read === undefined || seen.has(name)) continue
    seen.add(name)
    for (const event of read.events) events.add(event)
    waiting.push(...read.views)
  }
  return events
}

/** Looks at what is missing in some answers in a row and gives the smallest of them. */
export function steadyMissing(recent: readonly number[]): number {
  if (recent.length < STEADY_LOOKS) return 0
  const sign = Math.sign(recent[0]!)
  if (sign === 0 || recent.some((missing) => Math.sign(missing) !== sign)) return 0
  return sign * Math.min(...recent.map(Math.abs))
}

/**
 * Events and views come in two answers, and rows flow between them: a difference counts as one when it is
 * there in so many answers in a row.
 */
export const STEADY_LOOKS = 4

function balanceOf(whole: Balance["whole"], total: number, parts: readonly Part[]): Balance {
  const sum = parts.reduce((before, { count }) => before + count, 0)
  return { whole, total, parts, missing: total - sum }
}
