/** Rebuilding expressions: the tree is frozen, so a change makes new nodes from the changed leaf up. */
import { assert } from "../std/assert.ts"
import type { AggregateCall, ColumnReference, Expression } from "./expression.ts"

/** Direct operands, in order of evaluation. */
export function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "column":
    case "literal":
      return []
    case "cast":
      return [expression.input]
    case "case":
      return [...expression.branches.flatMap((branch) => [branch.when, branch.then]), expression.otherwise]
    default:
      return expression.args
  }
}

/** The same expression over what `change` makes of its operands. */
export function mapChildren(expression: Expression, change: (child: Expression) => Expression): Expression {
  switch (expression.kind) {
    case "column":
    case "literal":
      return expression
    case "cast":
      return { ...expression, input: change(expression.input) }
    case "case": {
      const branches = expression.branches.map((branch) => ({
        when: change(branch.when),
        then: change(branch.then),
      }))
      return { ...expression, branches, otherwise: change(expression.otherwise) }
    }
    default:
      return { ...expression, args: expression.args.map(change) }
  }
}

/** Replaces every column reference by what `replace` returns for it. */
export function mapColumns(
  expression: Expression,
  replace: (column: ColumnReference) => Expression,
): Expression {
  if (expression.kind === "column") return replace(expression)
  return mapChildren(expression, (child) => mapColumns(child, replace))
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

/** What an aggregate evaluates for each row. */
export function partsOfAggregate(call: AggregateCall): readonly Expression[] {
  const { filter, argument, other, order = [] } = call
  const sorted = order.map(({ expression }) => expression)
  return [filter, argument, other, ...sorted].filter((part) => part !== undefined && part !== null)
}

/** The same aggregate over what `change` makes of the expressions that it evaluates. */
export function mapAggregate(call: AggregateCall, change: (part: Expression) => Expression): AggregateCall {
  const { filter, argument, other, order } = call
  const sorted = order?.map((term) => ({ ...term, expression: change(term.expression) }))
  return {
    ...call,
    argument: argument && change(argument),
    ...(other === undefined ? {} : { other: change(other) }),
    ...(filter === undefined ? {} : { filter: change(filter) }),
    ...(sorted === undefined ? {} : { order: sorted }),
  }
}

/** NULL where `condition` is not true; there `expression` is not evaluated. */
export function onlyWhere(condition: Expression, expression: Expression): Expression {
  const { type } = expression
  const otherwise: Expression = { kind: "literal", value: null, type, nullable: true }
  return { kind: "case", branches: [{ when: condition, then: expression }], otherwise, type, nullable: true }
}
