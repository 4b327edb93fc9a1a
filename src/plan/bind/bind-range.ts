/**
 * IN and BETWEEN, as PostgreSQL takes them apart: BETWEEN is two comparisons, each with its own types; IN
 * compares with its constants in their common type and with everything else one by one. Only where all types
 * agree is it one call of the catalogue. (bigint BETWEEN 1 AND float8 must not compare as floats with 1.)
 */
import type { LogicalType } from "../../columns/types.ts"
import { BOOLEAN } from "../../columns/types.ts"
import { commonType } from "../../expr/resolve.ts"
import { columnReferences } from "../expressions/walk.ts"
import type { Bound } from "./bound.ts"
import { demand, typed, typeOf } from "./bound.ts"

/** Applies one operator of the catalogue. */
export type Apply = (operator: string, args: readonly Bound[]) => Bound

interface Range {
  readonly value: Bound
  readonly items: readonly Bound[]
  readonly negated: boolean
  readonly byte: number | null
}

export function bindIn({ value, items, negated, byte }: Range, apply: Apply): Bound {
  const constants = items.filter(isConstant)
  const others = items.filter((item) => !isConstant(item))
  const together = constants.length > 1 && commonType([value, ...constants].map(typeOf)) !== null
  const each = (together ? others : items).map((item) => apply(negated ? "<>" : "=", [value, item]))
  const tests = together ? [apply(negated ? "not in" : "in", [value, ...constants]), ...each] : each
  return combine(negated ? "and" : "or", tests, byte)
}

export function bindBetween({ value, items, negated, byte }: Range, apply: Apply): Bound {
  const [low, high] = items as [Bound, Bound]
  if (oneKind([value, low, high])) return apply(negated ? "not between" : "between", [value, low, high])
  return negated
    ? combine("or", [apply("<", [value, low]), apply(">", [value, high])], byte)
    : combine("and", [apply(">=", [value, low]), apply("<=", [value, high])], byte)
}

/** BETWEEN SYMMETRIC takes its bounds in either order. */
export function bindSymmetric(range: Range, apply: Apply): Bound {
  const [low, high] = range.items as [Bound, Bound]
  const both = [
    [low, high],
    [high, low],
  ].map((items) => bindBetween({ ...range, items }, apply))
  return combine(range.negated ? "and" : "or", both, range.byte)
}

function isConstant(bound: Bound): boolean {
  return bound.kind === "untyped" || columnReferences(bound.expression).length === 0
}

/** True when the value has a type and nothing it is compared with has another; untyped literals take it. */
function oneKind(bounds: readonly Bound[]): boolean {
  if (bounds[0]?.kind === "untyped") return false
  const known = bounds.map(typeOf).filter((type): type is LogicalType => type !== "unknown")
  return new Set(known.map(({ kind }) => kind)).size === 1
}

function combine(kind: "and" | "or", tests: readonly Bound[], byte: number | null): Bound {
  const args = tests.map((test) => demand(test, BOOLEAN, "a comparison"))
  if (args.length === 1) return typed(args[0]!, byte)
  return typed({ kind, args, type: BOOLEAN, nullable: args.some((arg) => arg.nullable) }, byte)
}
