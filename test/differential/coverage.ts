/** Which operators of SQL stood over which, and which met which types: what the generator has produced. */
import type { Kind } from "./kinds.ts"

/** Where rows come from. */
export const SOURCES = ["event", "view"] as const

/** Queries whose rows carry an event time or the end of a window, if theirs do. */
export const FLOWING = [
  "select",
  "union all",
  "inner join",
  "left join",
  "right join",
  "exists",
  "not exists",
  "in",
  "not in",
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
  readonly #pairs = new Map<string, number>()
  readonly #keys = new Map<string, number>()
  readonly #carried = new Map<string, number>()
  readonly #features = new Map<string, number>()

  /** `outer` reads the rows of `inner`. */
  over(outer: Operator, inner: Operator): void {
    count(this.#pairs, pairText(outer, inner))
  }

  /** The operator compares, groups, orders or computes by a value of the type. */
  key(operator: Operator, kind: Kind): void {
    count(this.#keys, `${operator} by ${kind}`)
  }

  /** A column of the type comes out of the operator. */
  carry(operator: Operator, kind: Kind): void {
    count(this.#carried, `${operator} with ${kind}`)
  }

  feature(name: string): void {
    count(this.#features, name)
  }

  add(other: Coverage): void {
    for (const [mine, theirs] of [
      [this.#pairs, other.#pairs],
      [this.#keys, other.#keys],
      [this.#carried, other.#carried],
      [this.#features, other.#features],
    ] as const) {
      for (const [text, times] of theirs) mine.set(text, (mine.get(text) ?? 0) + times)
    }
  }
}

export const pairText = (outer: Operator, inner: Operator): string => `${outer} over ${inner}`

function count(counts: Map<string, number>, text: string): void {
  counts.set(text, (counts.get(text) ?? 0) + 1)
}
