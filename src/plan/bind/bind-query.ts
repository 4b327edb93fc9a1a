/** A query: WITH, then a SELECT or a set operation of queries; refuses what may stand around them. */
import type { CommonTableExpr, SelectStmt, WithClause } from "libpg-query"
import { assert } from "../../std/assert.ts"
import type { Finding } from "../errors.ts"
import { Abandoned, findings, Refused } from "../errors.ts"
import { keywordBefore } from "../sql/keywords.ts"
import { names, startOf } from "../sql/tree.ts"
import type { Construct } from "../unsupported.ts"
import { unsupported } from "../unsupported.ts"
import type { QueryContext } from "./bind-from.ts"
import { renamed } from "./bind-from.ts"
import { bindLimits, bindOrderBy } from "./bind-order.ts"
import { bindSelect } from "./bind-select.ts"
import { bindSetOperation } from "./bind-union.ts"
import { typed } from "./bound.ts"
import type { CommonTables, Relation, ViewContext } from "./context.ts"
import { attempt } from "./context.ts"
import { referTo } from "./place-over.ts"
import { ranks } from "./select-list.ts"

/** @throws Refused, Abandoned */
export function bindQuery(select: SelectStmt, context: QueryContext): Relation {
  const { view, tables } = context
  const refused = refusedClauses(select, view.sql)
  for (const { finding, byte } of refused) view.report(finding, byte)
  const visible = select.withClause === undefined ? tables : bindWith(select.withClause, tables, view)
  const relation = bindBody(select, { ...context, tables: visible })
  if (refused.length > 0) throw new Abandoned("a clause was refused")
  return relation
}

/** A view has no order; ORDER BY has a use only where it says which rows LIMIT or DISTINCT ON keeps. */
export function refuseOrder(select: SelectStmt, view: ViewContext): void {
  const { sortClause = [], limitCount, limitOffset, distinctClause = [] } = select
  const on = distinctClause.some((node) => Object.keys(node).length > 0)
  if (sortClause.length === 0 || limitCount !== undefined || limitOffset !== undefined || on) return
  const at = startOf(sortClause)
  view.report(unsupported("order-by"), at === null ? null : (keywordBefore(view.sql, "order", at) ?? at))
}

function bindBody(select: SelectStmt, context: QueryContext): Relation {
  if (select.op === undefined || select.op === "SETOP_NONE")
    return bindSelect(select, { ...context, bindQuery })
  const { larg, rarg } = select
  const { view } = context
  assert(larg !== undefined && rarg !== undefined, "a set operation has two sides")
  const left = attempt(view, () => bindQuery(larg, { ...context, outer: null }))
  const right = attempt(view, () => bindQuery(rarg, { ...context, outer: null }))
  const kind = SET_OPERATIONS[select.op]
  const at = startOf(rarg)
  const byte = at === null ? null : (keywordBefore(view.sql, kind, at) ?? at)
  if (left === null || right === null) throw new Abandoned("a branch has problems")
  const operation = { kind, all: select.all ?? false, byte }
  return limited(select, bindSetOperation(left, right, operation, view), view)
}

const SET_OPERATIONS = {
  SETOP_UNION: "union",
  SETOP_INTERSECT: "intersect",
  SETOP_EXCEPT: "except",
} as const

/** ORDER BY and LIMIT behind a set operation, which see its columns only. */
function limited(select: SelectStmt, relation: Relation, view: ViewContext): Relation {
  const { node, columns } = relation
  const targets = columns.map(({ name, index }) => ({ name, bound: typed(referTo(node, index), null) }))
  const sorts = bindOrderBy(select.sortClause ?? [], targets, (item) => {
    const what = "behind UNION, INTERSECT and EXCEPT, ORDER BY takes columns of the result"
    throw new Refused(findings.orderColumn(what, "name one of them, or give its position"), startOf(item))
  })
  const limits = bindLimits(select, view.sql)
  if (limits === null) return relation
  const order = sorts.flatMap(({ value, descending, nullsFirst }) =>
    value.kind === "column" ? [{ column: value.index, descending, nullsFirst }] : [],
  )
  const { timeColumn } = node
  const time = timeColumn === null ? [] : [{ column: timeColumn, descending: false, nullsFirst: false }]
  return {
    ...relation,
    node: ranks(node, { partition: [], order: [...order, ...(limits.ties ? [] : time)], limits, view }),
  }
}

function bindWith(clause: WithClause, tables: CommonTables, view: ViewContext): CommonTables {
  if (clause.recursive) {
    const at = startOf(clause.ctes)
    throw new Refused(
      unsupported("recursive"),
      at === null ? null : (keywordBefore(view.sql, "recursive", at) ?? at),
    )
  }
  const visible = new Map(tables)
  const own = new Set<string>()
  for (const node of clause.ctes ?? []) {
    assert("CommonTableExpr" in node, "WITH holds queries")
    const query = node.CommonTableExpr
    const name = query.ctename ?? ""
    if (own.has(name)) {
      view.report(findings.duplicateWith(name), query.location ?? null)
      continue
    }
    own.add(name)
    visible.set(
      name,
      attempt(view, () => bindCommonTable(query, visible, view)),
    )
  }
  return visible
}

function bindCommonTable(query: CommonTableExpr, visible: CommonTables, view: ViewContext): Relation {
  const byte = query.location ?? null
  const body = query.ctequery
  if (body === undefined || !("SelectStmt" in body)) throw new Refused(unsupported("data-modifying"), byte)
  const relation = bindQuery(body.SelectStmt, { tables: new Map(visible), view, outer: null })
  return renamed(relation, names(query.aliascolnames), byte)
}

interface Place {
  readonly finding: Finding
  readonly byte: number | null
}

function refusedClauses(select: SelectStmt, sql: string): readonly Place[] {
  const found: Place[] = []
  const add = (construct: Construct, tree: unknown, ...keywords: string[]) => {
    const at = startOf(tree)
    const keyword = keywords.map((word) => (at === null ? null : keywordBefore(sql, word, at)))
    found.push({ finding: unsupported(construct), byte: keyword.find((byte) => byte !== null) ?? at })
  }
  if (select.intoClause !== undefined) add("into", select.intoClause.rel, "into")
  if ((select.lockingClause ?? []).length > 0) {
    found.push({ finding: unsupported("locking"), byte: keywordBefore(sql, "for", Number.POSITIVE_INFINITY) })
  }
  if ((select.valuesLists ?? []).length > 0) add("values", select.valuesLists, "values")
  return found
}
