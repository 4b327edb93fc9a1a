/** Short spellings of expressions and aggregates for tests. */
import type { Column, LogicalType, Scalar } from "../../columns/types.ts"
import { BOOLEAN, decimal, FLOAT64, INT64 } from "../../columns/types.ts"
import type {
  AggregateCall,
  AggregateName,
  Call,
  ColumnReference,
  Expression,
  Literal,
} from "../../expr/expression.ts"

export function col(columns: readonly Column[], name: string): ColumnReference {
  const index = columns.findIndex((candidate) => candidate.name === name)
  if (index < 0) throw new Error(`the test has a column ${name}`)
  const { type, nullable } = columns[index]!
  return { kind: "column", index, name, type, nullable }
}

export function lit(value: Scalar, type: LogicalType): Literal {
  return { kind: "literal", value, type, nullable: value === null }
}

export function call(word: string, type: LogicalType, ...args: Expression[]): Call {
  const signature = `${word}(${args.map((arg) => arg.type.kind).join(",")})`
  return { kind: "call", signature, args, type, nullable: args.some((arg) => arg.nullable) }
}

export function compare(word: "eq" | "ne" | "lt" | "lte" | "gt" | "gte", a: Expression, b: Expression): Call {
  return call(word, BOOLEAN, a, b)
}

export function aggregate(name: AggregateName, argument: Expression | null, distinct = false): AggregateCall {
  return {
    kind: "aggregate",
    name,
    argument,
    distinct,
    type: resultType(name, argument?.type ?? INT64),
    nullable: name !== "count",
  }
}

function resultType(name: AggregateName, type: LogicalType): LogicalType {
  if (name === "count") return INT64
  if (name === "min" || name === "max" || type.kind === "float64") return type
  if (name === "bool_and" || name === "bool_or") return BOOLEAN
  const scale = type.kind === "decimal" ? type.scale : 0
  if (name !== "sum")
    return type.kind === "decimal" || type.kind.startsWith("int") ? decimal(38, Math.max(16, scale)) : FLOAT64
  return type.kind === "int32" ? INT64 : decimal(38, scale)
}

export function columnsOf(expressions: readonly Expression[], names: readonly string[]): Column[] {
  return expressions.map(({ type, nullable }, k) => ({ name: names[k] ?? `c${k}`, type, nullable }))
}
