/**
 * Subqueries in expressions. As a condition of WHERE, IN, EXISTS, ANY and ALL are semi and anti joins;
 * anywhere else a subquery gives a value, which a join puts beside the rows (attach-subquery.ts).
 *
 *   x op ANY (S)       semi join on x op y
 *   NOT x op ANY (S)   anti join on (x op y) IS NOT FALSE
 *   x op ALL (S)       anti join on (x op y) IS NOT TRUE
 *   NOT x op ALL (S)   semi join on (x op y) IS FALSE
 *
 * (IN is = ANY; NOT IN is NOT = ANY, which one NULL in S keeps from ever being true.)
 */
import type { Node, SelectStmt, SubLink } from "libpg-query"
import { BOOLEAN } from "../../columns/types.ts"
import type { Expression } from "../../expr/expression.ts"
import { assert } from "../../std/assert.ts"
import { findings, Refused } from "../errors.ts"
import { names } from "../sql/tree.ts"
import { unsupported } from "../unsupported.ts"
import type { FromContext } from "./bind-from.ts"
import { applyOperator } from "./bind-operator.ts"
import type { Bound } from "./bound.ts"
import { demand, settle, typed } from "./bound.ts"
import type { Relation } from "./context.ts"
import type { Binder, ExpressionContext } from "./expression-context.ts"
import { asOuter, numbersIn, placeholder, readsOuter } from "./placeholders.ts"

export type BoundSubquery = {
  readonly relation: Relation
  readonly byte: number | null
} & (
  | { readonly kind: "scalar" }
  | { readonly kind: "exists" }
  | {
      readonly kind: "any" | "all"
      readonly operator: string
      /** Left sides over the rows of the query around, as outer references. */
      readonly tests: readonly Bound[]
    }
)

/** A condition of WHERE that rows have (semi) or lack (anti) a partner among the subquery's rows. */
export interface Quantified {
  readonly type: "semi" | "anti"
  readonly relation: Relation
  /** What makes a partner, besides what ties the subquery: over its columns and outer ones. */
  readonly conditions: readonly Expression[]
  readonly byte: number | null
}

export class SubqueryCollector implements Binder<SubLink> {
  readonly found: BoundSubquery[] = []
  readonly #from: FromContext

  constructor(from: FromContext) {
    this.#from = from
  }

  /** Its value, put beside the rows later. */
  bind(link: SubLink, context: ExpressionContext): Bound {
    return this.#value(this.#bindLink(link, context))
  }

  /** A whole condition of WHERE; null when it is none of this kind. */
  quantify(node: Node, context: ExpressionContext): Quantified | Bound | null {
    const negated = "BoolExpr" in node && node.BoolExpr.boolop === "NOT_EXPR"
    const inner = negated ? node.BoolExpr.args?.[0] : node
    if (inner === undefined || !("SubLink" in inner) || inner.SubLink.subLinkType === "EXPR_SUBLINK")
      return null
    const bound = this.#bindLink(inner.SubLink, context)
    // One row whatever there is: its value is compared, since no partner does not mean no row.
    if (bound.relation.emptyValues !== undefined && (bound.relation.correlation ?? []).length > 0) {
      const value = this.#value(bound)
      return negated ? applyOperator("not", [value], value.byte) : value
    }
    return quantified(bound, negated)
  }

