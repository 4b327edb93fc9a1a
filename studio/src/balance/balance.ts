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
  /** What the parts lack of the whole, as far as one answer can tell; below zero: they are more than it. */
  readonly missing: CountRange
}

export function doorBalance(event: EventStream): Balance {
  const parts: readonly Part[] = [
    { term: "accepted", count: event.accepted },
    { term: "duplicates", count: event.duplicates },
    { term: "rejected", count: event.rejected },
    { term: "dead-lettered", count: event.dead_lettered ?? 0 },
  ]
  const missing = event.received - sumOf(parts)
  return { whole: "received", total: event.received, parts, missing: { from: missing, to: missing } }
}

/** A count that grew from one to the other while something else was asked. */
export interface CountRange {
  readonly from: number
  readonly to: number
}

/**
 * A view rules once on each row of every event that it reads, itself or through other views. Its own answer
 * was given at a moment between the two ends of `appended`.
 */
export function viewBalance(
  view: View,
  views: readonly View[],
  appended: ReadonlyMap<string, CountRange>,
): Balance {
  const ranges = [...sourcesOf(view, views)].map((name) => appended.get(name) ?? { from: 0, to: 0 })
  const from = ranges.reduce((sum, range) => sum + range.from, 0)
  const to = ranges.reduce((sum, range) => sum + range.to, 0)
  const { verdicts } = view
  const parts: readonly Part[] = [
    { term: "applied", count: verdicts.applied ?? 0 },
    { term: "filtered", count: verdicts.filtered ?? 0 },
    { term: "pending", count: verdicts.pending ?? view.lag.events },
    { term: "late", count: verdicts.late ?? 0 },
    { term: "failed", count: verdicts.failed ?? 0 },
    { term: "duplicate", count: verdicts.duplicate ?? 0 },
  ]
  const sum = sumOf(parts)
  const missing = { from: from - sum, to: to - sum }
  return { whole: "appended", total: Math.max(from, Math.min(to, sum)), parts, missing }
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

/** How many answers must prove that rows are missing: one alone may have met a restart. */
const PROOFS = 3
/** Answers that are remembered. Rows that flow hide a small difference from most of them, not from all. */
export const REMEMBERED_LOOKS = 30

/**
 * What is missing for sure, oldest look first; 0 while that is not proven. What is lost stays lost, so a look
 * that shows a whole sum refutes all before it, and of the proofs the strongest counts.
 */
export function steadyMissing(looks: readonly CountRange[]): number {
  const lacks = looks.slice(looks.findLastIndex(({ to }) => to <= 0) + 1).filter(({ from }) => from > 0)
  if (lacks.length >= PROOFS) return Math.max(...lacks.map(({ from }) => from))
  const exceeds = looks.slice(looks.findLastIndex(({ from }) => from >= 0) + 1).filter(({ to }) => to < 0)
  return exceeds.length >= PROOFS ? Math.min(...exceeds.map(({ to }) => to)) : 0
}

export function sumOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { count }) => sum + count, 0)
}
