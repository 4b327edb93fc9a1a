/** Every overload of the catalogue over the edges of its types, from columns and from constants. */
import assert from "node:assert/strict"
import { test } from "node:test"
import type { LogicalType, Scalar } from "../../src/columns/types.ts"
import { CATALOGUE } from "../../src/expr/catalogue/catalogue.ts"
import type { ScalarResult } from "../../src/expr/compile/scalar.ts"
import { compileScalar } from "../../src/expr/compile/scalar.ts"
import type { Expression } from "../../src/expr/expression.ts"
import { SeededRandom } from "../../src/std/random.ts"
import { batchOf } from "../kit/batch-of.ts"
import { disagreement } from "./agreement.ts"
import type { CallCase } from "./catalogue-cases.ts"
import { callOf, casesOf, columnsOf } from "./catalogue-cases.ts"
import { isException } from "./exceptions.ts"
import { ExpressionOracle } from "./expression-oracle.ts"
import { spellPostgres } from "./spell-postgres.ts"

const ROWS_PER_CASE = 90
/** Constants are compiled one by one, so only some rows are. */
const CONSTANT_EVERY = 7
/** Functions whose last bits depend on the mathematics library. */
const LIBRARY = new Set([
  ...["cbrt", "exp", "ln", "log", "log10", "power", "pow", "power_of", "degrees", "radians", "sin", "cos"],
  ...["tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh"],
])

interface Outcome {
  readonly from: "columns" | "constants"
  readonly result: ScalarResult
  readonly type: LogicalType
}

interface Question {
  readonly callCase: CallCase
  readonly row: readonly Scalar[]
  readonly sql: string
  readonly ours: readonly Outcome[]
}

test("every overload gives PostgreSQL's value, NULL or error", async () => {
  await using oracle = await ExpressionOracle.open()
  const random = new SeededRandom(7)
  const questions = CATALOGUE.flatMap((entry) => casesOf(entry, random, ROWS_PER_CASE)).flatMap(askAll)
  const answers = await oracle.answers(questions.map((question) => question.sql))
  const wrong = questions.flatMap((question, index) => compare(question, answers[index]!))
  assert.deepEqual(wrong.slice(0, 40), [], `${wrong.length} of ${questions.length} differ`)
})

function compare({ callCase, row, sql, ours }: Question, answer: Parameters<typeof disagreement>[1]) {
  const word = callCase.entry.signature.split("(")[0]!
  const strictness = { approximate: LIBRARY.has(word) }
  return ours.flatMap(({ from, result, type }) => {
    const difference = disagreement(result, answer, type, strictness)
    if (difference === null || isException({ entry: callCase.entry, row, from, ours: result, answer }))
      return []
    return [`${callCase.entry.signature} ${sql} (${from}): ${difference}`]
  })
}

function askAll(callCase: CallCase): Question[] {
  const { types, rows } = callCase
  const overColumns = types.some((type) => type.kind === "interval") ? null : columnResults(callCase)
  return rows.map((row, index) => {
    const args = row.map((value, i) => literal(value, types[i]!))
    const call = callOf(callCase, args)
    const ours: Outcome[] = overColumns === null ? [] : [overColumns[index]!]
    if (overColumns === null || index % CONSTANT_EVERY === 0) {
      ours.push({ from: "constants", result: compileScalar(call, [])(NO_ROW, 0), type: call.type })
    }
    return { callCase, row, sql: spellPostgres(call), ours }
  })
}

const NO_ROW = batchOf([], [[]])

function columnResults(callCase: CallCase): Outcome[] {
  const columns = columnsOf(callCase.types)
  const batch = batchOf(columns, callCase.rows)
  const args = columns.map(
    ({ name, type, nullable }, index): Expression => ({ kind: "column", index, name, type, nullable }),
  )
  const call = callOf(callCase, args)
  const run = compileScalar(call, columns)
  return callCase.rows.map((_, row) => ({ from: "columns", result: run(batch, row), type: call.type }))
}

function literal(value: Scalar, type: Expression["type"]): Expression {
  return { kind: "literal", value, type, nullable: value === null }
}
