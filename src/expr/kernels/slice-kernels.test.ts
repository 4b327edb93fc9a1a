/** Functions on the bytes of a column against the same ones on JavaScript strings. */
import assert from "node:assert/strict"
import { test } from "node:test"
import type { Batch } from "../../columns/batch.ts"
import type { Column, Scalar } from "../../columns/types.ts"
import { INT32, STRING } from "../../columns/types.ts"
import { allocateVector } from "../../columns/vector.ts"
import { compileScalar } from "../compile/scalar.ts"
import type { Call, Expression } from "../expression.ts"
import { encodeText } from "../values/slices.ts"

const TEXTS = [
  "",
  "a",
  "https://example.com/a/b/c?channel_id=12&x=1",
  "//",
  "&&&x&&",
  "aaaaa",
  "ÄÖÜ äöü ß",
  "İstanbul",
  "日本語/テキスト/三",
  "😀/😀a/b😀",
  "Some LONGER text with Upper and lower case, longer than what is decoded by hand",
]
const COLUMNS: readonly Column[] = [{ name: "s", type: STRING, nullable: true }]

/** The texts, one behind the other in one buffer, and a NULL. */
function batchOf(texts: readonly string[]): Batch {
  const bytes = texts.map(encodeText)
  const vector = allocateVector(STRING, texts.length + 1, Buffer.concat(bytes))
  let end = 0
  bytes.forEach(({ length }, row) => {
    vector.values[row] = end
    end += length
    vector.ends[row] = end
  })
  vector.nulls[texts.length] = 1
  // Where a row is NULL its range means nothing.
  vector.values[texts.length] = 1_000_000
  return { length: texts.length + 1, vectors: [vector] }
}

const column: Expression = { kind: "column", index: 0, name: "s", type: STRING, nullable: true }

function literal(value: Scalar): Expression {
  return { kind: "literal", value, type: typeof value === "number" ? INT32 : STRING, nullable: false }
}

function call(signature: string, text: Expression, constants: readonly Scalar[]): Call {
  const args = [text, ...constants.map(literal)]
  return { kind: "call", signature, args, type: STRING, nullable: true }
}

const NUMBERS = [0, 1, 2, 3, 5, 100, 2_147_483_647, -1, -2, -2_147_483_648]
const DELIMITERS = ["", "/", "//", "&", "aa", "channel_id=", "語", "😀", "zzz"]

const CALLS: readonly (readonly [string, readonly (readonly Scalar[])[]])[] = [
  ["split_part(string,string,int32)", DELIMITERS.flatMap((d) => NUMBERS.map((n) => [d, n]))],
  ["left(string,int32)", NUMBERS.map((n) => [n])],
  ["substring(string,int32)", NUMBERS.map((n) => [n])],
  ["substring(string,int32,int32)", NUMBERS.flatMap((a) => NUMBERS.map((b) => [a, b]))],
  ["lower(string)", [[]]],
  ["upper(string)", [[]]],
  [
    "replace(string,string,string)",
    DELIMITERS.flatMap((d) => ["", "x", "lönger than before"].map((to) => [d, to])),
  ],
]

for (const [signature, constants] of CALLS) {
  test(`${signature} of a column's bytes is that of its texts`, () => {
    const batch = batchOf(TEXTS)
    for (const each of constants) {
      const ofBytes = compileScalar(call(signature, column, each), COLUMNS)
      TEXTS.forEach((text, row) => {
        const ofText = compileScalar(call(signature, literal(text), each), [])
        assert.deepEqual(ofBytes(batch, row), ofText({ length: 1, vectors: [] }, 0), `${text}: ${each}`)
      })
      assert.deepEqual(ofBytes(batch, TEXTS.length), { value: null })
    }
  })
}

test("what was cut is cut, compared and measured again", () => {
  const batch = batchOf(["a/b-c/d", "a/B-C", "a", "x/-b"])
  const second = call("split_part(string,string,int32)", column, ["/", 2])
  const inner = call("lower(string)", call("split_part(string,string,int32)", second, ["-", 1]), [])
  const isB: Expression = {
    ...{ kind: "call", signature: "eq(string,string)", args: [inner, literal("b")] },
    ...{ type: { kind: "boolean" }, nullable: true },
  }
  const length: Expression = {
    ...{ kind: "call", signature: "length(string)", args: [second], type: INT32, nullable: true },
  }
  const values = (expression: Expression) =>
    Array.from({ length: batch.length }, (_, row) => compileScalar(expression, COLUMNS)(batch, row))
  assert.deepEqual(
    values(inner),
    ["b", "b", "", "", null].map((value) => ({ value })),
  )
  assert.deepEqual(
    values(isB),
    [true, true, false, false, null].map((value) => ({ value })),
  )
  assert.deepEqual(
    values(length),
    [3, 3, 0, 2, null].map((value) => ({ value })),
  )
})

test("bytes of another batch in the same memory are split anew", () => {
  const batch = batchOf(["Ab/cd/E"])
  const second = compileScalar(call("split_part(string,string,int32)", column, ["/", 2]), COLUMNS)
  assert.deepEqual(second(batch, 0), { value: "cd" })
  batch.vectors[0]!.data.set(encodeText("a/b/c/d"))
  assert.deepEqual(second(batch, 0), { value: "b" })
})

test("fields of two texts with two delimiters, in any order", () => {
  const batch = batchOf(["a/b-c/d-e/f"])
  const field = (delimiter: string, n: number) =>
    call("split_part(string,string,int32)", column, [delimiter, n])
  const order: readonly (readonly [string, number, string])[] = [
    ["/", 2, "b-c"],
    ["-", 2, "c/d"],
    ["/", 3, "d-e"],
    ["/", 1, "a"],
    ["/", 4, "f"],
    ["/", 4, "f"],
    ["/", 6, ""],
    ["/", 3, "d-e"],
  ]
  const joined = order
    .map(([delimiter, n]): Expression => field(delimiter, n))
    .reduce((all, each) => ({
      ...{ kind: "call", signature: "append(string,string)", args: [all, each] },
      ...{ type: STRING, nullable: true },
    }))
  const value = order.map(([, , text]) => text).join("")
  assert.deepEqual(compileScalar(joined, COLUMNS)(batch, 0), { value })
})

test("a replacement that would be too long fails, and one that may be is tried", () => {
  const many = "a".repeat(10_000)
  const batch = batchOf([many, "b".repeat(10_000)])
  const replaced = compileScalar(
    call("replace(string,string,string)", column, ["a", "x".repeat(2_000)]),
    COLUMNS,
  )
  assert.deepEqual(replaced(batch, 0), { failure: "invalid-argument" })
  assert.deepEqual(replaced(batch, 1), { value: "b".repeat(10_000) })
})
