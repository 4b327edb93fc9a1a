/** Raw parse tree -> typed expression. One function per family of nodes; this file only tells them apart. */
import type { Node } from "libpg-query"
import { findings, Refused } from "../errors.ts"
import { startOf } from "../sql/tree.ts"
import type { Construct } from "../unsupported.ts"
import { unsupported } from "../unsupported.ts"
import { bindCast } from "./bind-cast.ts"
import { bindCase, bindCoalesce, bindGreatest, bindLogic } from "./bind-conditional.ts"
import { bindConstant } from "./bind-constant.ts"
import { bindFunction } from "./bind-function.ts"
import { bindBooleanTest, bindNullTest, bindOperator } from "./bind-operator.ts"
import type { Bound } from "./bound.ts"
import { typed } from "./bound.ts"
import type { ExpressionContext } from "./expression-context.ts"
import { readsOuter } from "./placeholders.ts"
import { resolveColumn } from "./scope.ts"

/** @throws Refused with what is wrong and where; Abandoned never */
export function bindExpression(node: Node, context: ExpressionContext): Bound {
  if ("ColumnRef" in node) return bindColumn(node.ColumnRef.fields ?? [], node, context)
  if ("A_Const" in node) return bindConstant(node.A_Const)
  if ("TypeCast" in node) return bindCast(node.TypeCast, (inner) => context.bind(inner, context))
  if ("A_Expr" in node) return bindOperator(node.A_Expr, context)
  if ("FuncCall" in node) return bindFunction(node.FuncCall, context)
  if ("BoolExpr" in node) return bindLogic(node.BoolExpr, context)
  if ("NullTest" in node) return bindNullTest(node.NullTest, context)
  if ("BooleanTest" in node) return bindBooleanTest(node.BooleanTest, context)
  if ("CaseExpr" in node) return bindCase(node.CaseExpr, context)
  if ("CoalesceExpr" in node) return bindCoalesce(node.CoalesceExpr, context)
  if ("MinMaxExpr" in node) return bindGreatest(node.MinMaxExpr, context)
  if ("SQLValueFunction" in node) {
    const word = (node.SQLValueFunction.op ?? "")
      .replace(/^SVFOP_/, "")
      .replace(/_N$/, "")
      .toLowerCase()
    throw new Refused(findings.nondeterministic(word), node.SQLValueFunction.location ?? null)
  }
  if ("SubLink" in node) {
    if (context.subqueries !== null) return context.subqueries.bind(node.SubLink, context)
    throw new Refused(findings.subqueryPlace(context.clause), startOf(node))
  }
  if ("GroupingFunc" in node) {
    if (context.groupings !== null) return context.groupings.bind(node.GroupingFunc, context)
    throw new Refused(findings.aggregateNotAllowed("grouping", context.clause), startOf(node))
  }
  for (const [kind, construct] of REFUSED_KINDS) {
    if (kind in node) throw new Refused(unsupported(construct), startOf(node))
  }
  throw new Refused(unsupported("expression"), startOf(node))
}

const REFUSED_KINDS: readonly (readonly [kind: string, construct: Construct])[] = [
  ["A_ArrayExpr", "array"],
  ["RowExpr", "row"],
  ["A_Indirection", "subscript"],
  ["CollateClause", "collate"],
  ["ParamRef", "parameter"],
  ["NamedArgExpr", "named-argument"],
  ["XmlExpr", "sql-json"],
  ["XmlSerialize", "sql-json"],
  ["JsonIsPredicate", "sql-json"],
  ["JsonObjectConstructor", "sql-json"],
  ["JsonArrayConstructor", "sql-json"],
  ["JsonArrayQueryConstructor", "sql-json"],
  ["JsonObjectAgg", "sql-json"],
  ["JsonArrayAgg", "sql-json"],
  ["JsonParseExpr", "sql-json"],
  ["JsonScalarExpr", "sql-json"],
  ["JsonSerializeExpr", "sql-json"],
  ["JsonFuncExpr", "sql-json"],
]

function bindColumn(fields: readonly Node[], node: Node, context: ExpressionContext): Bound {
  const byte = startOf(node)
  const reference = resolveColumn(context.scope, fields, { byte, clause: context.clause })
  if (context.clause !== "WHERE" && readsOuter(reference)) {
    throw new Refused(findings.outerPlace(reference.name, context.clause), byte)
  }
  if (byte !== null) context.origins.set(reference, byte)
  return typed(reference, byte)
}
