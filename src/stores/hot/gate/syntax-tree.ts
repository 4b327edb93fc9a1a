/**
 * ClickHouse's own syntax tree, read from what EXPLAIN AST prints: one node a line, a space of indentation a
 * level.
 *
 *   SelectWithUnionQuery (children 1)
 *    ExpressionList (children 1)
 *     SelectQuery (children 2)
 *      …
 *        TableIdentifier events.click (alias c)
 *
 * The depth comes from the indentation alone. Names must have no line breaks, which canonical-tokens.ts sees
 * to.
 */
import { assert } from "../../../std/assert.ts"

export interface SyntaxNode {
  /** "Function", "TableIdentifier", "Literal" … */
  readonly kind: string
  /** What stands behind the kind: the function's name, the table. Empty for most. */
  readonly name: string
  readonly alias: string | null
  readonly children: readonly SyntaxNode[]
}

interface OpenNode extends SyntaxNode {
  readonly children: OpenNode[]
}

const LINE = /^( *)(\S+)(?: +(.*?))?$/
const CHILDREN = / *\(children \d+\)$/
const ALIAS = / *\(alias (.*)\)$/

/** @throws AssertionError when the text is no tree */
export function parseSyntaxTree(text: string): SyntaxNode {
  const path: OpenNode[] = []
  let root: OpenNode | null = null
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue
    const match = LINE.exec(line)
    assert(match !== null, "a line of EXPLAIN AST is a node")
    const [, indent = "", kind = "", rest = ""] = match
    const node = nodeOf(kind, rest)
    assert(indent.length <= path.length && (indent.length > 0 || root === null), "a node has one parent")
    path.length = indent.length
    path.at(-1)?.children.push(node)
    root ??= node
    path.push(node)
  }
  assert(root !== null, "EXPLAIN AST prints a tree")
  return root
}

function nodeOf(kind: string, rest: string): OpenNode {
  const text = rest.replace(CHILDREN, "")
  const alias = ALIAS.exec(text)
  return {
    kind,
    name: alias === null ? text : text.slice(0, alias.index),
    alias: alias?.[1] ?? null,
    children: [],
  }
}
