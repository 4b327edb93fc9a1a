/**
 * What a statement that passed the gate reads, for advice: which columns it names, its text without its
 * values, and what it groups by. Where that cannot be told for certain, it is null.
 */
import type { TableReference } from "./inspect.ts"
import type { SyntaxNode } from "./syntax-tree.ts"

export interface NamedColumns {
  /** Every name that may be a column's, also of tables and aliases; null where `*` or the like reads any. */
  readonly columns: ReadonlySet<string> | null
  /** The text with ? in place of its values. */
  readonly shape: string
  /** Of the only SELECT that it has; null where there are more, or no GROUP BY. */
  readonly groupBy: string | null
}

export interface StatementReads extends NamedColumns {
  /** With their databases, as they were found. */
  readonly tables: readonly TableReference[]
}

/** Anything that stands for columns without naming them. */
const ANY_COLUMN = /Asterisk|Matcher/
const VALUE = /`(?:[^`\\]|\\[\s\S]|``)*`|'(?:[^'\\]|\\[\s\S]|'')*'|\b\d[\w.]*/g
const GROUP_BY = / GROUP BY (.+?)(?= (?:HAVING|WITH|WINDOW|QUALIFY|ORDER BY|LIMIT|OFFSET|FETCH)\b|$)/

/** @param canonical the statement as ClickHouse writes it, in one line */
export function namedColumns(canonical: string, root: SyntaxNode): NamedColumns {
  const nodes = allNodes(root)
  const names = nodes.flatMap(({ kind, name }) => (kind === "Identifier" ? name.split(".") : []))
  const isOpen = nodes.some(({ kind }) => ANY_COLUMN.test(kind))
  const shape = shapeOf(canonical)
  const isSingle = nodes.filter(({ kind }) => kind === "SelectQuery").length === 1
  const groupBy = isSingle ? (GROUP_BY.exec(shape)?.[1] ?? null) : null
  return { columns: isOpen ? null : new Set(names), shape, groupBy }
}

function shapeOf(canonical: string): string {
  const masked = canonical.replace(VALUE, (text) => (text.startsWith("`") ? text : "?"))
  // Lists of any length are one shape.
  return masked.replace(/\?(?:, \?)+/g, "?")
}

function allNodes(node: SyntaxNode): readonly SyntaxNode[] {
  return [node, ...node.children.flatMap(allNodes)]
}
