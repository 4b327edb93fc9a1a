/**
 * PostgreSQL's rules about types as such: which casts exist and in which context, which type of a category is
 * preferred, and what type several values have in common (its documentation, chapter 10).
 */
import type { LogicalType, TypeKind } from "../columns/types.ts"
import { isInstant, STRING, TIMESTAMP } from "../columns/types.ts"
import type { ArgumentType, Literals } from "./catalogue/entry.ts"
import { commonDecimal, decimalFor } from "./decimal-types.ts"

export type CastContext = "implicit" | "assignment" | "explicit"

const IMPLICIT: Readonly<Partial<Record<TypeKind, readonly TypeKind[]>>> = {
  int32: ["int64", "decimal", "float64"],
  int64: ["decimal", "float64"],
  decimal: ["float64"],
  date: ["timestamp"],
}
const ASSIGNMENT: Readonly<Partial<Record<TypeKind, readonly TypeKind[]>>> = {
  int64: ["int32"],
  float64: ["int32", "int64", "decimal"],
  decimal: ["int32", "int64"],
  timestamp: ["date"],
}
/** Beyond text, which casts to and from every type explicitly. */
const EXPLICIT: Readonly<Partial<Record<TypeKind, readonly TypeKind[]>>> = {
  boolean: ["int32"],
  int32: ["boolean", "bytes"],
  int64: ["bytes"],
  bytes: ["int32", "int64"],
}

/** Whether PostgreSQL casts `from` to `to` in this context; every type casts to itself. */
export function castAllowed(from: LogicalType, to: LogicalType, context: CastContext): boolean {
  if (from.kind === to.kind || IMPLICIT[from.kind]?.includes(to.kind)) return true
  if (context === "implicit") return false
  if (ASSIGNMENT[from.kind]?.includes(to.kind) || to.kind === "string") return true
  if (context === "assignment") return false
  return from.kind === "string" || EXPLICIT[from.kind]?.includes(to.kind) === true
}

const CATEGORY: Readonly<Record<TypeKind, string>> = {
  boolean: "boolean",
  int32: "number",
  int64: "number",
  float64: "number",
  decimal: "number",
  string: "string",
  bytes: "user",
  json: "user",
  timestamp: "time",
  date: "time",
  interval: "interval",
}
const PREFERRED: ReadonlySet<TypeKind> = new Set(["boolean", "float64", "string", "timestamp", "interval"])

export const categoryOf = (kind: TypeKind): string => CATEGORY[kind]
export const isPreferred = (kind: TypeKind): boolean => PREFERRED.has(kind)

/** The type that CASE, COALESCE, UNION, VALUES and greatest settle on; null when there is none. */
export function commonType(types: readonly ArgumentType[], literals: Literals = []): LogicalType | null {
  const known = types.filter((type) => type !== "unknown")
  let chosen = known[0]
  if (chosen === undefined) return STRING
  for (const next of known.slice(1)) {
    if (next.kind === chosen.kind) continue
    if (categoryOf(next.kind) !== categoryOf(chosen.kind)) return null
    const widens = castAllowed(chosen, next, "implicit") && !castAllowed(next, chosen, "implicit")
    if (!isPreferred(chosen.kind) && widens) chosen = next
  }
  if (!known.every((type) => castAllowed(type, chosen, "implicit"))) return null
  if (chosen.kind === "timestamp" && known.some(isInstant)) return TIMESTAMP
  if (chosen.kind !== "decimal") return chosen
  return types
    .map((type, index) => decimalFor(type, literals[index]))
    .reduce((wide, type) => commonDecimal(wide, type))
}
