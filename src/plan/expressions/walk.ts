/** What plans ask of expressions: the columns used, the size, and a rewriting from the top. */
import type { ColumnReference, Expression } from "../../expr/expression.ts"
import { childrenOf, mapChildren } from "../../expr/rewrite.ts"

/** Rebuilds from the top: where `replace` answers, its answer stands and nothing below is visited. */
export function rewrite(
  expression: Expression,
  replace: (part: Expression) => Expression | null,
): Expression {
  const replaced = replace(expression)
  if (replaced !== null) return replaced
  let changed = false
  const rebuilt = mapChildren(expression, (child) => {
    const part = rewrite(child, replace)
    changed ||= part !== child
    return part
  })
  return changed ? rebuilt : expression
}

export function columnReferences(expression: Expression): readonly ColumnReference[] {
  return expression.kind === "column" ? [expression] : childrenOf(expression).flatMap(columnReferences)
}

export function columnsUsed(expression: Expression): ReadonlySet<number> {
  return new Set(columnReferences(expression).map(({ index }) => index))
}

/** Nodes in the tree. */
export function sizeOf(expression: Expression): number {
  return childrenOf(expression).reduce((sum, child) => sum + sizeOf(child), 1)
}
