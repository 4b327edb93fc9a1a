/**
 * States come back from their text as they were, equal ones have equal texts, and what would not is refused.
 */
import { deepEqual, equal, throws } from "node:assert/strict"
import { test } from "node:test"
import { z } from "zod"
import { int64 } from "../../contracts/field-types.ts"
import { stateCodec } from "./state-codec.ts"

const codec = (shape: z.ZodRawShape) => stateCodec(z.object(shape), (message) => new Error(message))

const KEPT: readonly (readonly [schema: z.ZodType, value: unknown, text: string])[] = [
  [z.string(), 'a "b" \ud800 ü', '"a \\"b\\" \\ud800 ü"'],
  [z.boolean(), true, "true"],
  [z.number(), -0, "-0"],
  [z.number(), 1e300, "1e+300"],
  [z.number(), 0.1, "0.1"],
  [z.bigint(), -(2n ** 80n), '"-1208925819614629174706176"'],
  [int64(), 5n, '"5"'],
  [z.null(), null, "null"],
  [z.enum(["on", "off"]), "off", '"off"'],
  [z.literal([1, "a", null]), null, "null"],
  [z.array(z.bigint()), [1n, 2n], '["1","2"]'],
  [z.array(z.number()), [], "[]"],
  [z.tuple([z.bigint().nullable(), z.string()]), [null, "x"], '[null,"x"]'],
  [z.record(z.string(), z.bigint()), { b: 1n, a: 2n }, '{"b":"1","a":"2"}'],
  [z.object({ b: z.number(), a: z.number().optional() }), { b: 1 }, '{"b":1}'],
  [z.object({ b: z.number(), a: z.number().optional() }), { a: 2, b: 1 }, '{"b":1,"a":2}'],
  [z.union([z.number(), z.bigint()]), 7n, '[1,"7"]'],
  [z.union([z.number(), z.object({ at: z.bigint() })]).nullable(), { at: 7n }, '[1,{"at":"7"}]'],
  [z.number().default(3), 4, "4"],
]

for (const [schema, value, text] of KEPT) {
  test(`${text} stands for a state`, () => {
    const { write, read } = codec({ v: schema })
    equal(write({ v: value }), `{"v":${text}}`)
    deepEqual(read(`{"v":${text}}`), { v: value })
  })
}

test("equal states have one text, in whatever order their fields were set", () => {
  const { write } = codec({ a: z.number(), b: z.number() })
  equal(write({ b: 2, a: 1 }), write({ a: 1, b: 2 }))
})

const REFUSED: readonly (readonly [schema: z.ZodType, value: unknown, message: RegExp])[] = [
  [z.number(), Number.NaN, /state\.v is NaN, and a finite number is expected/],
  [z.number(), 1n, /state\.v is 1, and a finite number/],
  [z.number(), undefined, /state\.v is undefined, and a value is expected/],
  [z.string(), null, /state\.v is null, and a string/],
  [z.number().int(), 1.5, /state\.v: /],
  [z.string().regex(/^a/), "b", /state\.v: /],
  [z.array(z.number()), [1, undefined], /state\.v\[1\] is undefined, and a value/],
  [z.array(z.number()), { 0: 1 }, /state\.v is an object of Object, and an array/],
  [z.object({ a: z.number() }), { a: 1, b: 2 }, /state\.v has no field "b"; declare it/],
  [z.object({ a: z.number() }), new Map(), /state\.v is an object of Map, and an object is expected/],
  [z.record(z.string(), z.number()), { a: "1" }, /state\.v\["a"\] is "1", and a finite number/],
  [z.union([z.number(), z.bigint()]), "1", /state\.v is "1", and a value of one of the union's types/],
  [z.enum(["on", "off"]), "maybe", /state\.v is "maybe", and one of "on", "off" is expected/],
]

for (const [schema, value, message] of REFUSED) {
  test(`${message.source} is said of what does not fit`, () => {
    throws(() => codec({ v: schema }).write({ v: value }), message)
  })
}

const UNKEEPABLE: readonly (readonly [schema: z.ZodType, message: RegExp])[] = [
  [z.date(), /state\.v is z\.date\(\)/],
  [z.any(), /state\.v is z\.any\(\)/],
  [z.set(z.string()), /state\.v is z\.set\(\)/],
  [z.string().transform(Number), /state\.v is z\.pipe\(\)/],
  [z.string().trim(), /changes its value/],
  [z.looseObject({}), /takes keys that it does not name/],
  [z.record(z.number(), z.string()), /keys are no strings/],
  [z.lazy(() => z.string()), /state\.v is z\.lazy\(\)/],
]

for (const [schema, message] of UNKEEPABLE) {
  test(`${message.source} is said of a schema`, () => {
    throws(() => codec({ v: schema }), message)
  })
}
