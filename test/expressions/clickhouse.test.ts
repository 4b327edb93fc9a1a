/** Every overload and cast that has a spelling for ClickHouse gives our kernel's value there. */
import assert from "node:assert/strict"
import { after, test } from "node:test"
import type { LogicalType, Scalar, TypeKind } from "../../src/columns/types.ts"
import { decimal } from "../../src/columns/types.ts"
import { CATALOGUE } from "../../src/expr/catalogue/catalogue.ts"
import { SPELLINGS, spellingOf } from "../../src/expr/clickhouse/spellings.ts"
import { compileScalar } from "../../src/expr/compile/scalar.ts"
import type { Expression } from "../../src/expr/expression.ts"
import { castAllowed } from "../../src/expr/resolve.ts"
import { isPlatformError } from "../../src/std/errors.ts"
import { SeededRandom } from "../../src/std/random.ts"
import { batchOf } from "../kit/batch-of.ts"
import type { CallCase } from "./catalogue-cases.ts"
import { callOf, casesOf, columnsOf } from "./catalogue-cases.ts"
import { ChdbOracle, textOfScalar } from "./chdb-oracle.ts"
import { poolsOf } from "./edge-values.ts"
import { TEXTS } from "./texts.ts"

const ROWS_PER_CASE = 24
/** Relative, in units of the last place's size: what mathematics libraries differ by, far below 1e-9. */
const TOLERANCE = 1e-13
const NO_ROW = batchOf([], [[]])

const oracle = new ChdbOracle()
after(() => oracle[Symbol.dispose]())

test("every overload of the catalogue is spelled or says why not, and nothing else is", () => {
  const signatures = CATALOGUE.map((entry) => entry.signature).sort()
  assert.deepEqual(Object.keys(SPELLINGS).sort(), signatures)
})

test("spelled overloads give our value in ClickHouse", async () => {
  const random = new SeededRandom(11)
  const wrong: string[] = []
  let compared = 0
  for (const entry of CATALOGUE) {
    if ("none" in spellingOf(entry.signature)) continue
    let own = 0
    for (const callCase of casesOf(entry, random, entry.parameters.length > 4 ? 200 : ROWS_PER_CASE)) {
      const outcome = await compareCase(callCase)
      own += outcome.compared
      wrong.push(...outcome.wrong)
    }
    if (own === 0) wrong.push(`${entry.signature}: nothing was compared`)
    compared += own
  }
  assert.deepEqual(wrong.slice(0, 60), [], `${wrong.length} of ${compared} differ`)
  assert.ok(compared > 5_000, `${compared} values were compared`)
})

interface Outcome {
  readonly compared: number
  readonly wrong: readonly string[]
}

async function compareCase(callCase: CallCase): Promise<Outcome> {
  const { types, rows, entry } = callCase
  const literals = rows.map((row) =>
    callOf(
      callCase,
      row.map((value, i) => literal(value, types[i]!)),
    ),
  )
  const ours = literals.map((call) => compileScalar(call, [])(NO_ROW, 0))
  const columns = columnsOf(types).map(
    ({ name, type, nullable }, index): Expression => ({ kind: "column", index, name, type, nullable }),
  )
  const overColumns = callOf(callCase, columns)
  let theirs: (string | null | undefined)[]
  try {
    theirs = await oracle.overRows(overColumns, types, rows)
  } catch (error) {
    if (!isPlatformError(error, "no-clickhouse-spelling"))
      return { compared: 1, wrong: [`${entry.signature}(${types.map((t) => t.kind)}): ${error}`] }
    theirs = await constants(literals)
  }
  let compared = 0
  const wrong: string[] = []
  for (const [i, result] of ours.entries()) {
    if ("failure" in result || theirs[i] === undefined) continue
    // A result's digits may depend on a constant argument (round, extract): compared where the types agree.
    const call = theirs.length === literals.length ? literals[i]! : overColumns
    const expected = textOfScalar(result.value, call.type)
    if (JSON.stringify(call.type) !== JSON.stringify(overColumns.type) && expected !== theirs[i]) continue
    compared++
    if (same(expected, theirs[i]!, call.type)) continue
    const args = rows[i]!.map((value) => (typeof value === "string" ? JSON.stringify(value) : String(value)))
    wrong.push(`${entry.signature} (${args.join(", ")}): ours ${expected}, ClickHouse ${theirs[i]}`)
  }
  return { compared, wrong }
}

