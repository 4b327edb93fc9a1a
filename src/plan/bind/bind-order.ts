/**
 * ORDER BY, LIMIT, OFFSET and FETCH. A bare name in ORDER BY is a column of the SELECT list first, then one
 * of FROM; a whole number is a position in that list.
 */
import type { Node, SelectStmt, SortBy } from "libpg-query"
import type { Expression } from "../../expr/expression.ts"
import { assert } from "../../std/assert.ts"
import { findings, Refused } from "../errors.ts"
import { canonical } from "../expressions/canonical.ts"
import { keywordBefore } from "../sql/keywords.ts"
import { names, startOf } from "../sql/tree.ts"
import { bindConstant } from "./bind-constant.ts"
import type { Bound } from "./bound.ts"
import { constantOf, settle } from "./bound.ts"
import type { ExpressionContext } from "./expression-context.ts"

export interface Sort {
  readonly value: Expression
  readonly descending: boolean
  readonly nullsFirst: boolean
}

/** What ORDER BY can name of a SELECT list. */
export interface NamedValue {
  readonly bound: Bound
  readonly name: string
}

/** Inside OVER: every item is an expression. */
export function bindSorts(items: readonly Node[], context: ExpressionContext): readonly Sort[] {
  return items.map((item) => sortOf(item, (node) => settle(context.bind(node, context))))
}

/** Behind a SELECT. @throws Refused order-position, ambiguous-column, json-key */
export function bindOrderBy(
  items: readonly Node[],
  targets: readonly NamedValue[],
  bind: (node: Node) => Expression,
): readonly Sort[] {
  return items.map((item) => sortOf(item, (node) => namedTarget(node, targets) ?? bind(node)))
}

function sortOf(item: Node, bind: (node: Node) => Expression): Sort {
  assert("SortBy" in item && item.SortBy.node !== undefined, "ORDER BY holds what it sorts by")
  const { node, sortby_dir: direction, sortby_nulls: nulls } = item.SortBy as SortBy & { node: Node }
  if (direction === "SORTBY_USING") {
    throw new Refused(
      findings.orderColumn("ORDER BY ... USING is not supported", "write ASC or DESC"),
      startOf(node),
    )
  }
  const value = bind(node)
  if (value.type.kind === "json") throw new Refused(findings.jsonKey("this value"), startOf(node))
  if (value.type.kind === "interval") throw new Refused(findings.intervalColumn("of ORDER BY"), startOf(node))
  const descending = direction === "SORTBY_DESC"
  const nullsFirst = nulls === "SORTBY_NULLS_FIRST" || (nulls !== "SORTBY_NULLS_LAST" && descending)
  return { value, descending, nullsFirst }
}

/** The SELECT list's value that an item means by position or name; null: it is an expression. */
export function namedTarget(node: Node, targets: readonly NamedValue[]): Expression | null {
  const byte = startOf(node)
  if ("A_Const" in node && node.A_Const.ival !== undefined) {
    const position = node.A_Const.ival.ival ?? 0
    const target = targets[position - 1]
    if (target === undefined) throw new Refused(findings.orderPosition(position, targets.length), byte)
    return settle(target.bound)
  }
  if (!("ColumnRef" in node)) return null
  const path = names(node.ColumnRef.fields)
  if (path.length !== 1 || node.ColumnRef.fields?.length !== 1) return null
  const values = targets.filter(({ name }) => name === path[0]).map(({ bound }) => settle(bound))
  if (new Set(values.map(canonical)).size > 1) throw new Refused(findings.ambiguousColumn(path[0]!), byte)
  return values[0] ?? null
}

export interface Limits {
  readonly offset: bigint
  /** Null: all. */
  readonly limit: bigint | null
  /** Rows that equal the last one in order come too. */
  readonly ties: boolean
  readonly byte: number | null
}

/** Null where nothing is limited. @throws Refused limit-constant, limit-ties */
export function bindLimits(select: SelectStmt, sql: string): Limits | null {
  const { limitCount, limitOffset, limitOption, sortClause = [] } = select
  const place = (node: Node | undefined, ...words: readonly string[]) => {
    const at = startOf(node)
    const found = words.map((word) => (at === null ? null : keywordBefore(sql, word, at)))
    return found.reduce((last, each) => (each !== null && (last === null || each > last) ? each : last), null)
  }
  const limit = wholeNumber(limitCount, "LIMIT")
  const offset = wholeNumber(limitOffset, "OFFSET") ?? 0n
  const byte = place(limitCount, "limit", "fetch") ?? place(limitOffset, "offset")
  if (limit === null && offset === 0n) return null
  const ties = limitOption === "LIMIT_OPTION_WITH_TIES"
  if (ties && (sortClause.length === 0 || offset > 0n)) throw new Refused(findings.limitTies(), byte)
  return { offset, limit, ties, byte }
}

/** Null for LIMIT ALL and LIMIT NULL. */
function wholeNumber(node: Node | undefined, word: string): bigint | null {
  if (node === undefined) return null
  const bound = "A_Const" in node ? bindConstant(node.A_Const) : null
  const value = bound === null ? undefined : constantOf(bound)
  if (value === null) return null
  const isWhole = typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value))
  if (!isWhole || bound?.kind !== "typed" || bound.expression.type.kind === "decimal" || value < 0) {
    throw new Refused(findings.limitConstant(word), startOf(node))
  }
  return BigInt(value as number | bigint)
}
