/**
 * Advice from what was really asked since the start: views that nobody reads, columns of views that nobody
 * asks for, and queries over events that are asked often and that a view would have an answer to. Only what
 * is certain is said, with the figures that it rests on.
 */
import { explainPlanner } from "../plan/explain-rules.ts"
import type { ViewPlan } from "../plan/plan.ts"
import type { AskedShape, ReadTally, ViewReads } from "./read-tally.ts"

export interface Advice {
  readonly kind: "unread-view" | "unread-columns" | "missing-view"
  /** The view, or the event that is queried. */
  readonly about: string
  readonly advice: string
  readonly columns: readonly string[]
  /** How often the query was asked, or the view was read. */
  readonly count: number
  /** The query without its values. */
  readonly query: string | null
}

/** A query that is asked less often is not worth a view. */
const OFTEN = 20

export function adviceOf(plans: readonly ViewPlan[], tally: ReadTally): readonly Advice[] {
  const reads = readsOfViews(plans)
  const ofViews = plans.flatMap((plan) =>
    adviceOnView(plan, tally.view(plan.name), reads.get(plan.name) ?? []),
  )
  const often = tally.shapes().filter(({ asked }) => asked >= OFTEN)
  return [...ofViews, ...often.map(adviceOnShape)]
}

/** For each view, the columns that each view above it reads. */
function readsOfViews(plans: readonly ViewPlan[]): ReadonlyMap<string, readonly (readonly string[])[]> {
  const reads = new Map<string, (readonly string[])[]>()
  for (const plan of plans.filter(({ views }) => views.length > 0)) {
    for (const { kind, name, read } of explainPlanner(plan).sources) {
      if (kind === "view") reads.set(name, [...(reads.get(name) ?? []), read])
    }
  }
  return reads
}

function adviceOnView(
  { name, columns }: ViewPlan,
  { rows, streams, namingQueries, otherQueries, named }: ViewReads,
  readers: readonly (readonly string[])[],
): readonly Advice[] {
  const whole = rows + streams + otherQueries
  if (whole + namingQueries + readers.length === 0) {
    const nobody = "no page of rows, stream of changes, query or other view"
    const advice = `${nobody} has read ${name}; it may not be needed`
    return [{ kind: "unread-view", about: name, advice, columns: [], count: 0, query: null }]
  }
  if (whole > 0) return []
  const read = new Set([...named, ...readers.flat()])
  const unread = columns.map((column) => column.name).filter((column) => !read.has(column))
  if (unread.length === 0) return []
  const advice =
    `${name} was read by ${counted(namingQueries, "query", "queries")} and ` +
    `${counted(readers.length, "view", "views")} alone, and none of them names ${unread.join(", ")}`
  const count = namingQueries
  return [{ kind: "unread-columns", about: name, advice, columns: unread, count, query: null }]
}

function adviceOnShape({ event, shape, groupBy, asked }: AskedShape): Advice {
  const advice =
    `a view of ${event} with GROUP BY ${groupBy} would have the answer to a query ` +
    `that was asked ${asked} times; ` +
    "a column that is compared with another value each time has to be among its keys"
  return { kind: "missing-view", about: event, advice, columns: [], count: asked, query: shape }
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}
