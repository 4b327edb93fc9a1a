import assert from "node:assert/strict"
import { test } from "node:test"
import type { Batch } from "../../columns/batch.ts"
import type { Column } from "../../columns/types.ts"
import { BOOLEAN, INT32, INT64, STRING, TIMESTAMP } from "../../columns/types.ts"
import { allocateVector } from "../../columns/vector.ts"
import type { Call, Expression } from "../expression.ts"
import { FAILURES } from "../expression.ts"
import { createRowCode } from "./row-code-writer.ts"
import { compileScalar, foldConstants } from "./scalar.ts"

const COLUMNS: readonly Column[] = [
  { name: "a", type: INT32, nullable: true },
  { name: "s", type: STRING, nullable: true },
]
const [a, s] = COLUMNS.map((column, index): Expression => ({ kind: "column", index, ...column })) as [
  Expression,
  Expression,
]

/** Rows of an int32 and a string, null for NULL. */
function batchOf(rows: readonly (readonly [number | null, string | null])[]): Batch {
  const texts = rows.map(([, text]) => new TextEncoder().encode(text ?? ""))
  const data = Uint8Array.from(texts.flatMap((bytes) => [...bytes]))
  const numbers = allocateVector(INT32, rows.length)
  const strings = allocateVector(STRING, rows.length, data)
  let end = 0
  for (const [row, [number, text]] of rows.entries()) {
    numbers.nulls[row] = number === null ? 1 : 0
    numbers.values[row] = number ?? 12_345
    strings.nulls[row] = text === null ? 1 : 0
    strings.values[row] = end
    end += texts[row]!.length
    strings.ends[row] = end
  }
  return { length: rows.length, vectors: [numbers, strings] }
}

function int32(value: number): Expression {
  return { kind: "literal", value, type: INT32, nullable: false }
}

function call(signature: string, type: Call["type"], ...args: Expression[]): Call {
  return { kind: "call", signature, args, type, nullable: true }
}

const divided = call("divide(int32,int32)", INT32, int32(12), a)

/** A loop as operators generate it: values of the rows that do not fail, and how the others fail. */
function loop(
  expressions: readonly Expression[],
  batch: Batch,
): { rows: unknown[]; failed: string[]; text: string } {
  const code = createRowCode({
    row: "i",
    batch: "batch",
    onFailure: (index) => `failed.push(i, ${index}); break row;`,
  })
  const values = expressions.map((expression) => code.evaluate(expression))
  const results = values.map(({ value, isNull }) =>
    isNull === null ? value : `(${isNull}) ? null : ${value}`,
  )
  const text = `${code.prologue()}
    for (let i = 0; i < batch.length; i++) row: {\n${code.takeStatements()}\nrows.push([${results}]);\n}`
  const { names, values: bound } = code.bound
  const [rows, failed]: [unknown[], number[]] = [[], []]
  new Function("batch", "rows", "failed", ...names, text)(batch, rows, failed, ...bound)
  return { rows, failed: failed.map((value, i) => (i % 2 === 0 ? `row ${value}` : FAILURES[value]!)), text }
}

test("a row that fails leaves, its neighbours go on, NULL is no failure", () => {
  const { rows, failed } = loop(
    [divided],
    batchOf([
      [3, ""],
      [0, ""],
      [null, ""],
      [-4, ""],
    ]),
  )
  assert.deepEqual(rows, [[4], [null], [-3]])
  assert.deepEqual(failed, ["row 1", "division-by-zero"])
})

test("an expression that occurs twice is computed once", () => {
  const reversed = call("reverse(string)", STRING, s)
  const { rows, text } = loop(
    [reversed, call("append(string,string)", STRING, reversed, reversed)],
    batchOf([
      [1, "Ab"],
      [1, null],
    ]),
  )
  assert.deepEqual(rows, [
    ["bA", "bAbA"],
    [null, null],
  ])
  assert.equal(text.match(/= \$\d+\(s_\d+\)/g)?.length, 1)
})

