/**
 * Expressions over decoded, nullable columns: the generated loop, guards on, that adds up or counts what it
 * computes; beside the tree of closures over row objects that an interpreter would be.
 */
import type { Batch } from "../src/columns/batch.ts"
import { readRow } from "../src/columns/scalar.ts"
import type { Column, Scalar } from "../src/columns/types.ts"
import { decimal, INT32, INT64, STRING, TIMESTAMP } from "../src/columns/types.ts"
import { createRowCode } from "../src/expr/compile/row-code-writer.ts"
import type { Expression } from "../src/expr/expression.ts"
import { resolveFunction, resolveOperator, resultNullable } from "../src/expr/resolve.ts"
import { SeededRandom } from "../src/std/random.ts"
import { batchOf } from "../test/kit/batch-of.ts"
import type { Bench } from "./figure.ts"

const ROWS = 16_384
const RUNS = 9
const COLUMNS: readonly Column[] = [
  { name: "amount", type: INT64, nullable: true },
  { name: "count", type: INT32, nullable: true },
  { name: "price", type: decimal(12, 2), nullable: true },
  { name: "channel", type: STRING, nullable: true },
  { name: "time", type: TIMESTAMP, nullable: true },
]
const CHANNELS = ["web", "mobile", "partner-eu", "partner-us"]
const MINUTE_US = 60_000_000n

type Row = readonly Scalar[]

interface BenchCase {
  readonly metric: string
  readonly expression: Expression
  readonly naive: (row: Row) => unknown
}

const [amount, count, price, channel, time] = COLUMNS.map(
  (column, index): Expression => ({ kind: "column", index, ...column }),
) as [Expression, Expression, Expression, Expression, Expression]

const CASES: readonly BenchCase[] = [
  {
    metric: "int64: amount * 2 + 7 > 1000",
    expression: op(">", op("+", op("*", amount, int64(2n)), int64(7n)), int64(1000n)),
    naive: ([a]) => (a === null ? null : (a as bigint) * 2n + 7n > 1000n),
  },
  {
    metric: "int32: (count + 1) * 3",
    expression: op("*", op("+", count, int32(1)), int32(3)),
    naive: ([, c]) => (c === null ? null : ((c as number) + 1) * 3),
  },
  {
    metric: "decimal(12,2) * 1.19",
    expression: op("*", price, { kind: "literal", value: 119n, type: decimal(3, 2), nullable: false }),
    naive: ([, , p]) => (p === null ? null : (p as bigint) * 119n),
  },
  {
    metric: "string: channel = 'mobile'",
    expression: op("=", channel, text("mobile")),
    naive: (row) => (row[3] === null ? null : row[3] === "mobile"),
  },
  {
    metric: "string: channel like 'partner-%'",
    expression: op("like", channel, text("partner-%")),
    naive: (row) => (row[3] === null ? null : (row[3] as string).startsWith("partner-")),
  },
  {
    metric: "date_trunc('minute', time)",
    expression: call("date_trunc", text("minute"), time),
    naive: (row) => (row[4] === null ? null : (row[4] as bigint) - ((row[4] as bigint) % MINUTE_US)),
  },
]

export const bench: Bench = {
  name: "expressions",
  about: "Rows per second of one core through generated expressions, against closures over row objects.",
  async run(report, { scale }) {
    const batch = randomBatch(new SeededRandom(7))
    const batches = Math.max(4, Math.round(200 * scale))
    for (const { metric, expression, naive } of CASES) {
      const generated = loopOver(expression)
      const value = medianRate(batches, () => generated(batch))
      const baseline = medianRate(Math.max(2, batches >> 4), () => naiveLoop(batch, naive))
      report({ metric, value: value / 1e6, unit: "M rows/s", baseline: baseline / 1e6 })
    }
  },
}

/** Counts the rows whose value is neither NULL nor zero nor false, so that no value is computed in vain. */
function loopOver(expression: Expression): (batch: Batch) => number {
  const code = createRowCode({ row: "i", batch: "batch", onFailure: () => "failed++; break row;" })
  const { value, isNull } = code.evaluate(expression)
  const statements = code.takeStatements()
  const present = isNull === null ? "" : `!(${isNull}) && `
  const zero = expression.type.kind === "boolean" ? value : `${value} != 0`
  const body = `${code.prologue()}
    let found = 0, failed = 0
    for (let i = 0; i < batch.length; i++) row: {
      ${statements}
      if (${present}${zero}) found++
    }
    return found + failed`
  const { names, values } = code.bound
  const run = new Function("batch", ...names, body)
  return (batch) => run(batch, ...values) as number
}

function naiveLoop(batch: Batch, evaluate: (row: Row) => unknown): number {
  let found = 0
  for (let row = 0; row < batch.length; row++) if (evaluate(readRow(batch, row))) found++
  return found
}

function medianRate(batches: number, run: () => number): number {
  const rates = Array.from({ length: RUNS }, () => {
    const started = performance.now()
    for (let i = 0; i < batches; i++) run()
    return (batches * ROWS * 1000) / (performance.now() - started)
  })
  return rates.sort((a, b) => a - b)[RUNS >> 1]!
}

function randomBatch(random: SeededRandom): Batch {
  const orNull = (value: Scalar) => (random.below(20) === 0 ? null : value)
  const rows = Array.from({ length: ROWS }, () => [
    orNull(BigInt(random.below(1000))),
    orNull(random.below(1000)),
    orNull(BigInt(random.below(1_000_000))),
    orNull(CHANNELS[random.below(CHANNELS.length)]!),
    orNull(1_700_000_000_000_000n + BigInt(random.below(2 ** 32))),
  ])
  return batchOf(COLUMNS, rows)
}

function int64(value: bigint): Expression {
  return { kind: "literal", value, type: INT64, nullable: false }
}

function int32(value: number): Expression {
  return { kind: "literal", value, type: INT32, nullable: false }
}

function text(value: string): Expression {
  return { kind: "literal", value, type: STRING, nullable: false }
}

function op(name: string, ...args: Expression[]): Expression {
  return resolved(resolveOperator, name, args)
}

function call(name: string, ...args: Expression[]): Expression {
  return resolved(resolveFunction, name, args)
}

function resolved(resolve: typeof resolveFunction, name: string, args: Expression[]): Expression {
  const found = resolve(
    name,
    args.map((arg) => arg.type),
  )
  if (!found.ok) throw new Error(`${name}: ${found.reason}`)
  const nullable = resultNullable(
    found,
    args.map((arg) => arg.nullable),
  )
  return { kind: "call", signature: found.signature, args, type: found.type, nullable }
}
