import assert from "node:assert/strict"
import { test } from "node:test"
import { z } from "zod"
import { typeName } from "../columns/types.ts"
import type { EventContract } from "./contract.ts"
import type { EventDefinition } from "./event.ts"
import { event } from "./event.ts"
import { bytes, date, decimal, float64, int32, int64, json, timestamp } from "./field-types.ts"

const base = { id: z.string(), at: timestamp() }
const roles = { id: "id", time: "at" } as const

function fieldOf(schema: z.ZodType) {
  const contract = event("thing", { schema: z.object({ ...base, f: schema }), ...roles })
  return contract.fields[2]!
}

test("an event has what its definition says, and defaults for the rest", () => {
  const plain = event("user_signup", { schema: z.object(base), ...roles })
  assert.deepEqual(
    { ...plain, fields: plain.fields.length, jsonSchema: typeof plain.jsonSchema, fingerprint: "" },
    {
      kind: "event",
      name: "user_signup",
      description: null,
      fields: 2,
      id: "id",
      time: "at",
      key: null,
      topic: "user_signup",
      partitions: 1,
      outOfOrdernessMs: 0,
      idleMs: 30_000,
      idleAdvance: false,
      dedupWindowMs: null,
      unknownFields: "keep",
      onInvalid: "reject",
      retention: {},
      compression: "none",
      jsonSchema: "object",
      fingerprint: "",
      rowSchema: null,
      owner: null,
    },
  )
  assert.match(plain.fingerprint, /^[0-9a-f]{16}$/)
  const full = event("user_signup", {
    schema: z.strictObject(base),
    ...roles,
    key: "id",
    topic: "signups",
    partitions: 4,
    outOfOrderness: "10 s",
    idle: "1 minute",
    idleAdvance: true,
    dedup: "1 day",
    retention: { time: "7 days", bytes: 1e9 },
    compression: "zstd",
    description: "Somebody signed up.",
    owner: "growth",
    personal: [],
  })
  assert.equal(full.key, "id")
  assert.equal(full.topic, "signups")
  assert.equal(full.partitions, 4)
  assert.equal(full.outOfOrdernessMs, 10_000)
  assert.equal(full.idleMs, 60_000)
  assert.equal(full.dedupWindowMs, 86_400_000)
  assert.equal(full.unknownFields, "refuse")
  assert.deepEqual(full.retention, { ms: 604_800_000, bytes: 1e9 })
  assert.equal(full.owner, "growth")
})

test("each zod schema has its column type", () => {
  const cases: [string, z.ZodType, string][] = [
    ["boolean", z.boolean(), "boolean"],
    ["int32", int32(), "int32"],
    ["z.int32", z.int32(), "int32"],
    ["z.int", z.int(), "int64"],
    ["z.number().int()", z.number().int(), "int64"],
    ["z.uint32", z.uint32(), "int64"],
    ["z.int64", z.int64(), "int64"],
    ["z.bigint", z.bigint(), "int64"],
    [
      "int64",
      int64()
        .min(0n)
        .refine((value) => value !== 5n),
      "int64",
    ],
    ["z.number", z.number(), "float64"],
    ["z.float32", z.float32(), "float64"],
    ["float64", float64(), "float64"],
    ["decimal", decimal(12, 2), "decimal(12,2)"],
    ["decimal, described", decimal(38, 0).describe("wide"), "decimal(38,0)"],
    ["string", z.string(), "string"],
    ["email", z.email(), "string"],
    ["uuid", z.string().uuid(), "string"],
    ["enum", z.enum(["a", "b"]), "string"],
    ["literal", z.literal("a"), "string"],
    ["literal numbers", z.literal([1, 2]), "int32"],
    ["literal fractions", z.literal([1.5, 2]), "float64"],
    ["literals of two types", z.literal(["a", 1]), "json"],
    ["template", z.templateLiteral(["a", z.number()]), "string"],
    ["datetime", z.iso.datetime(), "timestamp"],
    ["z.string().datetime()", z.string().datetime({ offset: true }), "timestamp"],
    ["timestamp", timestamp(), "timestamp"],
    ["epoch", timestamp({ unit: "ms" }), "timestamp"],
    ["iso date", z.iso.date(), "date"],
    ["date", date(), "date"],
    ["base64", z.base64(), "bytes"],
    ["bytes", bytes(), "bytes"],
    ["array", z.array(z.string()), "json"],
    ["object", z.object({ a: z.object({ b: int64() }) }), "json"],
    ["record", z.record(z.string(), z.number()), "json"],
    ["tuple", z.tuple([z.string(), z.number()]), "json"],
    ["union", z.union([z.string(), z.number()]), "json"],
    ["union of literals", z.union([z.literal("a"), z.literal("b")]), "string"],
    ["intersection", z.intersection(z.object({ a: z.string() }), z.object({ b: z.string() })), "json"],
    ["json", json(), "json"],
    ["z.json", z.json(), "json"],
    ["unknown", z.unknown(), "json"],
    ["branded, readonly, lazy", z.lazy(() => z.string().brand<"x">().readonly()), "string"],
  ]
  for (const [what, schema, expected] of cases) assert.equal(typeName(fieldOf(schema).type), expected, what)
})

