/** The queries of a seed: a few that others read as views, then many that nobody reads. */
import type { ViewOptions } from "../../src/plan/view.ts"
import type { Coverage, QueryOperator } from "./coverage.ts"
import { OPERATORS } from "./coverage.ts"
import { FLOWS } from "./flows.ts"
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
    const maker = new QueryMaker(seed * SEED_STRIDE + k, { coverage, readable, make: makeQuery, wish })
    const flow = pair === null ? flowOf(maker, isRead) : "any"
    const operator: QueryOperator = pair?.outer ?? maker.pick(FLOWS[flow])
    const depth = pair !== null ? 1 : isRead ? maker.random.below(2) : maker.pick(DEPTHS)
    const query = makeForm(operator, maker, { depth, flow })
    views.push({ name, text: query.text, options: optionsOf(maker, flow, isRead), isRead })
    if (isRead) readable.push(readableOf(name, query, flow))
  }
  return views
}

/** Half of the queries go through all pairs of operators, one after the other. */
function pairOf(number: number): { readonly outer: QueryOperator; readonly inner: QueryOperator } {
  const place = number % OPERATORS.length ** 2
  const [outer, inner] = [Math.floor(place / OPERATORS.length), place % OPERATORS.length]
  return { outer: OPERATORS[outer]!, inner: OPERATORS[inner]! }
}

function flowOf(maker: QueryMaker, isRead: boolean): Flow {
  if (isRead) return maker.pick(["any", "any", "time"])
  return maker.pick(["any", "any", "any", "any", "time", "window", "closing"])
}

/** Rows that carry their windows come once, now and then; state of theirs needs no promise. */
function optionsOf(maker: QueryMaker, flow: Flow, isRead: boolean): RandomView["options"] {
  const closing = flow === "window" || flow === "closing"
  if (closing && !isRead && maker.chance(0.4)) {
    maker.coverage.feature("emit final")
    return { emit: "final" }
  }
  if (flow !== "any" && maker.chance(0.5)) return {}
  return { state: "unbounded" }
}

function readableOf(name: string, { columns }: Query, flow: Flow): Readable {
  const fields = columns.flatMap(({ name: column, kind }) => (kind === null ? [] : [{ name: column, kind }]))
  return { name, fields, flow, isEvent: false }
}
