/** Names of one FROM item: which column `a`, `t.a`, `*` and `t.*` mean. */
import type { Node } from "libpg-query"
import type { ColumnReference } from "../../expr/expression.ts"
import { nearestName } from "../../expr/nearest-name.ts"
import { findings, Refused } from "../errors.ts"
import { names } from "../sql/tree.ts"
import { unsupported } from "../unsupported.ts"
import type { Relation, VisibleColumn } from "./context.ts"

export interface Scope {
  readonly relation: Relation
  /** What qualifies its columns; null for a subquery without an alias. */
  readonly name: string | null
  /** Aliases of the SELECT list, for better messages only. */
  readonly aliases: readonly string[]
}

/** @throws Refused unknown-column, unknown-source, ambiguous-column */
export function resolveColumn(
  scope: Scope,
  fields: readonly Node[],
  place: { readonly byte: number | null; readonly clause: string },
): ColumnReference {
  const path = names(fields)
  if (fields.some((field) => "A_Star" in field)) throw new Refused(unsupported("row", "*"), place.byte)
  if (path.length > 2) throw new Refused(unsupported("schema", path.join(".")), place.byte)
  const [qualifier, name] = path.length === 2 ? [path[0]!, path[1]!] : [null, path[0] ?? ""]
  if (qualifier !== null) checkQualifier(scope, qualifier, place.byte)
  const found = scope.relation.columns.filter((column) => column.name === name)
  if (found.length > 1) throw new Refused(findings.ambiguousColumn(name), place.byte)
  if (found[0] === undefined) throw new Refused(notFound(scope, name, qualifier, place.clause), place.byte)
  return referTo(scope, found[0])
}

/** @throws Refused unknown-source */
export function starColumns(
  scope: Scope,
  fields: readonly Node[],
  byte: number | null,
): readonly { readonly name: string; readonly reference: ColumnReference }[] {
  const path = names(fields)
  if (path.length > 1) throw new Refused(unsupported("schema", path.join(".")), byte)
  if (path[0] !== undefined) checkQualifier(scope, path[0], byte)
  return scope.relation.columns.map((column) => ({ name: column.name, reference: referTo(scope, column) }))
}

export function hasColumn(scope: Scope, name: string): boolean {
  return scope.relation.columns.some((column) => column.name === name)
}

function referTo(scope: Scope, { index }: VisibleColumn): ColumnReference {
  const { name, type, nullable } = scope.relation.node.columns[index]!
  return { kind: "column", index, name, type, nullable }
}

function checkQualifier(scope: Scope, qualifier: string, byte: number | null): void {
  if (qualifier !== scope.name) throw new Refused(findings.unknownQualifier(qualifier, scope.name), byte)
}

function notFound(scope: Scope, name: string, qualifier: string | null, clause: string) {
  if (qualifier === null && name === scope.name) return unsupported("row", name)
  if (qualifier === null && scope.aliases.includes(name)) return findings.aliasNotVisible(name, clause)
  const known = [...new Set(scope.relation.columns.map((column) => column.name))]
  return findings.unknownColumn(name, scope.name ?? "the subquery", nearestName(name, known), known)
}
