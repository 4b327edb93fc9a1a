/**
 * Random expressions over random rows, compiled by us and evaluated by PostgreSQL; values, NULLs and errors
 * must agree. `node test/expressions/fuzz-expressions.ts --count 100000 --seed 1` runs many; the test beside
 * a few.
 */
import type { Column, Scalar } from "../../src/columns/types.ts"
import { typeName } from "../../src/columns/types.ts"
import type { ScalarResult } from "../../src/expr/compile/scalar.ts"
import { compileScalar, foldConstants } from "../../src/expr/compile/scalar.ts"
import type { Expression } from "../../src/expr/expression.ts"
import { SeededRandom } from "../../src/std/random.ts"
import { batchOf } from "../kit/batch-of.ts"
import { runArguments } from "../kit/run-arguments.ts"
import { disagreement } from "./agreement.ts"
import type { Answer } from "./expression-oracle.ts"
import { ExpressionOracle } from "./expression-oracle.ts"
import { ExpressionMaker, FIELDS } from "./random-expression.ts"
import { randomScalar } from "./random-values.ts"
import type { Leaves } from "./spell-postgres.ts"
import { PLAIN, postgresLiteral, postgresType, spellPostgres } from "./spell-postgres.ts"

const ROWS = 6
const DEPTH = 4
/** Expressions that go to PostgreSQL together. */
const CHUNK = 250
const COLUMNS: readonly Column[] = FIELDS.map((type, index) => ({ name: `c${index}`, type, nullable: true }))

/** Constants that PostgreSQL cannot see, so that it evaluates nothing before the row. */
const OPAQUE: Leaves = { ...PLAIN, literal: (value, type) => `opaque(${postgresLiteral(value, type)})` }

export interface FuzzReport {
  expressions: number
  /** Rows where both gave a value, both NULL, or both the same kind of error. */
  readonly agreed: { value: number; null: number; error: number }
  /** Rows where both fail, each at another place: PostgreSQL looks at some operands in another order. */
  otherError: number
  /** Rows that need more digits or years than we have. */
  beyond: number
}

interface Question {
  readonly seed: number
  readonly expression: Expression
  readonly results: readonly ScalarResult[]
  readonly spelled: string
  readonly literals: readonly (readonly string[])[]
}

/** Stops at the first difference. */
export async function fuzzExpressions(
  oracle: ExpressionOracle,
  { seed, count }: { readonly seed: number; readonly count: number },
  onProgress: (report: FuzzReport) => void = () => {},
): Promise<FuzzReport> {
  const report: FuzzReport = {
    expressions: 0,
    agreed: { value: 0, null: 0, error: 0 },
    otherError: 0,
    beyond: 0,
  }
  for (let first = seed; first < seed + count; first += CHUNK) {
    const size = Math.min(CHUNK, seed + count - first)
    const questions = Array.from({ length: size }, (_, index) => ask(first + index))
    const asked = questions.flatMap(({ spelled, literals }) =>
      literals.map((row) => ({ expression: spelled, literals: row })),
    )
    const answers = await oracle.answersOverRows(FIELDS.map(postgresType), asked)
    for (const [index, question] of questions.entries()) {
      judge(question, answers.slice(index * ROWS, index * ROWS + ROWS), report)
    }
    onProgress(report)
  }
  return report
}

function ask(seed: number): Question {
  const random = new SeededRandom(seed)
  const expression = new ExpressionMaker(random).any(DEPTH)
  const rows = Array.from({ length: ROWS }, () => FIELDS.map((type): Scalar => randomScalar(random, type)))
  const batch = batchOf(COLUMNS, rows)
  const run = compileScalar(seed % 2 === 0 ? foldConstants(expression) : expression, COLUMNS)
  const results = rows.map((_, row) => run(batch, row))
  const spelled = spellPostgres(expression, OPAQUE)
  const literals = rows.map((row) => row.map((value, index) => postgresLiteral(value, FIELDS[index]!)))
  return { seed, expression, results, spelled, literals }
}

function judge(
  { seed, expression, results, spelled, literals }: Question,
  answers: readonly Answer[],
  report: FuzzReport,
): void {
  report.expressions++
  for (const [row, answer] of answers.entries()) {
    const ours = results[row]!
    const difference = disagreement(ours, answer, expression.type, { approximate: false })
    if (difference === null) {
      const kind = "failure" in ours ? "error" : ours.value === null ? "null" : "value"
      report.agreed[kind]++
    } else if ("failure" in ours && "sqlState" in answer) report.otherError++
    else if (isBeyond(ours, answer)) report.beyond++
    else
      throw new Error(
        `seed ${seed}, a ${typeName(expression.type)}: ${difference}\n${spelled}\n${literals[row]}`,
      )
  }
}

function isBeyond(ours: ScalarResult, answer: Answer): boolean {
  if (!("failure" in ours)) return false
  const limited = ours.failure === "numeric-out-of-range" || ours.failure === "timestamp-out-of-range"
  return limited && "text" in answer
}

if (import.meta.main) {
  const { seed, count } = runArguments("node test/expressions/fuzz-expressions.ts", {
    seed: 1,
    count: 20_000,
  })
  await using oracle = await ExpressionOracle.open()
  const report = await fuzzExpressions(oracle, { seed, count }, (progress) =>
    console.log(JSON.stringify(progress)),
  )
  console.log(`seeds ${seed} to ${seed + count - 1}: ${JSON.stringify(report)}`)
}
