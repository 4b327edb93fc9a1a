/** Expressions evaluated one row at a time, for tests, constants and edges. */
import type { Batch } from "../../columns/batch.ts"
import type { Column, LogicalType, Scalar } from "../../columns/types.ts"
import { assert } from "../../std/assert.ts"
import type { Expression, Failure } from "../expression.ts"
import { FAILURES } from "../expression.ts"
import { childrenOf, mapChildren } from "../rewrite.ts"
import { createRowCode } from "./row-code-writer.ts"

export type ScalarResult = { readonly value: Scalar } | { readonly failure: Failure }
export type ScalarFunction = (batch: Batch, row: number) => ScalarResult

/** `columns`: what the batch holds; the expression's references are checked against them. */
export function compileScalar(expression: Expression, columns: readonly Column[]): ScalarFunction {
  const code = createRowCode({ row: "i", batch: "batch", onFailure: (index) => `return failures[${index}];` })
  checkReferences(expression, columns)
  const { value, isNull } = code.evaluate(expression)
  const statements = code.takeStatements()
  const result = isNull === null ? value : `(${isNull}) ? null : ${value}`
  const body = `"use strict";\n${code.prologue()}\n${statements}\nreturn { value: ${result} };`
  const { names, values } = code.bound
  const generated = new Function("failures", ...names, "batch", "i", body)
  const failures = FAILURES.map((failure) => ({ failure }))
  return (batch, row) => generated(failures, ...values, batch, row) as ScalarResult
}

function checkReferences(expression: Expression, columns: readonly Column[]): void {
  for (const column of columnsOf(expression)) {
    assert(
      columns[column.index]?.type.kind === column.type.kind,
      `column ${column.index} is ${column.type.kind}`,
    )
  }
}

function columnsOf(expression: Expression): { index: number; type: LogicalType }[] {
  return expression.kind === "column" ? [expression] : childrenOf(expression).flatMap(columnsOf)
}

const NO_ROW: Batch = { length: 1, vectors: [] }

/**
 * Replaces what has no column in it by its value. What fails stays as it is and fails for each row it meets.
 */
export function foldConstants(expression: Expression): Expression {
  if (expression.kind === "literal" || expression.kind === "column") return expression
  const folded = mapChildren(expression, foldConstants)
  if (!childrenOf(folded).every((child) => child.kind === "literal")) return folded
  const result = compileScalar(folded, [])(NO_ROW, 0)
  if ("failure" in result) return folded
  return { kind: "literal", type: folded.type, nullable: result.value === null, value: result.value }
}
