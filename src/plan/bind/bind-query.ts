/** A query: WITH, then a SELECT or a UNION ALL of queries; refuses what may stand around them. */
import type { CommonTableExpr, SelectStmt, WithClause } from "libpg-query"
import { assert } from "../../std/assert.ts"
import type { Finding } from "../errors.ts"
import { Abandoned, findings, Refused } from "../errors.ts"
import { keywordBefore } from "../sql/keywords.ts"
import { names, startOf } from "../sql/tree.ts"
import type { Construct } from "../unsupported.ts"
import { unsupported } from "../unsupported.ts"
import { renamed } from "./bind-from.ts"
import { bindSelect } from "./bind-select.ts"
import { bindUnionAll } from "./bind-union.ts"
import type { CommonTables, Relation, ViewContext } from "./context.ts"
import { attempt } from "./context.ts"

/** @throws Refused, Abandoned */
export function bindQuery(select: SelectStmt, tables: CommonTables, view: ViewContext): Relation {
  const refused = refusedClauses(select, view.sql)
  for (const { finding, byte } of refused) view.report(finding, byte)
  const visible = select.withClause === undefined ? tables : bindWith(select.withClause, tables, view)
  const relation = bindBody(select, visible, view)
  if (refused.length > 0) throw new Abandoned("a clause was refused")
  return relation
}

function bindBody(select: SelectStmt, tables: CommonTables, view: ViewContext): Relation {
  if (select.op === undefined || select.op === "SETOP_NONE") {
    return bindSelect(select, { tables, view, bindQuery })
  }
  const { larg, rarg } = select
  assert(larg !== undefined && rarg !== undefined, "a set operation has two sides")
  const left = attempt(view, () => bindQuery(larg, tables, view))
  const right = attempt(view, () => bindQuery(rarg, tables, view))
  const [word, construct] = SET_OPERATIONS[select.op]
  const at = startOf(rarg)
  const byte = at === null ? null : (keywordBefore(view.sql, word, at) ?? at)
  if (select.op !== "SETOP_UNION" || !select.all) throw new Refused(unsupported(construct), byte)
  if (left === null || right === null) throw new Abandoned("a branch has problems")
  return bindUnionAll(left, right, byte)
}

const SET_OPERATIONS = {
  SETOP_UNION: ["union", "union"],
  SETOP_INTERSECT: ["intersect", "intersect"],
  SETOP_EXCEPT: ["except", "except"],
} as const satisfies Record<string, readonly [string, Construct]>

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
  const relation = bindQuery(body.SelectStmt, new Map(visible), view)
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
  if ((select.sortClause ?? []).length > 0) add("order-by", select.sortClause, "order")
  if (select.limitOffset !== undefined) add("limit", select.limitOffset, "offset")
  else if (select.limitCount !== undefined) add("limit", select.limitCount, "limit", "fetch")
  if (select.intoClause !== undefined) add("into", select.intoClause.rel, "into")
  if ((select.windowClause ?? []).length > 0) add("window-clause", select.windowClause, "window")
  if ((select.lockingClause ?? []).length > 0) {
    found.push({ finding: unsupported("locking"), byte: keywordBefore(sql, "for", Number.POSITIVE_INFINITY) })
  }
  if ((select.valuesLists ?? []).length > 0) add("values", select.valuesLists, "values")
  return found
}