/** undefined where the constants have no spelling. */
async function constants(calls: readonly Expression[]): Promise<(string | null | undefined)[]> {
  const answers: (string | null | undefined)[] = []
  for (const call of calls) {
    try {
      answers.push((await oracle.constants([call]))[0]!)
    } catch (error) {
      if (!isPlatformError(error, "no-clickhouse-spelling")) answers.push(`error ${error}`)
      else answers.push(undefined)
    }
  }
  return answers
}

function same(expected: string | null, actual: string | null, type: LogicalType): boolean {
  if (expected === actual) return true
  if (type.kind !== "float64" || expected === null || actual === null) return false
  const [a, b] = [doubleOf(expected), doubleOf(actual)]
  return Object.is(a, b) || Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b))
}

function doubleOf(bits: string): number {
  const view = new DataView(new ArrayBuffer(8))
  view.setBigInt64(0, BigInt(bits))
  return view.getFloat64(0)
}

const KINDS: readonly TypeKind[] = [
  ...(["boolean", "int32", "int64", "float64", "decimal", "string"] as const),
  ...(["bytes", "json", "timestamp", "date", "interval"] as const),
]
/** Casts that are not spelled: sql.md lists them. */
const UNSPELLED = ["float64 string", "string bytes", "string interval", "interval string"]

test("spelled casts give our value in ClickHouse", async () => {
  const wrong: string[] = []
  let compared = 0
  for (const from of KINDS) {
    for (const to of KINDS) {
      if (UNSPELLED.includes(`${from} ${to}`)) continue
      for (const target of to === "decimal"
        ? [decimal(10, 2), decimal(38, 16), decimal(4, 3)]
        : [{ kind: to } as LogicalType]) {
        for (const { type, values } of poolsOf(from)) {
          if (!castAllowed(type, target, "explicit")) continue
          const rows = [...values, ...(from === "string" ? (TEXTS[to] ?? []) : [])].map((value) => [value])
          const outcome = await compareCast(type, target, rows)
          compared += outcome.compared
          wrong.push(...outcome.wrong)
        }
      }
    }
  }
  assert.deepEqual(wrong.slice(0, 60), [], `${wrong.length} of ${compared} differ`)
  assert.ok(compared > 800, `${compared} casts were compared`)
})

async function compareCast(from: LogicalType, to: LogicalType, rows: readonly Scalar[][]): Promise<Outcome> {
  const castOf = (input: Expression): Expression => ({ kind: "cast", input, type: to, nullable: true })
  const ours = rows.map(([value]) => compileScalar(castOf(literal(value!, from)), [])(NO_ROW, 0))
  const column: Expression = { kind: "column", index: 0, name: "c", type: from, nullable: true }
  const theirs = await oracle.overRows(castOf(column), [from], rows).catch((error: unknown) => String(error))
  if (typeof theirs === "string") return { compared: 1, wrong: [`${from.kind} -> ${to.kind}: ${theirs}`] }
  const wrong: string[] = []
  let compared = 0
  for (const [i, result] of ours.entries()) {
    if ("failure" in result) continue
    compared++
    const expected = textOfScalar(result.value, to)
    if (!same(expected, theirs[i]!, to)) {
      wrong.push(
        `${JSON.stringify(String(rows[i]![0]))} ${from.kind} -> ${to.kind}: ` +
          `ours ${expected}, ClickHouse ${theirs[i]}`,
      )
    }
  }
  return { compared, wrong }
}

function literal(value: Scalar, type: LogicalType): Expression {
  return { kind: "literal", value, type, nullable: value === null }
}
