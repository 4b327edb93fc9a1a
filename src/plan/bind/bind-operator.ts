/** Operators: symbols, LIKE, BETWEEN, IN, IS NULL, IS DISTINCT FROM, IS TRUE, NULLIF. */
import type { A_Expr, BooleanTest, Node, NullTest } from "libpg-query"
import { resolveFunction, resolveOperator } from "../../expr/resolve.ts"
import { assert } from "../../std/assert.ts"
import { Refused } from "../errors.ts"
import { names, startOf } from "../sql/tree.ts"
import { unsupported } from "../unsupported.ts"
import { bindBetween, bindIn, bindSymmetric } from "./bind-range.ts"
import type { Bound } from "./bound.ts"
import { castTo, constantOf, settle, typed, typeOf } from "./bound.ts"
import type { ExpressionContext } from "./expression-context.ts"
import { makeCall } from "./expression-context.ts"

export function bindOperator(expression: A_Expr, context: ExpressionContext): Bound {
  const byte = expression.location ?? null
  switch (expression.kind) {
    case "AEXPR_OP":
      return applyOperator(operatorName(expression), operands(expression, context), byte)
    case "AEXPR_DISTINCT":
      return applyOperator("is distinct from", operands(expression, context), byte)
    case "AEXPR_NOT_DISTINCT":
      return applyOperator("is not distinct from", operands(expression, context), byte)
    case "AEXPR_LIKE":
    case "AEXPR_ILIKE":
      return bindLike(expression, context)
    case "AEXPR_IN":
    case "AEXPR_BETWEEN":
    case "AEXPR_NOT_BETWEEN":
    case "AEXPR_BETWEEN_SYM":
    case "AEXPR_NOT_BETWEEN_SYM":
      return bindRange(expression, context)
    case "AEXPR_NULLIF":
      return bindNullif(operands(expression, context), byte)
    case "AEXPR_SIMILAR":
      throw new Refused(unsupported("similar-to"), byte)
    case "AEXPR_OP_ANY":
    case "AEXPR_OP_ALL":
      throw new Refused(unsupported("any-all"), byte)
    default:
      throw new Refused(unsupported("expression"), byte)
  }
}

/** Resolves and applies one operator of the catalogue. */
export function applyOperator(name: string, args: readonly Bound[], byte: number | null): Bound {
  const resolution = resolveOperator(name, args.map(typeOf), args.map(constantOf))
  return makeCall({ name, resolution, args, byte })
}

function operatorName({ name, location }: A_Expr): string {
  const path = names(name)
  if (path.length > 1 && path[0] !== "pg_catalog") {
    throw new Refused(unsupported("operator-schema"), location ?? null)
  }
  return path.at(-1) ?? ""
}

/** Left side, then the right side or its list. */
function operands(expression: A_Expr, context: ExpressionContext): Bound[] {
  const { lexpr, rexpr } = expression
  const right = rexpr !== undefined && "List" in rexpr ? (rexpr.List.items ?? []) : rexpr ? [rexpr] : []
  const nodes: readonly Node[] = lexpr === undefined ? right : [lexpr, ...right]
  return nodes.map((node) => context.bind(node, context))
}

function bindLike(expression: A_Expr, context: ExpressionContext): Bound {
  const byte = expression.location ?? null
  const symbol = names(expression.name)[0] ?? ""
  const { lexpr, rexpr } = expression
  const escaped = rexpr !== undefined && "FuncCall" in rexpr ? rexpr.FuncCall : null
  if (escaped === null || names(escaped.funcname).at(-1) !== "like_escape") {
    return applyOperator(symbol, operands(expression, context), byte)
  }
  assert(lexpr !== undefined, "LIKE has a left side")
  const args = [lexpr, ...(escaped.args ?? [])].map((node) => context.bind(node, context))
  const word = `${symbol.startsWith("!") ? "not " : ""}${symbol.endsWith("*") ? "ilike" : "like"}`
  return applyOperator(`${word} escape`, args, byte)
}

/** Kinds that PostgreSQL compares without casting either side. */
const COMPARED_AS_THEY_ARE = [new Set(["int32", "int64"]), new Set(["date", "timestamp"])]

/** NULLIF gives its left side as its `=` takes it: in the common type, unless an `=` takes both uncast. */
function bindNullif(args: readonly Bound[], byte: number | null): Bound {
  const resolution = resolveFunction("nullif", args.map(typeOf), args.map(constantOf))
  const call = makeCall({ name: "nullif", resolution, args, byte })
  const [left, right] = args.map(typeOf)
  if (left === undefined || left === "unknown" || right === undefined || right === "unknown") return call
  const uncast = COMPARED_AS_THEY_ARE.some((kinds) => kinds.has(left.kind) && kinds.has(right.kind))
  return uncast ? typed(castTo(settle(call), left), byte) : call
}

function bindRange(expression: A_Expr, context: ExpressionContext): Bound {
  const byte = expression.location ?? null
  const [value, ...items] = operands(expression, context)
  assert(value !== undefined, "IN and BETWEEN have a left side")
  const apply = (operator: string, args: readonly Bound[]) => applyOperator(operator, args, byte)
  const isIn = expression.kind === "AEXPR_IN"
  const negated = isIn ? names(expression.name)[0] === "<>" : names(expression.name)[0]!.startsWith("NOT")
  const range = { value, items, negated, byte }
  if (isIn) return bindIn(range, apply)
  return expression.kind?.endsWith("_SYM") ? bindSymmetric(range, apply) : bindBetween(range, apply)
}

export function bindNullTest({ arg, nulltesttype }: NullTest, context: ExpressionContext): Bound {
  assert(arg !== undefined, "IS NULL has an operand")
  const operator = nulltesttype === "IS_NULL" ? "is null" : "is not null"
  return applyOperator(operator, [context.bind(arg, context)], startOf(arg))
}

/** IS_NOT_TRUE -> "is not true". */
export function bindBooleanTest({ arg, booltesttype }: BooleanTest, context: ExpressionContext): Bound {
  assert(arg !== undefined && booltesttype !== undefined, "IS TRUE has an operand")
  const operator = booltesttype.toLowerCase().replaceAll("_", " ")
  return applyOperator(operator, [context.bind(arg, context)], startOf(arg))
}
