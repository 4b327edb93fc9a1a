/**
 * A bound part of an expression: typed, or an untyped literal ('…' or NULL) that takes the type its place
 * asks for, as PostgreSQL's "unknown" does. Here is where casts become explicit.
 */
import type { LogicalType, Scalar } from "../../columns/types.ts"
import { isLocal, STRING, sameType, typeName } from "../../columns/types.ts"
import type { Expression, Literal } from "../../expr/expression.ts"
import type { ArgumentType } from "../../expr/resolve.ts"
import { castAllowed, parseLiteral } from "../../expr/resolve.ts"
import { findings, Refused } from "../errors.ts"

export type Bound =
  | { readonly kind: "typed"; readonly expression: Expression; readonly byte: number | null }
  | { readonly kind: "untyped"; readonly text: string | null; readonly byte: number | null }

export function typed(expression: Expression, byte: number | null): Bound {
  return { kind: "typed", expression, byte }
}

export function typeOf(bound: Bound): ArgumentType {
  return bound.kind === "typed" ? bound.expression.type : "unknown"
}

/** "unknown" for an untyped literal, as PostgreSQL's messages have it. */
export function typeText(bound: Bound): string {
  return bound.kind === "typed" ? typeName(bound.expression.type) : "unknown"
}

/** The value of a constant, which may settle a result's type; undefined for everything else. */
export function constantOf(bound: Bound): Scalar | undefined {
  if (bound.kind === "untyped") return bound.text
  return bound.expression.kind === "literal" ? bound.expression.value : undefined
}

export function literal(value: Scalar, type: LogicalType): Literal {
  return { kind: "literal", value, type, nullable: value === null }
}

/** An untyped literal becomes text where nothing asks for another type. */
export function settle(bound: Bound): Expression {
  return bound.kind === "typed" ? bound.expression : literal(bound.text, STRING)
}

export function castTo(input: Expression, type: LogicalType): Expression {
  if (sameType(input.type, type)) return input
  const constant = input.kind === "literal" ? castConstant(input, type) : null
  if (constant !== null) return constant
  return { kind: "cast", input: asWritten(input), type, nullable: input.nullable }
}

/**
 * For what writes a value as text: a local time says itself that it is one. A column that was cast from an
 * instant is the instant's own column, which rules may put in its place.
 */
export function asWritten(input: Expression): Expression {
  if (input.kind !== "column" || !isLocal(input.type)) return input
  return { kind: "cast", input, type: input.type, nullable: input.nullable }
}

/** Casts of constants that are exact whatever the value; null for those that need the cast's own rules. */
function castConstant({ value, type: from }: Literal, type: LogicalType): Literal | null {
  if (value === null) return literal(null, type)
  if (from.kind === "decimal" && type.kind === "decimal" && type.scale >= from.scale) {
    return scaled(value as bigint, type.scale - from.scale, type)
  }
  if (from.kind !== "int32" && from.kind !== "int64") return null
  const whole = BigInt(value as number | bigint)
  if (type.kind === "int64") return literal(whole, type)
  if (type.kind === "float64") return literal(Number(whole), type)
  return type.kind === "decimal" ? scaled(whole, type.scale, type) : null
}

/** Null when the value has too many digits for the type: the cast then fails for each row it meets. */
function scaled(value: bigint, places: number, type: LogicalType & { kind: "decimal" }): Literal | null {
  const unscaled = value * 10n ** BigInt(places)
  const limit = 10n ** BigInt(type.precision)
  return unscaled < limit && -unscaled < limit ? literal(unscaled, type) : null
}

/** For a place that a resolution has already found to take this value. */
export function coerce(bound: Bound, type: LogicalType): Expression {
  return bound.kind === "typed" ? castTo(bound.expression, type) : parseUntyped(bound, type)
}

/** @throws Refused bad-literal */
export function parseUntyped(
  { text, byte }: { readonly text: string | null; readonly byte: number | null },
  type: LogicalType,
): Literal {
  if (text === null) return literal(null, type)
  if (type.kind === "string") return literal(text, type)
  const parsed = parseLiteral(text, type)
  if ("failure" in parsed) throw new Refused(findings.badLiteral(parsed.failure), byte)
  return literal(parsed.value, type)
}

/**
 * For a clause that takes one type: WHERE, HAVING, AND, CASE WHEN. @throws Refused type-mismatch, bad-literal
 */
export function demand(bound: Bound, type: LogicalType, what: string): Expression {
  if (bound.kind === "untyped") return parseUntyped(bound, type)
  const { expression, byte } = bound
  if (!castAllowed(expression.type, type, "implicit")) {
    throw new Refused(findings.typeMismatch(what, typeName(type), typeName(expression.type)), byte)
  }
  return castTo(expression, type)
}
