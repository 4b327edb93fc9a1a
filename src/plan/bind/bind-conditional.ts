/** AND, OR, NOT, CASE, COALESCE, GREATEST and LEAST. */
import type { BoolExpr, CaseExpr, CoalesceExpr, MinMaxExpr, Node } from "libpg-query"
import type { LogicalType } from "../../columns/types.ts"
import { BOOLEAN } from "../../columns/types.ts"
import type { Expression } from "../../expr/expression.ts"
import { commonType, resolveFunction } from "../../expr/resolve.ts"
import { assert } from "../../std/assert.ts"
import { findings, Refused } from "../errors.ts"
import { applyOperator } from "./bind-operator.ts"
import type { Bound } from "./bound.ts"
import { coerce, constantOf, demand, settle, typed, typeOf, typeText } from "./bound.ts"
import type { ExpressionContext } from "./expression-context.ts"
import { makeCall } from "./expression-context.ts"

export function bindLogic({ boolop, args = [], location }: BoolExpr, context: ExpressionContext): Bound {
  const byte = location ?? null
  const word = boolop === "AND_EXPR" ? "AND" : boolop === "OR_EXPR" ? "OR" : "NOT"
  const operands = args.map((arg) =>
    demand(context.bind(arg, context), BOOLEAN, `what ${word} is applied to`),
  )
  if (word === "NOT")
    return applyOperator(
      "not",
      operands.map((operand) => typed(operand, byte)),
      byte,
    )
  const nullable = operands.some((operand) => operand.nullable)
  return typed({ kind: word === "AND" ? "and" : "or", args: operands, type: BOOLEAN, nullable }, byte)
}

/** `CASE x WHEN a` is CASE WHEN x = a. */
export function bindCase(expression: CaseExpr, context: ExpressionContext): Bound {
  const byte = expression.location ?? null
  const bind = (node: Node) => context.bind(node, context)
  const subject = expression.arg === undefined ? null : bind(expression.arg)
  const compared = subject?.kind === "untyped" ? typed(settle(subject), subject.byte) : subject
  const branches = (expression.args ?? []).map((node) => {
    assert("CaseWhen" in node && node.CaseWhen.expr && node.CaseWhen.result, "CASE holds WHEN … THEN …")
    const condition = bind(node.CaseWhen.expr)
    const test = compared === null ? condition : applyOperator("=", [compared, condition], condition.byte)
    return { when: demand(test, BOOLEAN, "WHEN"), result: bind(node.CaseWhen.result) }
  })
  const otherwise: Bound =
    expression.defresult === undefined ? { kind: "untyped", text: null, byte } : bind(expression.defresult)
  const type = common("CASE", [otherwise, ...branches.map((branch) => branch.result)], byte)
  const coerced = branches.map(({ when, result }) => ({ when, then: coerce(result, type) }))
  const last = coerce(otherwise, type)
  const nullable = last.nullable || coerced.some((branch) => branch.then.nullable)
  return typed({ kind: "case", branches: coerced, otherwise: last, type, nullable }, byte)
}

export function bindCoalesce({ args = [], location }: CoalesceExpr, context: ExpressionContext): Bound {
  const byte = location ?? null
  const bounds = args.map((arg) => context.bind(arg, context))
  const type = common("COALESCE", bounds, byte)
  const coerced: Expression[] = bounds.map((bound) => coerce(bound, type))
  const nullable = coerced.every((arg) => arg.nullable)
  return typed({ kind: "coalesce", args: coerced, type, nullable }, byte)
}

export function bindGreatest({ op, args = [], location }: MinMaxExpr, context: ExpressionContext): Bound {
  const byte = location ?? null
  const name = op === "IS_LEAST" ? "least" : "greatest"
  const bounds = args.map((arg) => context.bind(arg, context))
  const resolution = resolveFunction(name, bounds.map(typeOf), bounds.map(constantOf))
  return makeCall({ name, resolution, args: bounds, byte })
}

/** @throws Refused type-mismatch, naming the first two types that do not go together */
function common(what: string, bounds: readonly Bound[], byte: number | null): LogicalType {
  const type = commonType(bounds.map(typeOf), bounds.map(constantOf))
  if (type !== null) return type
  const known = bounds.filter((bound) => bound.kind === "typed")
  for (const [i, bound] of known.entries()) {
    const earlier = known.slice(0, i).find((other) => commonType([typeOf(other), typeOf(bound)]) === null)
    if (earlier === undefined) continue
    throw new Refused(findings.noCommonType(what, typeText(earlier), typeText(bound)), bound.byte ?? byte)
  }
  const [a, b] = [typeText(known[0]!), typeText(known.at(-1)!)]
  throw new Refused(findings.noCommonType(what, a, b), byte)
}
