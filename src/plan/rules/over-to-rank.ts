/**
 * filter(over(x)) on a row number or rank -> rank(x): "the three latest of each" need not number all others.
 * The number stays a column, for those who read it.
 */
import type { Expression } from "../../expr/expression.ts"
import { conjunction } from "../expressions/conjunction.ts"
import { conjunctsOf } from "../expressions/join-condition.ts"
import { filterNode } from "../nodes/filter.ts"
import { projectNode } from "../nodes/project.ts"
import { rankNode } from "../nodes/rank.ts"
import { namesOf } from "../nodes/rebuild.ts"
import type { OverNode, RankFunction } from "../plan.ts"
import { everywhere } from "./rule.ts"

export const overToRank = everywhere(
  "over-to-rank",
  "only the rows that a condition on their number lets through are numbered",
  (node) => {
    if (node.kind !== "filter" || node.input.kind !== "over") return null
    const over = node.input
    const name = rankFunction(over)
    if (name === null) return null
    const number = over.input.columns.length
    const conditions = conjunctsOf(node.predicate)
    const ranges = conditions.map((condition) => rangeOf(condition, number))
    const low = ranges.reduce((most, range) => (range !== null && range.low > most ? range.low : most), 1n)
    const high = ranges.reduce<bigint | null>((least, range) => lower(least, range?.high ?? null), null)
    if (high === null) return null
    const { input, partition, order, peerTerms } = over
    const ranked = rankNode({
      input,
      partition,
      order: name === "row_number" ? order : order.slice(0, peerTerms),
      function: name,
      offset: low - 1n,
      limit: high < low ? 0n : high - low + 1n,
      ranked: true,
    })
    const expressions = ranked.columns.map(
      (column, index): Expression => ({ kind: "column", index, ...column }),
    )
    const named = projectNode({ input: ranked, expressions, names: namesOf(over) })
    const others = conditions.filter((_, i) => ranges[i] === null)
    return others.length === 0 ? named : filterNode(named, conjunction(others))
  },
)

function rankFunction({ calls }: OverNode): RankFunction | null {
  const name = calls.length === 1 ? calls[0]!.name : null
  return name === "row_number" || name === "rank" || name === "dense_rank" ? name : null
}

interface Range {
  readonly low: bigint
  /** Null: no end. */
  readonly high: bigint | null
}

/** The numbers that a condition lets through, where it is about the number alone. */
function rangeOf(condition: Expression, number: number): Range | null {
  if (condition.kind !== "call") return null
  const [first, ...values] = condition.args
  if (first?.kind === "literal" && values.length === 1) {
    const mirrored = MIRRORED.get(condition.signature)
    const args = [values[0]!, first]
    return mirrored === undefined ? null : rangeOf({ ...condition, signature: mirrored, args }, number)
  }
  if (first?.kind !== "column" || first.index !== number) return null
  const [a, b] = values.map((value) => (value.kind === "literal" ? value.value : null))
  if (typeof a !== "bigint") return null
  switch (condition.signature) {
    case "eq(int64,int64)":
      return { low: a, high: a }
    case "lt(int64,int64)":
      return { low: 1n, high: a - 1n }
    case "lte(int64,int64)":
      return { low: 1n, high: a }
    case "gt(int64,int64)":
      return { low: a + 1n, high: null }
    case "gte(int64,int64)":
      return { low: a, high: null }
    case "between(any,any,any)":
      return typeof b === "bigint" ? { low: a, high: b } : null
    default:
      return null
  }
}

const MIRRORED: ReadonlyMap<string, string> = new Map([
  ["eq(int64,int64)", "eq(int64,int64)"],
  ["lt(int64,int64)", "gt(int64,int64)"],
  ["lte(int64,int64)", "gte(int64,int64)"],
  ["gt(int64,int64)", "lt(int64,int64)"],
  ["gte(int64,int64)", "lte(int64,int64)"],
])

function lower(a: bigint | null, b: bigint | null): bigint | null {
  if (a === null || b === null) return a ?? b
  return a < b ? a : b
}