test("what was computed in a branch is computed again outside of it", () => {
  const isSmall = call("lt(int32,int32)", BOOLEAN, a, int32(3))
  const chosen: Expression = {
    ...{ kind: "case", type: INT32, nullable: true, otherwise: int32(0) },
    branches: [{ when: isSmall, then: divided }],
  }
  const { rows, failed } = loop(
    [chosen, divided],
    batchOf([
      [2, ""],
      [4, ""],
      [null, ""],
    ]),
  )
  assert.deepEqual(rows, [
    [6, 6],
    [0, 3],
    [0, null],
  ])
  assert.deepEqual(failed, [])
})

test("what was computed between enter and leave is not reused behind them", () => {
  const code = createRowCode({ row: "i", batch: "batch", onFailure: () => "throw i;" })
  const sum = call("add(int32,int32)", INT32, a, int32(1))
  code.enter()
  const inside = code.evaluate(sum)
  assert.deepEqual(code.evaluate(sum), inside)
  code.leave()
  assert.notDeepEqual(code.evaluate(sum), inside)
})

test("branches that are not taken cannot fail", () => {
  const isZero = call("eq(int32,int32)", BOOLEAN, a, int32(0))
  const isOne = call("eq(int32,int32)", BOOLEAN, divided, int32(1))
  const either: Expression = { kind: "or", args: [isZero, isOne], type: BOOLEAN, nullable: true }
  const both: Expression = { kind: "and", args: [isZero, isOne], type: BOOLEAN, nullable: true }
  const first: Expression = { kind: "coalesce", args: [a, divided], type: INT32, nullable: true }
  const batch = batchOf([
    [0, ""],
    [12, ""],
    [null, ""],
  ])
  assert.deepEqual(loop([either], batch).rows, [[true], [true], [null]])
  assert.deepEqual(loop([first], batch).rows, [[0], [12], [null]])
  assert.deepEqual(loop([both], batch).failed, ["row 0", "division-by-zero"])
})

test("AND and OR have three values", () => {
  const truth = { t: true, f: false, n: null }
  const literal = (value: boolean | null): Expression => ({
    kind: "literal",
    value,
    type: BOOLEAN,
    nullable: value === null,
  })
  const table = {
    and: "tt=t tf=f tn=n ft=f ff=f fn=f nt=n nf=f nn=n",
    or: "tt=t tf=t tn=t ft=t ff=f fn=n nt=t nf=n nn=n",
  }
  for (const [kind, line] of Object.entries(table)) {
    for (const entry of line.split(" ")) {
      const [x, y, , result] = [...entry] as ("t" | "f" | "n")[]
      const args = [literal(truth[x!]), literal(truth[y!])]
      const expression = { kind: kind as "and" | "or", args, type: BOOLEAN, nullable: true }
      assert.deepEqual(
        compileScalar(expression, [])(batchOf([]), 0),
        { value: truth[result!] },
        `${kind} ${entry}`,
      )
    }
  }
})

test("literals are bound, never written into the text", () => {
  const evil = '"); process.exit(1); ("'
  const isEvil = call("eq(string,string)", BOOLEAN, s, {
    kind: "literal",
    value: evil,
    type: STRING,
    nullable: false,
  })
  const { rows, text } = loop(
    [isEvil],
    batchOf([
      [1, evil],
      [1, "x"],
      [1, null],
    ]),
  )
  assert.deepEqual(rows, [[true], [false], [null]])
  assert.ok(!text.includes("process"))
})

test("columns beyond the batch are what the generator says they are", () => {
  const extra = new Map([[7, { value: "(BigInt(i) * 10n)", isNull: null }]])
  const code = createRowCode({ row: "i", batch: "batch", extra, onFailure: () => "throw i;" })
  const start: Expression = { kind: "column", index: 7, name: "window_start", type: INT64, nullable: false }
  const { value, isNull } = code.evaluate(call("add(int64,int64)", INT64, start, start))
  const body = `const i = 3; ${code.takeStatements()} return ${value};`
  assert.equal(isNull, null)
  assert.equal(code.prologue(), "")
  assert.equal(new Function(...code.bound.names, body)(...code.bound.values), 60n)
})

