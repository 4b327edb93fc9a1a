/**
 * Every function and operator a view's SQL can use: the entries of all families, found by name or signature.
 */
import { assert } from "../../std/assert.ts"
import { arithmetic } from "./arithmetic.ts"
import { comparison } from "./comparison.ts"
import type { CatalogueEntry } from "./entry.ts"
import { json } from "./json.ts"
import { text } from "./text.ts"
import { time } from "./time.ts"

export const CATALOGUE: readonly CatalogueEntry[] = [...comparison, ...arithmetic, ...text, ...time, ...json]

const bySignature = new Map<string, CatalogueEntry>()
const byName = new Map<string, CatalogueEntry[]>()
for (const entry of CATALOGUE) {
  assert(!bySignature.has(entry.signature), `${entry.signature} is in the catalogue once`)
  bySignature.set(entry.signature, entry)
  const key = nameKey(entry.kind, entry.name)
  byName.set(key, [...(byName.get(key) ?? []), entry])
}

function nameKey(kind: CatalogueEntry["kind"], name: string): string {
  return `${kind} ${name}`
}

/** Overloads of a name, in the order of the catalogue; empty when there is none. */
export function overloads(kind: CatalogueEntry["kind"], name: string): readonly CatalogueEntry[] {
  return byName.get(nameKey(kind, name)) ?? []
}

/** The overload that a plan names, or undefined when this version does not have it. */
export function entryOf(signature: string): CatalogueEntry | undefined {
  return bySignature.get(signature)
}

export function functionNames(): readonly string[] {
  return [...new Set(CATALOGUE.filter((entry) => entry.kind === "function").map((entry) => entry.name))]
}
