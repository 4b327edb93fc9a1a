/**
 * A second, slow evaluator of the few expressions that random tests use; shares nothing with generated code.
 */
import type { Interval, Scalar } from "../../columns/types.ts"
import type { Expression } from "../../expr/expression.ts"
import type { Row } from "./batches.ts"

export class NaiveFailure extends Error {}

const INT64_MAX = 2n ** 63n - 1n

export function evaluate(expression: Expression, row: readonly Scalar[]): Scalar {
  switch (expression.kind) {
    case "column":
      return row[expression.index]!
    case "literal":
      return expression.value
    case "and": {
      let value: Scalar = true
      for (const arg of expression.args) {
        const part = evaluate(arg, row)
        if (part === false) return false
        if (part === null) value = null
      }
      return value
    }
    case "call": {
      const args = expression.args.map((arg) => evaluate(arg, row))
      if (args.includes(null)) return null
      return apply(expression.signature, args)
    }
    default:
      throw new Error(`the naive evaluator does not know ${expression.kind}`)
  }
}

function apply(signature: string, [a, b]: readonly Scalar[]): Scalar {
  switch (signature) {
    case "add(int64,int64)": {
      const sum = (a as bigint) + (b as bigint)
      if (sum > INT64_MAX || sum < -INT64_MAX - 1n) throw new NaiveFailure("integer-out-of-range")
      return sum
    }
    case "divide(int32,int32)":
      if (b === 0) throw new NaiveFailure("division-by-zero")
      return Math.trunc((a as number) / (b as number)) + 0
    case "upper(string)":
      return (a as string).toUpperCase()
    case "gt(int32,int32)":
    case "gt(int64,int64)":
      return (a as number | bigint) > (b as number | bigint)
    case "lt(int32,int32)":
    case "lt(int64,int64)":
    case "lt(timestamp,timestamp)":
      return (a as number | bigint) < (b as number | bigint)
    case "gte(timestamp,timestamp)":
      return (a as bigint) >= (b as bigint)
    case "lte(timestamp,timestamp)":
      return (a as bigint) <= (b as bigint)
    case "add(timestamp,interval)":
      return (a as bigint) + (b as Interval).micros
    case "ne(string,string)":
      return a !== b
    default:
      throw new Error(`the naive evaluator does not know ${signature}`)
  }
}

export function holds(filter: Expression | null, row: Row): boolean {
  return filter === null || evaluate(filter, row) === true
}