test("constants fold, and those that fail are left to the rows", () => {
  const sum = call("add(int32,int32)", INT32, int32(2), int32(3))
  assert.deepEqual(foldConstants(call("add(int32,int32)", INT32, a, sum)), {
    ...call("add(int32,int32)", INT32, a, int32(5)),
  })
  assert.equal(foldConstants(call("divide(int32,int32)", INT32, int32(1), int32(0))).kind, "call")
})

test("a row's bytes that are written over the last one's are split anew", () => {
  const small = call("lower(string)", STRING, s)
  const slash: Expression = { kind: "literal", value: "/", type: STRING, nullable: false }
  const second = call("split_part(string,string,int32)", STRING, small, slash, int32(2))
  const texts = ["Ab/cd/E", "a/bcd/f", "/ABCD/g"]
  const { rows } = loop([second], batchOf(texts.map((text) => [1, text])))
  assert.deepEqual(rows, [["cd"], ["bcd"], ["abcd"]])
})

/** Rows of a timestamp, null for NULL. */
function timesOf(rows: readonly (bigint | null)[]): Batch {
  const times = allocateVector(TIMESTAMP, rows.length)
  rows.forEach((time, row) => {
    times.nulls[row] = time === null ? 1 : 0
    times.values[row] = time ?? -1n
  })
  return { length: rows.length, vectors: [times] }
}

const time: Expression = { kind: "column", index: 0, name: "t", type: TIMESTAMP, nullable: true }
const asText: Expression = { kind: "cast", input: time, type: STRING, nullable: true }
const DAY_US = 86_400_000_000n

test("what follows from one time is computed where that time is another one than in the row before", () => {
  const day = call("left(string,int32)", STRING, asText, int32(10))
  const times = timesOf([0n, 0n, null, null, -1n, DAY_US, DAY_US + 2n ** 32n, DAY_US, 0n])
  const { rows, text } = loop([day], times)
  const [first, second] = [["1970-01-01"], ["1970-01-02"]]
  assert.deepEqual(rows, [first, first, [null], [null], ["1969-12-31"], second, second, second, first])
  assert.match(text, /if \(!known_\d+ \|\| word_\d+ !== h0\[2 \* i\]/)
})

test("a time whose value failed fails again, and the one before it is not forgotten", () => {
  const field = call("left(string,int32)", STRING, asText, int32(4))
  const year: Expression = { kind: "cast", input: field, type: INT32, nullable: true }
  const after = (days: bigint) => days * DAY_US
  const { rows, failed } = loop([year], timesOf([0n, after(3_000_000n), after(3_000_000n), 0n, after(366n)]))
  assert.deepEqual(rows, [[1970], [1018], [1018], [1970], [1971]])
  assert.deepEqual(failed, [])
  const hour = call("left(string,int32)", STRING, asText, int32(13))
  const never: Expression = { kind: "cast", input: hour, type: INT32, nullable: true }
  assert.deepEqual(loop([never], timesOf([0n, 0n, null, 5n])).failed, [
    "row 0",
    "invalid-cast",
    "row 1",
    "invalid-cast",
    "row 3",
    "invalid-cast",
  ])
})

test("a branch remembers what was computed in it only", () => {
  const day = call("left(string,int32)", STRING, asText, int32(10))
  const other: Expression = { ...time, index: 1 }
  const isLater = call("lt(timestamp,timestamp)", BOOLEAN, time, other)
  const none: Expression = { kind: "literal", value: "none", type: STRING, nullable: false }
  const chosen: Expression = {
    ...{ kind: "case", type: STRING, nullable: true, otherwise: none },
    branches: [{ when: isLater, then: day }],
  }
  const [left] = timesOf([0n, DAY_US, DAY_US, 0n]).vectors
  const [right] = timesOf([1n, 0n, 2n * DAY_US, 1n]).vectors
  const { rows } = loop([chosen, day], { length: 4, vectors: [left!, right!] })
  assert.deepEqual(rows, [
    ["1970-01-01", "1970-01-01"],
    ["none", "1970-01-02"],
    ["1970-01-02", "1970-01-02"],
    ["1970-01-01", "1970-01-01"],
  ])
})
