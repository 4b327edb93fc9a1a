/** Reading and rebuilding expression trees: children, columns used, substitution. */
import type { ColumnReference, Expression } from "../../expr/expression.ts"
import { assertNever } from "../../std/assert.ts"

export function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "column":
    case "literal":
      return []
    case "cast":
      return [expression.input]
    case "call":
    case "and":
    case "or":
    case "coalesce":
      return expression.args
    case "case":
      return [...expression.branches.flatMap(({ when, then }) => [when, then]), expression.otherwise]
    default:
      return assertNever(expression)
  }
}

/** The same expression over other children, given in the order of `childrenOf`. */
export function withChildren(expression: Expression, children: readonly Expression[]): Expression {
  switch (expression.kind) {
    case "column":
    case "literal":
      return expression
    case "cast":
      return { ...expression, input: children[0]! }
    case "call":
    case "and":
    case "or":
    case "coalesce":
      return { ...expression, args: children }
    case "case":
      return {
        ...expression,
        branches: expression.branches.map((_, i) => ({ when: children[2 * i]!, then: children[2 * i + 1]! })),
        otherwise: children.at(-1)!,
      }
    default:
      return assertNever(expression)
  }
}

/** Rebuilds from the top: where `replace` answers, its answer stands and nothing below is visited. */
export function rewrite(
  expression: Expression,
  replace: (part: Expression) => Expression | null,
): Expression {
  const replaced = replace(expression)
  if (replaced !== null) return replaced
  const children = childrenOf(expression)
  if (children.length === 0) return expression
  const rebuilt = children.map((child) => rewrite(child, replace))
  return rebuilt.every((child, i) => child === children[i]) ? expression : withChildren(expression, rebuilt)
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
