/**
 * PostgreSQL's choice among overloads: func_match_argtypes and func_select_candidate of
 * src/backend/parser/parse_func.c. Each step keeps the candidates that do best and ends when one is left.
 */
import type { LogicalType, TypeKind } from "../../columns/types.ts"
import { castAllowed, categoryOf, isPreferred } from "../type-rules.ts"
import type { ArgumentType, CatalogueEntry } from "./entry.ts"

export type Choice =
  | { readonly kind: "one"; readonly entry: CatalogueEntry }
  | { readonly kind: "many" }
  | { readonly kind: "none" }

interface Candidate {
  readonly entry: CatalogueEntry
  readonly kinds: readonly TypeKind[]
}

/** Entries that take `any` are left to the caller. */
export function selectCandidate(entries: readonly CatalogueEntry[], args: readonly ArgumentType[]): Choice {
  const matching = entries.flatMap((entry) => {
    const kinds = expand(entry, args.length)
    return kinds?.every((kind, i) => accepts(kind, args[i]!)) ? [{ entry, kinds }] : []
  })
  if (matching.length === 0) return { kind: "none" }
  const steps = [mostExact, mostPreferred, byLiteralCategory, byKnownType]
  let left: readonly Candidate[] = matching
  for (const step of steps) {
    if (left.length === 1) break
    left = step(left, args)
  }
  return left.length === 1 ? { kind: "one", entry: left[0]!.entry } : { kind: "many" }
}

function expand(entry: CatalogueEntry, count: number): readonly TypeKind[] | null {
  const { parameters, variadic } = entry
  if (parameters.includes("any") || count < parameters.length) return null
  if (!variadic) return count === parameters.length ? (parameters as TypeKind[]) : null
  return Array.from({ length: count }, (_, i) => parameters[Math.min(i, parameters.length - 1)] as TypeKind)
}

function accepts(kind: TypeKind, arg: ArgumentType): boolean {
  return arg === "unknown" || castAllowed(arg, { kind } as LogicalType, "implicit")
}

function keepBest(
  candidates: readonly Candidate[],
  score: (candidate: Candidate) => number,
): readonly Candidate[] {
  const best = Math.max(...candidates.map(score))
  return candidates.filter((candidate) => score(candidate) === best)
}

function mostExact(candidates: readonly Candidate[], args: readonly ArgumentType[]): readonly Candidate[] {
  return keepBest(candidates, ({ kinds }) => kinds.filter((kind, i) => isExactly(kind, args[i]!)).length)
}

function mostPreferred(
  candidates: readonly Candidate[],
  args: readonly ArgumentType[],
): readonly Candidate[] {
  return keepBest(candidates, ({ kinds }) => {
    const fits = (kind: TypeKind, i: number) =>
      args[i] !== "unknown" && (isExactly(kind, args[i]!) || isPreferred(kind))
    return kinds.filter(fits).length
  })
}

function isExactly(kind: TypeKind, arg: ArgumentType): boolean {
  return arg !== "unknown" && arg.kind === kind
}

/** At each untyped literal: string if any candidate takes one there, else the category that all agree on. */
function byLiteralCategory(
  candidates: readonly Candidate[],
  args: readonly ArgumentType[],
): readonly Candidate[] {
  const wanted: { position: number; category: string; preferred: boolean }[] = []
  for (const [position, arg] of args.entries()) {
    if (arg !== "unknown") continue
    const kinds = candidates.map((candidate) => candidate.kinds[position]!)
    const categories = new Set(kinds.map(categoryOf))
    if (categories.size > 1 && !categories.has("string")) return candidates
    const category = categories.has("string") ? "string" : categoryOf(kinds[0]!)
    const preferred = kinds.some((kind) => categoryOf(kind) === category && isPreferred(kind))
    wanted.push({ position, category, preferred })
  }
  const kept = candidates.filter(({ kinds }) =>
    wanted.every(({ position, category, preferred }) => {
      const kind = kinds[position]!
      return categoryOf(kind) === category && (!preferred || isPreferred(kind))
    }),
  )
  return kept.length > 0 ? kept : candidates
}

/** When all typed arguments share one type, untyped ones are taken for it. */
function byKnownType(candidates: readonly Candidate[], args: readonly ArgumentType[]): readonly Candidate[] {
  const known = args.filter((arg) => arg !== "unknown")
  const type = known[0]
  if (type === undefined || known.some((other) => other.kind !== type.kind)) return candidates
  const kept = candidates.filter(({ kinds }) => kinds.every((kind) => accepts(kind, type)))
  return kept.length === 1 ? kept : candidates
}
