/** Rebuilding expressions: the tree is frozen, so a change makes new nodes from the changed leaf up. */
import { assert } from "../std/assert.ts"
import type { ColumnReference, Expression } from "./expression.ts"

/** Replaces every column reference by what `replace` returns for it. */
export function mapColumns(
  expression: Expression,
  replace: (column: ColumnReference) => Expression,
): Expression {
  const recur = (child: Expression) => mapColumns(child, replace)
  switch (expression.kind) {
    case "column":
      return replace(expression)
    case "literal":
      return expression
    case "cast":
      return { ...expression, input: recur(expression.input) }
    case "case":
      return {
        ...expression,
        branches: expression.branches.map(({ when, then }) => ({ when: recur(when), then: recur(then) })),
        otherwise: recur(expression.otherwise),
      }
    default:
      return { ...expression, args: expression.args.map(recur) }
  }
}

/** `expression` over the rows that `outputs` makes, rewritten over the rows that `outputs` reads. */
export function substituteColumns(expression: Expression, outputs: readonly Expression[]): Expression {
  return mapColumns(expression, (column) => {
    const output = outputs[column.index]
    assert(output !== undefined, `column ${column.index} (${column.name}) is one of ${outputs.length}`)
    return output
  })
}

/** True when some column reference in it satisfies `test`. */
export function someColumn(expression: Expression, test: (column: ColumnReference) => boolean): boolean {
  let found = false
  mapColumns(expression, (column) => {
    found ||= test(column)
    return column
  })
  return found
}
