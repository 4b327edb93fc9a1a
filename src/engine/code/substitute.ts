/**
 * Rewrites an expression over one operator's output into one over its input, so that a chain of stages
 * becomes expressions over the first batch. Shared parts stay the same objects, which lets the compiler
 * compute them once.
 */
import type { Expression } from "../../expr/expression.ts"
import { assert, assertNever } from "../../std/assert.ts"

export function substitute(expression: Expression, columns: readonly Expression[]): Expression {
  switch (expression.kind) {
    case "column": {
      const value = columns[expression.index]
      assert(value !== undefined, `column ${expression.index} (${expression.name}) exists in the input`)
      return value
    }
    case "literal":
      return expression
    case "call":
    case "and":
    case "or":
    case "coalesce":
      return { ...expression, args: expression.args.map((arg) => substitute(arg, columns)) }
    case "cast":
      return { ...expression, input: substitute(expression.input, columns) }
    case "case":
      return {
        ...expression,
        branches: expression.branches.map(({ when, then }) => ({
          when: substitute(when, columns),
          then: substitute(then, columns),
        })),
        otherwise: substitute(expression.otherwise, columns),
      }
    default:
      return assertNever(expression)
  }
}
