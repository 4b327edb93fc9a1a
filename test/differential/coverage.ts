/** Which operators of SQL stood over which, and which met which types: what the generator has produced. */
import type { Kind } from "./kinds.ts"

/** Where rows come from. */
export const SOURCES = ["event", "view"] as const

/** Queries whose rows carry an event time, if theirs do. */
export const TIMED = [
  "select",
  "union all",
  "inner join",
  "left join",
  "right join",
  "exists",
  "not exists",
  "in",
  "not in",
] as const

/** Queries whose rows carry an event time or the end of a window, if theirs do. */
export const FLOWING = [
  ...TIMED,
  "tumble",
  "hop",
  "cumulate",
  "session",
  "group by",
  "distinct",
  "distinct on",
  "row_number",
  "rank",
  "dense_rank",
  "over rows",
  "over range",
  "over groups",
  "over",
  "union",
  "intersect",
  "intersect all",
  "except",
  "except all",
] as const

export const OTHERS = [
  "aggregate",
  "grouping sets",
  "rollup",
  "cube",
  "limit",
  "with ties",
  "full join",
  "cross join",
  "natural join",
  "any",
  "all",
  "value in",
  "value exists",
  "scalar",
  "scalar per row",
] as const

export const OPERATORS = [...FLOWING, ...OTHERS]
export type QueryOperator = (typeof OPERATORS)[number]
export type Operator = QueryOperator | (typeof SOURCES)[number]

export class Coverage {
  readonly #counts = new Map<string, number>()
  readonly #features = new Map<string, number>()

  /** `outer` reads the rows of `inner`. */
  over(outer: Operator, inner: Operator): void {
    count(this.#counts, `${outer} over ${inner}`)
  }

  /** The operator compares, groups, orders or computes by a value of the type. */
  key(operator: Operator, kind: Kind): void {
    count(this.#counts, `${operator} by ${kind}`)
  }

  /** A column of the type comes out of the operator. */
  carry(operator: Operator, kind: Kind): void {
    count(this.#counts, `${operator} with ${kind}`)
  }

  feature(name: string): void {
    count(this.#features, name)
  }

  /** Of `outer over inner`, `operator by type` or `operator with type`. */
  times(what: string): number {
    return this.#counts.get(what) ?? 0
  }

  features(): readonly (readonly [string, number])[] {
    return [...this.#features].toSorted(([a], [b]) => (a < b ? -1 : 1))
  }
}

function count(counts: Map<string, number>, text: string): void {
  counts.set(text, (counts.get(text) ?? 0) + 1)
}
