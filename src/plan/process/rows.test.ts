/** Rows as handlers see them, and rows that they put out, as columns. */
import { deepEqual, throws } from "node:assert/strict"
import { test } from "node:test"
import { z } from "zod"
import { batchOf } from "../../../test/kit/batch-of.ts"
import type { Scalar } from "../../columns/types.ts"
import { mapField } from "../../contracts/field-mapping.ts"
import { bytes, date, decimal, int32, int64, json, timestamp } from "../../contracts/field-types.ts"
import { outputWriter } from "./output-writer.ts"
import { keyReader, rowReader } from "./row-reader.ts"

const AT_US = 1_714_564_800_123_456n

/** value: what a handler sees and may put out. */
const VALUES: readonly (readonly [schema: z.ZodType, scalar: Scalar, value: unknown])[] = [
  [z.boolean(), true, true],
  [int32(), -7, -7],
  [int64(), 2n ** 60n, 2n ** 60n],
  [z.literal([1, 2]), 2, 2],
  [z.int(), 9_007_199_254_740_991n, 9_007_199_254_740_991],
  [z.number(), 0.5, 0.5],
  [decimal(12, 2), 1_250n, "12.50"],
  [decimal(30, 2), -(10n ** 25n), `-1${"0".repeat(23)}.00`],
  [z.string(), "üñ", "üñ"],
  [json(), '{"a":[1]}', { a: [1] }],
  [bytes(), Uint8Array.of(1, 2, 255), "AQL/"],
  [date(), 19_844, "2024-05-01"],
  [timestamp(), AT_US, "2024-05-01T12:00:00.123456Z"],
  [timestamp({ unit: "ms" }), 1_714_564_800_123_000n, 1_714_564_800_123],
  [timestamp({ unit: "us" }), AT_US, Number(AT_US)],
  [z.string().nullable(), null, null],
]

const fieldOf = (schema: z.ZodType, name = "v") => mapField({ event: "e", field: name }, schema)

for (const [schema, scalar, value] of VALUES) {
  const field = fieldOf(schema)
  test(`${field.type.kind} ${String(scalar)} is ${JSON.stringify(value, (_, part) => String(part))}`, () => {
    const { vectors } = batchOf([field], [[scalar]])
    deepEqual(rowReader([field], [0])(vectors, 0), { v: value })
    deepEqual(keyReader([field], true)(vectors, 0), value)
    deepEqual(outputWriter("output", [field])({ v: value }), [scalar])
  })
}

test("a missing optional field is a missing key, in and out", () => {
  const field = fieldOf(int32().optional())
  const { vectors } = batchOf([field], [[null]])
  deepEqual(Object.keys(rowReader([field], [0])(vectors, 0)), [])
  deepEqual(outputWriter("output", [field])({}), [null])
  throws(() => outputWriter("output", [field])({ v: null }), /column output\.v cannot hold null/)
})

test("a column that is left out has its default", () => {
  deepEqual(
    outputWriter("output", [fieldOf(int64().default(5n)), fieldOf(z.string().default("x"), "w")])({}),
    [5n, "x"],
  )
})

test("several columns of a key are an object", () => {
  const fields = [fieldOf(z.string(), "a"), fieldOf(int32().nullable(), "b")]
  deepEqual(keyReader(fields, false)(batchOf(fields, [["x", null]]).vectors, 0), { a: "x", b: null })
})

const MISFITS: readonly (readonly [schema: z.ZodType, value: unknown])[] = [
  [int32(), 1.5],
  [int32(), 2 ** 31],
  [int32(), undefined],
  [int64(), 2n ** 63n],
  [decimal(4, 2), "123.45"],
  [decimal(4, 2), 0.001],
  [z.number(), Number.NaN],
  [z.number().max(5), 6],
  [z.string(), 7],
  [z.string(), "\ud800"],
  [z.enum(["a"]), "b"],
  [timestamp(), 1_714_564_800_123],
  [timestamp({ unit: "ms" }), 1e300],
  [date(), "2024-02-31"],
  [z.boolean(), 1],
]

for (const [schema, value] of MISFITS) {
  const field = fieldOf(schema)
  test(`${String(value)} does not fit a column of ${field.type.kind}`, () => {
    throws(() => outputWriter("output", [field])({ v: value }), /column output\.v cannot hold/)
  })
}

test("a column that is not declared, and a row that is none, do not fit", () => {
  const write = outputWriter("late", [fieldOf(int32())])
  throws(() => write({ v: 1, w: 2 }), /output late has no column "w"; declare it/)
  throws(() => write(7), /a row of output late is an object of its columns, not 7/)
})
