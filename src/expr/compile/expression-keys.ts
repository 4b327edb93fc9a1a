/** A number per distinct expression, equal for equal ones, so that a value is computed once. */
import type { Scalar } from "../../columns/types.ts"
import { typeName } from "../../columns/types.ts"
import { assertNever } from "../../std/assert.ts"
import type { Expression } from "../expression.ts"

export class ExpressionKeys {
  readonly #numbers = new Map<string, number>()
  readonly #known = new WeakMap<Expression, number>()

  keyOf(expression: Expression): number {
    const known = this.#known.get(expression)
    if (known !== undefined) return known
    const text = `${this.#describe(expression)}:${typeName(expression.type)}`
    const key = this.#numbers.get(text) ?? this.#numbers.size
    this.#numbers.set(text, key)
    this.#known.set(expression, key)
    return key
  }

  #describe(expression: Expression): string {
    const keys = (args: readonly Expression[]) => args.map((arg) => this.keyOf(arg)).join()
    switch (expression.kind) {
      case "column":
        return `column ${expression.index}`
      case "literal":
        return `literal ${literalText(expression.value)}`
      case "call":
        return `${expression.signature} ${keys(expression.args)}`
      case "cast":
        return `cast ${this.keyOf(expression.input)}`
      case "and":
      case "or":
      case "coalesce":
        return `${expression.kind} ${keys(expression.args)}`
      case "case": {
        const branches = expression.branches.flatMap(({ when, then }) => [when, then])
        return `case ${keys([...branches, expression.otherwise])}`
      }
      default:
        return assertNever(expression)
    }
  }
}

function literalText(value: Scalar): string {
  if (value instanceof Uint8Array) return `bytes ${value.join()}`
  if (value !== null && typeof value === "object") return `${value.months} ${value.days} ${value.micros}`
  if (Object.is(value, -0)) return "-0"
  return `${typeof value} ${String(value)}`
}