  #bindLink(link: SubLink, context: ExpressionContext): BoundSubquery {
    const byte = link.location ?? null
    const { subselect, subLinkType } = link
    assert(subselect !== undefined && "SelectStmt" in subselect, "a subquery is a SELECT")
    if (subLinkType === "ARRAY_SUBLINK") throw new Refused(unsupported("array"), byte)
    const tests = testsOf(link).map((node) => asTest(context.bind(node, context)))
    const select = subLinkType === "EXISTS_SUBLINK" ? anyRow(subselect.SelectStmt) : subselect.SelectStmt
    const relation = this.#from.bindQuery(select, { ...this.#from, outer: context.scope })
    if (subLinkType === "EXISTS_SUBLINK") return { kind: "exists", relation, byte }
    const wanted = Math.max(1, tests.length)
    if (relation.columns.length !== wanted) {
      throw new Refused(findings.subqueryColumns(relation.columns.length, wanted), byte)
    }
    if (subLinkType === "EXPR_SUBLINK") return { kind: "scalar", relation, byte }
    const operator = names(link.operName).at(-1) ?? "="
    const kind = subLinkType === "ALL_SUBLINK" ? "all" : "any"
    if (tests.length > 1 && operator !== (kind === "any" ? "=" : "<>")) {
      throw new Refused(findings.subqueryForm(`comparing rows by ${operator} ${kind.toUpperCase()}`), byte)
    }
    return { kind, operator, tests, relation, byte }
  }

  #value(subquery: BoundSubquery): Bound {
    const { relation, byte } = subquery
    const number = this.found.push(subquery) - 1
    const column = subquery.kind === "scalar" ? relation.node.columns[relation.columns[0]!.index]! : null
    const described = column ?? { name: subquery.kind, type: BOOLEAN, nullable: subquery.kind !== "exists" }
    return typed(
      placeholder("subquery", number, { ...described, nullable: described.nullable || column !== null }),
      byte,
    )
  }
}

/** EXISTS asks for one row: LIMIT 1 or more says nothing new. */
function anyRow(select: SelectStmt): SelectStmt {
  const { limitCount, limitOffset, sortClause: _, ...rest } = select
  const count =
    limitCount !== undefined && "A_Const" in limitCount ? limitCount.A_Const.ival?.ival : undefined
  return limitOffset === undefined && count !== undefined && count > 0 ? rest : select
}

function testsOf({ testexpr }: SubLink): readonly Node[] {
  if (testexpr === undefined) return []
  return "RowExpr" in testexpr ? (testexpr.RowExpr.args ?? []) : [testexpr]
}

function asTest(bound: Bound): Bound {
  if (bound.kind === "untyped") return bound
  const { expression, byte } = bound
  if (readsOuter(expression))
    throw new Refused(findings.outerPlace("it", "the left side of IN, ANY and ALL"), byte)
  if (numbersIn("subquery", expression).length > 0) {
    throw new Refused(findings.subqueryForm("a subquery compared with a subquery"), byte)
  }
  return typed(asOuter(expression), byte)
}

function quantified(subquery: BoundSubquery, negated: boolean): Quantified {
  const { relation, byte } = subquery
  switch (subquery.kind) {
    case "exists":
      return { type: negated ? "anti" : "semi", relation, conditions: [], byte }
    case "any":
    case "all": {
      const isAny = subquery.kind === "any" || isDifferentFromAll(subquery)
      const pairs = comparisons(isAny && subquery.kind === "all" ? { ...subquery, operator: "=" } : subquery)
      const not = negated !== (subquery.kind === "all" && isAny)
      if (!isAny) {
        const conditions = [asked(not ? "is false" : "is not true", pairs)]
        return { type: not ? "semi" : "anti", relation, conditions, byte }
      }
      if (!not) return { type: "semi", relation, conditions: pairs, byte }
      const known = pairs.every(({ nullable }) => !nullable)
      return { type: "anti", relation, conditions: known ? pairs : [asked("is not false", pairs)], byte }
    }
    default:
      throw new Error("a value is no condition of its own")
  }
}

/** x <> ALL (S) is NOT x = ANY (S). */
export function isDifferentFromAll({
  kind,
  operator,
}: BoundSubquery & { readonly kind: "any" | "all" }): boolean {
  return kind === "all" && operator === "<>"
}

/** What is compared, column by column: left sides with the subquery's columns. */
export function comparisons({
  operator,
  tests,
  relation,
  byte,
}: BoundSubquery & { readonly kind: "any" | "all" }): readonly Expression[] {
  return tests.map((test, i) => {
    const { index } = relation.columns[i]!
    const column: Expression = { kind: "column", index, ...relation.node.columns[index]! }
    return demand(applyOperator(operator, [test, typed(column, byte)], byte), BOOLEAN, "the comparison")
  })
}

function asked(test: string, conditions: readonly Expression[]): Expression {
  const nullable = conditions.some((condition) => condition.nullable)
  const all: Expression =
    conditions.length === 1 ? conditions[0]! : { kind: "and", args: conditions, type: BOOLEAN, nullable }
  return settle(applyOperator(test, [typed(all, null)], null))
}
