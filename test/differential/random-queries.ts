/** The queries of a seed: a few that others read as views, then many that nobody reads. */
import type { ViewOptions } from "../../src/plan/view.ts"
import type { Coverage, QueryOperator } from "./coverage.ts"
import { OPERATORS } from "./coverage.ts"
import { CUTTING, FLOWS } from "./flows.ts"
import { makeForm, makeQuery } from "./forms.ts"
import { EVENTS, eventFields } from "./history.ts"
import type { Flow, Query, Readable } from "./query-maker.ts"
import { QueryMaker } from "./query-maker.ts"
import type { Part } from "./sql-text.ts"

export interface RandomView {
  readonly name: string
  readonly text: Part
  readonly options: Omit<ViewOptions, "sql">
  readonly isRead: boolean
}

/** Views that the others may read. */
const READ = 3
/** One deep are most, since pairs of operators are what goes wrong. */
const DEPTHS = [0, 1, 1, 1, 1, 2, 2, 3]
/** Views of one seed do not share their randomness: one can be made without the others. */
const SEED_STRIDE = 1_000_003

/** Joins that a time to live can bound: a subquery of IN or EXISTS hands on no time. */
const LIVING: readonly QueryOperator[] = [
  ...(["inner join", "left join", "right join", "full join"] as const),
  ...(["in", "not in", "exists", "not exists", "any", "all"] as const),
]

/** Nothing nests in a full join of windows: its rows have no time that is always there. */
const ROOTS: Readonly<Record<Flow, readonly QueryOperator[]>> = {
  ...FLOWS,
  window: [...FLOWS.window, "full join"],
}

export function randomViews(seed: number, count: number, coverage: Coverage): readonly RandomView[] {
  const readable: Readable[] = EVENTS.map((name) => {
    return { name, fields: eventFields(name), flow: "time", isEvent: true }
  })
  const views: RandomView[] = []
  for (let k = 0; k < count; k++) {
    const name = `v${k}`
    const isRead = k < READ
    const place = (k - READ) / 2
    const pair =
      Number.isInteger(place) && place >= 0 ? pairOf(seed * Math.ceil((count - READ) / 2) + place) : null
    const wish = pair?.inner ?? null
    const lived = !isRead && pair === null && k % 10 === 0
    const options = { coverage, readable, make: makeQuery, wish, lived }
    const maker = new QueryMaker(seed * SEED_STRIDE + k, options)
    const flow = lived ? "time" : pair === null ? flowOf(maker, isRead) : "any"
    const operator = pair?.outer ?? maker.pick(lived ? LIVING : isRead ? FLOWS[flow] : ROOTS[flow])
    const depth = lived ? 0 : (pair?.depth ?? (isRead ? maker.random.below(2) : maker.pick(DEPTHS)))
    const query = makeForm(operator, maker, { depth, flow })
    views.push({ name, text: query.text, options: optionsOf(maker, flow, isRead), isRead })
    if (isRead) readable.push(readableOf(name, query, flow))
  }
  return views
}

/** Half of the queries go through all pairs of operators, one after the other. */
function pairOf(number: number): Pair {
  const place = number % OPERATORS.length ** 2
  const [outer, inner] = [Math.floor(place / OPERATORS.length), place % OPERATORS.length]
  // Below windows over windows there is what cuts the inner ones.
  const depth = CUTTING.includes(OPERATORS[outer]!) ? 2 : 1
  return { outer: OPERATORS[outer]!, inner: OPERATORS[inner]!, depth }
}

interface Pair {
  readonly outer: QueryOperator
  readonly inner: QueryOperator
  readonly depth: number
}

function flowOf(maker: QueryMaker, isRead: boolean): Flow {
  if (isRead) return maker.pick(["any", "any", "time"])
  return maker.pick(["any", "any", "any", "any", "time", "window", "closing"])
}

/** Rows that carry their windows come once, now and then; state of theirs needs no promise. */
function optionsOf(maker: QueryMaker, flow: Flow, isRead: boolean): RandomView["options"] {
  if (maker.lived) return { state: { timeToLive: "1 hour" } }
  const closing = flow === "window" || flow === "closing"
  const lateness = closing && maker.chance(0.2) ? { allowedLateness: "10 seconds" } : {}
  if (closing && !isRead && maker.chance(0.4)) {
    maker.coverage.feature("emit final")
    return { emit: "final", ...lateness }
  }
  if (flow !== "any" && maker.chance(0.5)) return lateness
  return { state: "unbounded", ...lateness }
}

function readableOf(name: string, { columns }: Query, flow: Flow): Readable {
  const fields = columns.flatMap(({ name: column, kind }) => (kind === null ? [] : [{ name: column, kind }]))
  return { name, fields, flow, isEvent: false }
}