test("what may be missing or null follows zod", () => {
  const cases: [
    string,
    z.ZodType,
    { optional: boolean; nullable: boolean; acceptsNull: boolean; text: string | null },
  ][] = [
    ["plain", z.string(), { optional: false, nullable: false, acceptsNull: false, text: null }],
    ["optional", z.string().optional(), { optional: true, nullable: true, acceptsNull: false, text: null }],
    ["nullable", z.string().nullable(), { optional: false, nullable: true, acceptsNull: true, text: null }],
    ["nullish", z.string().nullish(), { optional: true, nullable: true, acceptsNull: true, text: null }],
    [
      "default",
      z.string().default("x"),
      { optional: true, nullable: false, acceptsNull: false, text: '"x"' },
    ],
    [
      "default, optional",
      int64().default(5n).optional(),
      { optional: true, nullable: false, acceptsNull: false, text: "5" },
    ],
    [
      "nullable default",
      z.int32().nullable().default(null),
      { optional: true, nullable: true, acceptsNull: true, text: null },
    ],
    [
      "nonoptional",
      z.string().optional().nonoptional(),
      { optional: false, nullable: false, acceptsNull: false, text: null },
    ],
    [
      "union with null",
      z.union([z.literal("a"), z.null()]),
      { optional: false, nullable: true, acceptsNull: true, text: null },
    ],
    ["anything", z.unknown(), { optional: false, nullable: true, acceptsNull: true, text: null }],
  ]
  for (const [what, schema, expected] of cases) {
    const { optional, nullable, rule } = fieldOf(schema)
    assert.deepEqual(
      { optional, nullable, acceptsNull: rule?.acceptsNull, text: rule?.defaultText },
      expected,
      what,
    )
  }
})

test("what no column holds is refused by name, with what to write instead", () => {
  let calls = 0
  const cases: [string, z.ZodType, RegExp][] = [
    ["date", z.date(), /z\.date\(\).*timestamp\(\)/],
    ["transform", z.string().transform((text) => text.length), /transforms/],
    ["codec", z.stringbool(), /transforms/],
    ["preprocess", z.preprocess((value) => value, z.string()), /transforms/],
    ["trim", z.string().trim(), /changes its value/],
    ["lower case inside", z.array(z.string().toLowerCase()), /changes a value inside/],
    ["coerce", z.coerce.number(), /coerces/],
    ["catch", z.string().catch("x"), /catch/],
    ["promise", z.promise(z.string()), /promise/],
    ["function inside", z.object({ a: z.date() }), /contains something that is z\.date/],
    ["bigint inside", z.array(z.bigint()), /int64\(\)/],
    ["map", z.map(z.string(), z.string()), /z\.record/],
    ["set", z.set(z.string()), /z\.array/],
    ["null", z.null(), /nullable/],
    ["undefined", z.undefined(), /leave it out/],
    ["never", z.never(), /leave it out/],
    ["uint64", z.uint64(), /decimal\(20, 0\)/],
    ["local time", z.iso.datetime({ local: true }), /offset/],
    ["no seconds", z.iso.datetime({ precision: -1 }), /seconds/],
    ["normalized URL", z.url({ normalize: true }), /normalize/],
    ["changing default", z.string().default(() => String(calls++)), /differs from call to call/],
  ]
  for (const [what, schema, message] of cases) {
    assert.throws(() => fieldOf(schema), { code: "unsupported-field", message }, what)
    assert.throws(() => fieldOf(schema), /event "thing": field "f"/, what)
  }
})

