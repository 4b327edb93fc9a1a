/** What an expression without AS is called: FigureColname of PostgreSQL's parse_target.c. */
import type { Node, SubLink } from "libpg-query"
import { names } from "../sql/tree.ts"

/** Null where PostgreSQL writes ?column?. */
export function figureColumnName(node: Node): string | null {
  return figure(node)?.name ?? null
}

/** A weak name gives way to the type's or CASE's own. */
function figure(node: Node | undefined): { readonly name: string; readonly weak: boolean } | null {
  if (node === undefined) return null
  if ("ColumnRef" in node) return strong(names(node.ColumnRef.fields).at(-1))
  if ("FuncCall" in node) return strong(names(node.FuncCall.funcname).at(-1))
  if ("A_Expr" in node) return node.A_Expr.kind === "AEXPR_NULLIF" ? strong("nullif") : null
  if ("GroupingFunc" in node) return strong("grouping")
  if ("SubLink" in node) return figureSubquery(node.SubLink)
  if ("CoalesceExpr" in node) return strong("coalesce")
  if ("MinMaxExpr" in node) return strong(node.MinMaxExpr.op === "IS_LEAST" ? "least" : "greatest")
  if ("TypeCast" in node) {
    const inner = figure(node.TypeCast.arg)
    const type = names(node.TypeCast.typeName?.names).at(-1)
    return inner !== null && !inner.weak ? inner : type === undefined ? inner : { name: type, weak: true }
  }
  if ("CaseExpr" in node) {
    const inner = figure(node.CaseExpr.defresult)
    return inner !== null && !inner.weak ? inner : { name: "case", weak: true }
  }
  return null
}

/** A scalar subquery is called as its column. */
function figureSubquery({ subLinkType, subselect }: SubLink) {
  if (subLinkType === "EXISTS_SUBLINK") return strong("exists")
  if (subLinkType !== "EXPR_SUBLINK" || subselect === undefined || !("SelectStmt" in subselect)) return null
  const target = subselect.SelectStmt.targetList?.[0]
  if (target === undefined || !("ResTarget" in target)) return null
  return target.ResTarget.name === undefined ? figure(target.ResTarget.val) : strong(target.ResTarget.name)
}

function strong(name: string | undefined) {
  return name === undefined ? null : { name, weak: false }
}
