import assert from "node:assert/strict"
import { test } from "node:test"
import { Ajv2020 } from "ajv/dist/2020.js"
import { z } from "zod"
import { event } from "./event.ts"
import { bytes, date, decimal, float64, int32, int64, json, timestamp } from "./field-types.ts"
import { createJsonDecoder } from "./json/decoder.ts"

const tree: z.ZodType = z.lazy(() => z.object({ name: z.string(), inside: z.array(tree).optional() }))

const thing = event("thing", {
  schema: z.strictObject({
    id: z.string().min(1).max(3).describe("What it is called."),
    at: timestamp(),
    yes: z.boolean().optional(),
    small: int32().min(0).lt(10).nullish(),
    large: int64().optional(),
    whole: z.int().multipleOf(5).optional(),
    share: float64().gt(0).optional(),
    price: decimal(5, 2).optional(),
    day: date().optional(),
    utc: z.iso.datetime().optional(),
    millis: timestamp({ unit: "ms" }).optional(),
    blob: bytes().optional(),
    plan: z.enum(["free", "premium"]).default("free"),
    email: z.email().optional(),
    code: z
      .string()
      .regex(/^[A-Z]+$/)
      .optional(),
    any: json().optional(),
    lines: z
      .array(z.object({ sku: z.string(), n: int64(), price: decimal(8, 2), at: timestamp() }))
      .max(2)
      .optional(),
    tree: tree.optional(),
  }),
  id: "id",
  time: "at",
  description: "A thing.",
})

const line = { sku: "x", n: "5", price: 1.5, at: "2024-01-01T00:00:00Z" }

const ACCEPTED: readonly object[] = [
  {},
  { small: null, large: 5, price: "1.5" },
  { small: 9, large: "9223372036854775807", whole: 10, share: 0.5 },
  { yes: true, day: "2024-02-29", utc: "2024-01-01T00:00:00.123456Z", millis: 1_700_000_000_000 },
  { at: "2024-01-01T00:00:00.5+05:30", blob: "aGk=", plan: "premium", email: "a@b.co", code: "AB" },
  { any: [1, { a: null }], lines: [line, { ...line, n: 5, price: "2" }] },
  { tree: { name: "a", inside: [{ name: "b", inside: [] }] } },
  { id: "\u{1f600}\u{1f600}\u{1f600}" },
  { event_type: "thing" },
]

/** Refused by both. */
const REFUSED: readonly object[] = [
  { id: 5 },
  { id: "" },
  { id: "abcd" },
  { at: "yesterday" },
  { at: null },
  { yes: "true" },
  { small: -1 },
  { small: 10 },
  { small: 2 ** 31 },
  { small: 1.5 },
  { large: "many" },
  { large: 1.5 },
  { share: 0 },
  { price: "1,5" },
  { day: "2024-13-01" },
  { utc: "2024-01-01T00:00:00+01:00" },
  { millis: "1700000000000" },
  { plan: "gold" },
  { plan: null },
  { email: "a" },
  { code: "ab" },
  { lines: [line, line, line] },
  { lines: [{ ...line, n: "x" }] },
  { lines: [{ ...line, at: "x" }] },
  { tree: { name: "a", inside: [{}] } },
  { more: 1 },
]

test("the JSON Schema takes what the decoder takes and refuses what it can say", () => {
  const ajv = new Ajv2020({ allErrors: true, validateFormats: false })
  const validate = ajv.compile(thing.jsonSchema)
  const decoder = createJsonDecoder(thing)
  const isTaken = (text: string) =>
    decoder.decode(new TextEncoder().encode(text), "ndjson").rejectedCount === 0
  const whole = (more: object) => ({ id: "a", at: "2024-01-01T00:00:00Z", ...more })
  for (const more of ACCEPTED) {
    const text = JSON.stringify(whole(more))
    assert.equal(isTaken(text), true, text)
    assert.equal(validate(JSON.parse(text)), true, `${text} ${ajv.errorsText(validate.errors)}`)
  }
  for (const more of REFUSED) {
    const text = JSON.stringify(whole(more))
    assert.equal(isTaken(text), false, text)
    assert.equal(validate(JSON.parse(text)), false, text)
  }
  for (const text of ["{}", '{"id":"a"}', "[]", "5"]) {
    assert.equal(isTaken(text), false, text)
    assert.equal(validate(JSON.parse(text)), false, text)
  }
})

test("the JSON Schema carries what people wrote about an event", () => {
  const { title, description, required, additionalProperties, properties } = thing.jsonSchema as {
    title: string
    description: string
    required: string[]
    additionalProperties: boolean
    properties: Record<string, Record<string, unknown>>
  }
  assert.deepEqual(
    { title, description, required, additionalProperties },
    {
      title: "thing",
      description: "A thing.",
      required: ["id", "at"],
      additionalProperties: false,
    },
  )
  assert.equal(properties["id"]?.["description"], "What it is called.")
  assert.equal(properties["plan"]?.["default"], "free")
  assert.equal(JSON.stringify(thing.jsonSchema), JSON.stringify(JSON.parse(JSON.stringify(thing.jsonSchema))))
})