test("a definition that cannot work says why", () => {
  type Definition = Omit<EventDefinition<z.ZodObject>, "schema"> & {
    readonly schema?: unknown
    readonly name?: string
  }
  const declare = ({ name = "thing", ...rest }: Partial<Definition>): EventContract =>
    event(name, {
      schema: z.object({ ...base, n: int32().optional(), f: z.number() }),
      ...roles,
      ...rest,
    } as never)
  const cases: [string, Partial<Definition>, string, RegExp][] = [
    ["upper case", { name: "UserSignup" }, "invalid-event", /snake_case/],
    ["empty name", { name: "" }, "invalid-event", /snake_case/],
    ["long name", { name: "a".repeat(64) }, "invalid-event", /63/],
    ["no schema", { schema: { id: z.string() } }, "invalid-event", /z\.object/],
    ["unknown id", { id: "nope" as never }, "invalid-event", /"nope".*id, at, n, f/],
    ["optional id", { id: "n" as never }, "invalid-event", /may be missing/],
    ["float id", { id: "f" as never }, "invalid-event", /string, int32 or int64/],
    ["time is no time", { time: "id" as never }, "invalid-event", /not a timestamp/],
    ["unknown key", { key: "nope" as never }, "invalid-event", /key/],
    ["float key", { key: "f" as never }, "invalid-event", /float64/],
    ["internal topic", { topic: "_epochs" }, "invalid-event", /topic/],
    ["no partitions", { partitions: 0 }, "invalid-event", /partitions/],
    ["half a partition", { partitions: 1.5 }, "invalid-event", /partitions/],
    ["mistyped onInvalid", { onInvalid: "deadletter" as never }, "invalid-event", /"dead-letter"/],
    ["bad duration", { outOfOrderness: "soon" }, "invalid-duration", /outOfOrderness of event "thing"/],
    ["bad retention", { retention: { bytes: -1 } }, "invalid-event", /retention/],
    ["personal", { personal: ["id"] }, "personal-not-supported", /sealed/],
    ["catchall", { schema: z.object(base).catchall(z.string()) }, "invalid-event", /catchall/],
    [
      "strict and kept",
      { schema: z.strictObject(base), unknownFields: "keep" },
      "invalid-event",
      /strictObject/,
    ],
    [
      "reserved field",
      { schema: z.object({ ...base, processed_at: z.string() }) },
      "invalid-event",
      /append time/,
    ],
    ["odd field", { schema: z.object({ ...base, "a-b": z.string() }) }, "invalid-event", /"a-b"/],
    ["__proto__", { schema: z.object({ ...base, ["__proto__"]: z.string() }) }, "invalid-event", /__proto__/],
  ]
  assert.equal(declare({}).name, "thing")
  for (const [what, definition, code, message] of cases) {
    assert.throws(() => declare(definition), { code, message }, what)
  }
})

test("the fingerprint follows fields and checks, not their order", () => {
  const of = (shape: z.ZodRawShape, rest: { unknownFields?: "refuse" } = {}) =>
    event("thing", { schema: z.object({ ...base, ...shape }), ...roles, ...rest }).fingerprint
  const one = of({ a: z.string(), b: int32().min(1).max(5) })
  assert.equal(one, of({ b: int32().max(5).min(1), a: z.string() }))
  const others = [
    of({ a: z.string(), b: int32().min(1) }),
    of({ a: z.string(), b: int32().min(2).max(5) }),
    of({ a: z.string().optional(), b: int32().min(1).max(5) }),
    of({ a: z.string().default("x"), b: int32().min(1).max(5) }),
    of({ a: z.string().default("y"), b: int32().min(1).max(5) }),
    of({ a: z.string().regex(/x/), b: int32().min(1).max(5) }),
    of({ a: z.string().refine((text) => text !== "x"), b: int32().min(1).max(5) }),
    of({ a: z.string().refine((text) => text !== "y"), b: int32().min(1).max(5) }),
    of({ a: z.string(), b: int64() }),
    of({ a: z.string(), b: int32().min(1).max(5) }, { unknownFields: "refuse" }),
  ]
  assert.equal(new Set([one, ...others]).size, others.length + 1)
  assert.equal(of({ a: z.array(z.string()) }), of({ a: z.array(z.string()) }))
  assert.notEqual(of({ a: z.array(z.string()) }), of({ a: z.array(z.number()) }))
})

