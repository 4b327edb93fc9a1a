/** CAST, :: and typed literals such as DATE '2001-01-01'. */
import type { Node, TypeCast, TypeName } from "libpg-query"
import { typeName } from "../../columns/types.ts"
import { decimalFor } from "../../expr/decimal-types.ts"
import { castAllowed } from "../../expr/resolve.ts"
import { assert } from "../../std/assert.ts"
import { findings, Refused } from "../errors.ts"
import { startOf } from "../sql/tree.ts"
import type { Bound } from "./bound.ts"
import { castTo, parseUntyped, typed, typeOf } from "./bound.ts"
import { intervalText, namedType } from "./type-names.ts"

/** `bindInner` binds what is cast. */
export function bindCast(cast: TypeCast, bindInner: (node: Node) => Bound): Bound {
  assert(cast.arg !== undefined && cast.typeName !== undefined, "a cast has a value and a type")
  const byte = startOf(cast)
  const named = namedType(cast.typeName)
  const bound = bindInner(cast.arg)
  if (bound.kind === "untyped") return bindTypedLiteral(bound, named, cast.typeName)
  const { expression } = bound
  if (named !== "numeric" && named.kind === "interval") intervalText("1", cast.typeName)
  const type = named === "numeric" ? decimalFor(typeOf(bound)) : named
  if (!castAllowed(expression.type, type, "explicit")) {
    throw new Refused(findings.castNotAllowed(typeName(expression.type), typeName(type)), byte)
  }
  // An instant and what a clock in UTC shows are one value.
  const sameTime = expression.type.kind === "timestamp" && type.kind === "timestamp"
  return typed(sameTime ? { ...expression, type } : castTo(expression, type), byte)
}

function bindTypedLiteral(
  bound: Bound & { kind: "untyped" },
  named: ReturnType<typeof namedType>,
  name: TypeName,
): Bound {
  const type = named === "numeric" ? decimalFor("unknown", bound.text) : named
  const isInterval = type.kind === "interval" && bound.text !== null
  const text = isInterval ? intervalText(bound.text, name) : bound.text
  return typed(parseUntyped({ text, byte: bound.byte }, type), bound.byte)
}
