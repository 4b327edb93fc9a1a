/** Casts between all types, over their edges and over texts that are almost values. */
import assert from "node:assert/strict"
import { after, test } from "node:test"
import type { Column, LogicalType, Scalar, TypeKind } from "../../src/columns/types.ts"
import { decimal, STRING } from "../../src/columns/types.ts"
import { compileScalar } from "../../src/expr/compile/scalar.ts"
import type { Expression } from "../../src/expr/expression.ts"
import { castAllowed, parseLiteral } from "../../src/expr/resolve.ts"
import { batchOf } from "../kit/batch-of.ts"
import { disagreement } from "./agreement.ts"
import { poolsOf } from "./edge-values.ts"
import { ExpressionOracle } from "./expression-oracle.ts"
import { postgresType, spellPostgres } from "./spell-postgres.ts"
import { TEXTS } from "./texts.ts"

const KINDS: readonly TypeKind[] = [
  ...(["boolean", "int32", "int64", "float64", "decimal", "string"] as const),
  ...(["bytes", "json", "timestamp", "date", "interval"] as const),
]

interface CastCase {
  readonly from: LogicalType
  readonly to: LogicalType
  readonly value: Scalar
}

const oracle = await ExpressionOracle.open()
after(() => oracle[Symbol.asyncDispose]())

const EXACT = { approximate: false }

test("a cast exists exactly where PostgreSQL has one", async () => {
  const pairs = KINDS.flatMap((from) => KINDS.map((to) => [typeOf(from), typeOf(to)] as const))
  const answers = await oracle.answers(
    pairs.map(([from, to]) => `NULL::${postgresType(from)}::${postgresType(to)}`),
  )
  for (const [index, [from, to]] of pairs.entries()) {
    const exists = !("sqlState" in answers[index]!)
    assert.equal(castAllowed(from, to, "explicit"), exists, from.kind + to.kind)
  }
})

test("casts give PostgreSQL's value or error", async () => {
  const cases = KINDS.flatMap((from) => KINDS.flatMap((to) => casesOf(from, to)))
  const results = cases.map(({ from, to, value }) => evaluate(value, from, to))
  const answers = await oracle.answers(
    cases.map(({ from, to, value }) => spellPostgres(castOf(literal(value, from), to))),
  )
  const wrong = cases.flatMap(({ from, to, value }, index) => {
    const difference = disagreement(results[index]!, answers[index]!, to, EXACT)
    const shown = typeof value === "string" ? JSON.stringify(value) : String(value)
    return difference === null || isException(value, to)
      ? []
      : [`${shown} ${from.kind} -> ${postgresType(to)}: ${difference}`]
  })
  assert.deepEqual(wrong.slice(0, 40), [], `${wrong.length} of ${cases.length} differ`)
})

test("a constant's text is read as the cast from text reads it", () => {
  for (const kind of KINDS) {
    const type = typeOf(kind)
    for (const text of TEXTS[kind] ?? []) {
      const cast = evaluate(text, STRING, type)
      const constant = parseLiteral(text, type)
      if ("failure" in cast) assert.ok("failure" in constant, `${text} is no ${kind}`)
      else assert.deepEqual(constant, cast, `${text} as ${kind}`)
    }
  }
})

/** Documented differences: no infinite times, no NaN or Infinity among decimals, ISO spellings of times only,
 *  no hexadecimal floats. */
function isException(value: Scalar, to: LogicalType): boolean {
  if (typeof value === "number" && to.kind === "decimal") return !Number.isFinite(value)
  if (typeof value === "bigint" && to.kind !== "decimal")
    return value > 9_221_895_000_000_000_000n && to.kind === "string"
  if (typeof value !== "string") return false
  if (to.kind === "decimal") return /nan|inf/i.test(value)
  if (to.kind === "timestamp" || to.kind === "date") return NOT_ISO.test(value)
  if (to.kind === "float64") return /^0x/.test(value)
  return to.kind === "interval" && /infinity|%|^P\d+-/.test(value)
}

const NOT_ISO = new RegExp(
  String.raw`inf|now|today|tomorrow|yesterday|jan|feb|america|\d\/\d|^\d+-\d+-\d{4}|29\d{4}-|\.\d+\.|est` +
    String.raw`|j\d|^\d\d-|-060|t\d{4}|t\d\d$|am|pm`,
  "i",
)

function casesOf(fromKind: TypeKind, toKind: TypeKind): CastCase[] {
  const targets = toKind === "decimal" ? [decimal(10, 2), decimal(38, 16), decimal(4, 3)] : [typeOf(toKind)]
  return targets.flatMap((to) =>
    poolsOf(fromKind).flatMap(({ type: from, values }) => {
      const texts = fromKind === "string" ? (TEXTS[toKind] ?? []) : []
      return castAllowed(from, to, "explicit")
        ? [...values, ...texts].map((value) => ({ from, to, value }))
        : []
    }),
  )
}

function evaluate(value: Scalar, from: LogicalType, to: LogicalType) {
  if (from.kind === "interval")
    return compileScalar(castOf(literal(value, from), to), [])(batchOf([], [[]]), 0)
  const column: Column = { name: "c", type: from, nullable: true }
  const run = compiled(from, to, column)
  return run(batchOf([column], [[value]]), 0)
}

const cache = new Map<string, ReturnType<typeof compileScalar>>()

function compiled(from: LogicalType, to: LogicalType, column: Column) {
  const key = `${postgresType(from)} ${postgresType(to)}`
  const run = cache.get(key) ?? compileScalar(castOf({ kind: "column", index: 0, ...column }, to), [column])
  cache.set(key, run)
  return run
}

function literal(value: Scalar, type: LogicalType): Expression {
  return { kind: "literal", value, type, nullable: value === null }
}

function castOf(input: Expression, type: LogicalType): Expression {
  return { kind: "cast", input, type, nullable: input.nullable }
}

function typeOf(kind: TypeKind): LogicalType {
  return kind === "decimal" ? decimal(10, 2) : ({ kind } as LogicalType)
}
