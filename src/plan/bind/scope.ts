/** Names of FROM: which column `a`, `t.a`, `*` and `t.*` mean, here or in the query around a subquery. */
import type { Node } from "libpg-query"
import type { ColumnReference } from "../../expr/expression.ts"
import { nearestName } from "../../expr/nearest-name.ts"
import { findings, Refused } from "../errors.ts"
import { names } from "../sql/tree.ts"
import { unsupported } from "../unsupported.ts"
import type { VisibleColumn } from "./context.ts"
import type { FromRows } from "./from-rows.ts"
import { placeholder } from "./placeholders.ts"

export interface Scope {
  readonly rows: FromRows
  /** Aliases of the SELECT list, for better messages only. */
  readonly aliases: readonly string[]
  /** Names of the query around this one; null where there is none, or where it cannot be seen. */
  readonly outer: Scope | null
}

interface Place {
  readonly byte: number | null
  readonly clause: string
}

interface Path {
  readonly qualifier: string | null
  readonly name: string
}

/** @throws Refused unknown-column, unknown-qualifier, ambiguous-column, outer-too-far */
export function resolveColumn(scope: Scope, fields: readonly Node[], place: Place): ColumnReference {
  const path = names(fields)
  if (fields.some((field) => "A_Star" in field)) throw new Refused(unsupported("row", "*"), place.byte)
  if (path.length > 2) throw new Refused(unsupported("schema", path.join(".")), place.byte)
  const [qualifier, name] = path.length === 2 ? [path[0]!, path[1]!] : [null, path[0] ?? ""]
  const own = find(scope, { qualifier, name }, place.byte)
  if (own !== null) return own
  const around = scope.outer === null ? null : find(scope.outer, { qualifier, name }, place.byte)
  if (around !== null) return placeholder("outer", around.index, around)
  for (let far = scope.outer?.outer ?? null; far !== null; far = far.outer) {
    if (find(far, { qualifier, name }, place.byte) !== null)
      throw new Refused(findings.outerTooFar(name), place.byte)
  }
  throw new Refused(notFound(scope, { qualifier, name }, place.clause), place.byte)
}

/** Null when neither this query has such a column nor a name that would hide an outer one. */
function find({ rows }: Scope, { qualifier, name }: Path, byte: number | null): ColumnReference | null {
  const item = qualifier === null ? rows : rows.items.find((each) => each.name === qualifier)
  const found = (item?.columns ?? []).filter((column) => column.name === name)
  if (found.length > 1) throw new Refused(findings.ambiguousColumn(name, qualified(rows, name)), byte)
  return found[0] === undefined ? null : referTo(rows, found[0])
}

/** @throws Refused unknown-qualifier */
export function starColumns(
  scope: Scope,
  fields: readonly Node[],
  byte: number | null,
): readonly { readonly name: string; readonly reference: ColumnReference }[] {
  const path = names(fields)
  const { rows } = scope
  if (path.length > 1) throw new Refused(unsupported("schema", path.join(".")), byte)
  const item = path[0] === undefined ? rows : rows.items.find(({ name }) => name === path[0])
  if (item === undefined) throw new Refused(unknownQualifier(scope, path[0]!), byte)
  return item.columns.map((column) => ({ name: column.name, reference: referTo(rows, column) }))
}

export function hasColumn({ rows }: Scope, name: string): boolean {
  return rows.columns.some((column) => column.name === name)
}

export function referTo({ node }: Pick<FromRows, "node">, { index }: VisibleColumn): ColumnReference {
  const { name, type, nullable } = node.columns[index]!
  return { kind: "column", index, name, type, nullable }
}

function qualified({ items }: FromRows, name: string): readonly string[] {
  const holders = items.filter(({ columns }) => columns.filter((column) => column.name === name).length === 1)
  return holders.map((item) => `${item.name}.${name}`)
}

function unknownQualifier(scope: Scope, qualifier: string) {
  const known: string[] = []
  for (let each: Scope | null = scope; each !== null; each = each.outer) {
    known.push(...each.rows.items.map(({ name }) => name))
  }
  const near = nearestName(qualifier, known) ?? (known.length === 1 ? known[0]! : null)
  return findings.unknownQualifier(qualifier, near, known)
}

function notFound(scope: Scope, { qualifier, name }: Path, clause: string) {
  const { items, columns } = scope.rows
  const item = items.find((each) => each.name === qualifier)
  if (qualifier !== null && item === undefined) return unknownQualifier(scope, qualifier)
  if (qualifier === null && items.some((each) => each.name === name)) return unsupported("row", name)
  if (qualifier === null && scope.aliases.includes(name)) return findings.aliasNotVisible(name, clause)
  const known = [...new Set((item?.columns ?? columns).map((column) => column.name))]
  const where =
    item?.name ?? (items.length === 1 ? items[0]!.name : items.length === 0 ? "the subquery" : "FROM")
  return findings.unknownColumn(name, where, nearestName(name, known), known)
}
