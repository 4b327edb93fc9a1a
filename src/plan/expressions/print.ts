/** Expressions as people read them, close to SQL. For messages and explain only; nothing parses it. */
import type { Interval, Scalar } from "../../columns/types.ts"
import { typeName } from "../../columns/types.ts"
import type { AggregateCall, Expression, OverCall, SortTerm } from "../../expr/expression.ts"
import { assertNever } from "../../std/assert.ts"
import { durationText } from "../duration-text.ts"

const INFIX: Readonly<Record<string, string>> = {
  eq: "=",
  ne: "<>",
  lt: "<",
  lte: "<=",
  gt: ">",
  gte: ">=",
  add: "+",
  subtract: "-",
  multiply: "*",
  divide: "/",
  modulo: "%",
  append: "||",
}

export function printExpression(expression: Expression): string {
  switch (expression.kind) {
    case "column":
      return expression.name
    case "literal":
      return printLiteral(expression.value, typeName(expression.type))
    case "cast":
      return `${printExpression(expression.input)}::${typeName(expression.type)}`
    case "call":
      return printCall(expression.signature, expression.args.map(printExpression))
    case "and":
    case "or":
      return `(${expression.args.map(printExpression).join(` ${expression.kind} `)})`
    case "coalesce":
      return `coalesce(${expression.args.map(printExpression).join(", ")})`
    case "case": {
      const branches = expression.branches.map(
        ({ when, then }) => `when ${printExpression(when)} then ${printExpression(then)}`,
      )
      return `case ${branches.join(" ")} else ${printExpression(expression.otherwise)} end`
    }
    default:
      return assertNever(expression)
  }
}

export function printAggregate(call: AggregateCall): string {
  const { name, argument, other, distinct, filter, order, constant } = call
  const over = argument === null ? "*" : printExpression(argument)
  const beside = other === undefined ? "" : `, ${printExpression(other)}`
  const given = constant === undefined ? "" : `, ${printConstant(constant)}`
  const sorted = order === undefined ? "" : ` order by ${order.map(printTerm).join(", ")}`
  const where = filter === undefined ? "" : ` filter (where ${printExpression(filter)})`
  return `${name}(${distinct ? "distinct " : ""}${over}${beside}${given}${sorted})${where}`
}

const printConstant = (value: string | number): string =>
  typeof value === "string" ? printLiteral(value, "string") : String(value)

function printTerm({ expression, descending, nullsFirst }: SortTerm): string {
  const nulls = nullsFirst === descending ? "" : nullsFirst ? " nulls first" : " nulls last"
  return `${printExpression(expression)}${descending ? " desc" : ""}${expression.nullable ? nulls : ""}`
}

export function printOver({ name, args }: OverCall): string {
  return `${name}(${args.map(printExpression).join(", ")})`
}

function printCall(signature: string, args: readonly string[]): string {
  const name = signature.slice(0, signature.indexOf("("))
  const symbol = Object.hasOwn(INFIX, name) ? INFIX[name] : undefined
  return symbol !== undefined && args.length === 2
    ? `(${args[0]} ${symbol} ${args[1]})`
    : `${name}(${args.join(", ")})`
}

function printLiteral(value: Scalar, type: string): string {
  if (value === null) return "null"
  if (typeof value === "string") return `'${value.replaceAll("'", "''")}'`
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (typeof value === "object") return printInterval(value)
  const scale = /^decimal\(\d+,(\d+)\)$/.exec(type)?.[1]
  if (typeof value === "bigint" && scale !== undefined) return withPoint(value, Number(scale))
  return type === "int32" || type === "int64" || type === "float64" || type === "boolean"
    ? String(value)
    : `${type}(${value})`
}

function printInterval({ months, days, micros }: Interval): string {
  const parts = [
    months === 0 ? "" : `${months} month${months === 1 ? "" : "s"}`,
    days === 0 ? "" : `${days} day${days === 1 ? "" : "s"}`,
    micros === 0n ? "" : durationText(micros),
  ].filter((part) => part !== "")
  return `interval '${parts.length === 0 ? "0 seconds" : parts.join(" ")}'`
}

function withPoint(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0")
  const point = digits.length - scale
  const places = scale === 0 ? "" : `.${digits.slice(point)}`
  return `${unscaled < 0n ? "-" : ""}${digits.slice(0, point)}${places}`
}