test("rows and inputs are typed from the schema, and roles must be fields that fit", () => {
  const schema = z.object({
    id: z.string(),
    at: timestamp(),
    n: int64(),
    d: z.string().default("x"),
    o: int32().optional(),
  })
  const contract = event("typed", { schema, id: "id", time: "at" })
  type Row = NonNullable<typeof contract.row>
  type Input = NonNullable<typeof contract.input>
  const row: Row = { id: "a", at: "2024-01-01T00:00:00Z", n: 5n, d: "x" }
  const input: Input = { id: "a", at: "2024-01-01T00:00:00Z", n: "5" }
  assert.equal(typeof row.n, "bigint")
  assert.equal(input.d, undefined)
  // @ts-expect-error an id that may be missing
  assert.throws(() => event("typed", { schema, id: "o", time: "at" }), { code: "invalid-event" })
  // @ts-expect-error not a field
  assert.throws(() => event("typed", { schema, id: "id", time: "when" }), { code: "invalid-event" })
  // @ts-expect-error a row without its number
  const wrong: Row = { id: "a", at: "x", d: "x" }
  assert.equal(wrong.id, "a")
})

test("decimals with impossible digits are refused", () => {
  for (const [precision, scale] of [
    [0, 0],
    [39, 0],
    [5, 6],
    [5, -1],
    [5.5, 1],
  ] as const) {
    assert.throws(() => decimal(precision, scale), { code: "invalid-decimal" }, `${precision}, ${scale}`)
  }
})

test("the field types work as zod schemas alone", () => {
  const cases: [string, z.ZodType, unknown, unknown][] = [
    ["int64 number", int64(), 5, 5n],
    ["int64 text", int64(), "9223372036854775807", 9223372036854775807n],
    ["int64 too large", int64(), "9223372036854775808", undefined],
    ["int64 fraction", int64(), 1.5, undefined],
    ["int64 hex", int64(), "0x10", undefined],
    ["int64 boolean", int64(), true, undefined],
    ["decimal number", decimal(5, 2), 1.5, "1.50"],
    ["decimal text", decimal(5, 2), "-1.5", "-1.50"],
    ["decimal too precise", decimal(5, 2), "1.005", undefined],
    ["decimal too large", decimal(5, 2), 1000, undefined],
    ["timestamp", timestamp(), "2024-02-29T12:00:00+01:00", "2024-02-29T12:00:00+01:00"],
    ["timestamp of no day", timestamp(), "2023-02-29T12:00:00Z", undefined],
    ["epoch", timestamp({ unit: "s" }), 1.5, 1.5],
    ["epoch far away", timestamp({ unit: "s" }), 1e12, undefined],
    ["date", date(), "2024-02-29", "2024-02-29"],
    ["date of no day", date(), "2023-02-29", undefined],
    ["bytes", bytes(), "aGk=", "aGk="],
    ["bytes without padding", bytes(), "aGk", undefined],
    ["json", json(), { a: [1] }, { a: [1] }],
    ["json null", json(), null, undefined],
  ]
  for (const [what, schema, given, expected] of cases) {
    const result = schema.safeParse(given)
    assert.deepEqual(result.success ? result.data : undefined, expected, what)
  }
})

test("a mistyped option is refused, because its default would be silently taken", () => {
  const mistyped = { schema: z.object(base), ...roles, outOfOrdernes: "10 s" }
  assert.throws(() => event("thing", mistyped), {
    code: "invalid-event",
    message: /there is no option outOfOrdernes; the options are schema, .*outOfOrderness/,
  })
})
