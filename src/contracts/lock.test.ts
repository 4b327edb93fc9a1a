import assert from "node:assert/strict"
import { test } from "node:test"
import { z } from "zod"
import type { IncompatibilityCode } from "./compatibility.ts"
import { compatibility } from "./compatibility.ts"
import type { EventContract } from "./contract.ts"
import type { EventDefinition } from "./event.ts"
import { event } from "./event.ts"
import { decimal, float64, int32, int64, timestamp } from "./field-types.ts"
import { describe, EMPTY_LOCK, nextLock, readLock, writeLock } from "./lock.ts"

const base = { id: z.string(), at: timestamp() }

function contract(
  shape: z.ZodRawShape = {},
  rest: Partial<EventDefinition<z.ZodObject>> = {},
): EventContract {
  const definition = { schema: z.object({ ...base, ...shape }), id: "id", time: "at", ...rest }
  return event("signup", definition as EventDefinition<z.ZodObject>)
}

test("the lock numbers what changes and keeps what does not", () => {
  const first = nextLock(EMPTY_LOCK, [contract()], [{ name: "per_day", fingerprint: "a" }])
  assert.deepEqual(first.changes, [
    { kind: "event", name: "signup", change: "added", fromVersion: null, toVersion: 1 },
    { kind: "view", name: "per_day", change: "added", fromVersion: null, toVersion: 1 },
  ])
  const same = nextLock(first.lock, [contract()], [{ name: "per_day", fingerprint: "a" }])
  assert.deepEqual(same, { lock: first.lock, changes: [] })
  const second = nextLock(first.lock, [contract({ plan: z.string().optional() })], [])
  assert.deepEqual(second.changes, [
    { kind: "event", name: "signup", change: "changed", fromVersion: 1, toVersion: 2 },
    { kind: "view", name: "per_day", change: "removed", fromVersion: 1, toVersion: 1 },
  ])
  assert.deepEqual(second.lock.events["signup"]?.history, [
    { version: 1, fingerprint: first.lock.events["signup"]?.fingerprint },
  ])
  const back = nextLock(
    second.lock,
    [contract({ plan: z.string().optional() })],
    [{ name: "per_day", fingerprint: "a" }],
  )
  assert.deepEqual(back.changes, [
    { kind: "view", name: "per_day", change: "restored", fromVersion: 1, toVersion: 1 },
  ])
})

test("the lock's text reads back and does not depend on the order of declarations", () => {
  const a = event("aa", { schema: z.object(base), id: "id", time: "at" })
  const b = event("bb", { schema: z.object({ at: base.at, id: base.id }), id: "id", time: "at" })
  const one = writeLock(nextLock(EMPTY_LOCK, [a, b], []).lock)
  assert.equal(one, writeLock(nextLock(EMPTY_LOCK, [b, a], []).lock))
  assert.equal(writeLock(readLock(one)), one)
  assert.equal(describe(a).fingerprint, describe(b).fingerprint)
  assert.match(one, /^\{\n {2}"lockVersion": 1,\n {2}"events": \{\n {4}"aa"/)
})

test("what is no lock is refused with the reason", () => {
  const cases: [string, RegExp][] = [
    ["", /is not JSON/],
    ['{"lockVersion": 2}', /newer millrace/],
    ['{"lockVersion": 1}', /events/],
    ['{"lockVersion": 1, "events": {"a": {}}, "views": {}}', /events\.a/],
  ]
  for (const [text, message] of cases)
    assert.throws(() => readLock(text), { code: "invalid-lock", message }, text)
})

type Case = [string, z.ZodRawShape, z.ZodRawShape, IncompatibilityCode[]]

const FIELD_CASES: Case[] = [
  ["nothing", { f: int32() }, { f: int32() }, []],
  ["optional field added", {}, { f: z.string().optional() }, []],
  ["field with default added", {}, { f: z.string().default("x") }, []],
  ["required field added", {}, { f: z.string() }, ["required-field-added"]],
  ["nullable field added", {}, { f: z.string().nullable() }, ["required-field-added"]],
  ["field removed", { f: z.string() }, {}, []],
  ["int32 to int64", { f: int32() }, { f: int64() }, []],
  ["int32 to z.int()", { f: int32() }, { f: z.int() }, []],
  ["int64 to int32", { f: int64() }, { f: int32() }, ["type-changed"]],
  ["int64 to float64", { f: int64() }, { f: float64() }, ["type-changed"]],
  ["int32 to float64", { f: int32() }, { f: float64() }, []],
  ["text taken no longer", { f: int64() }, { f: z.int() }, ["form-changed", "check-narrowed"]],
  ["text taken from now on", { f: z.int() }, { f: int64() }, []],
  ["decimal wider", { f: decimal(10, 2) }, { f: decimal(12, 3) }, []],
  ["decimal narrower before the point", { f: decimal(10, 2) }, { f: decimal(10, 3) }, ["type-changed"]],
  ["int64 to decimal", { f: int64() }, { f: decimal(21, 2) }, []],
  ["int64 to a small decimal", { f: int64() }, { f: decimal(18, 0) }, ["type-changed"]],
  ["string to int", { f: z.string() }, { f: int32() }, ["type-changed"]],
  ["anything to JSON", { f: z.string() }, { f: z.unknown() }, []],
  ["epoch unit", { f: timestamp({ unit: "s" }) }, { f: timestamp({ unit: "ms" }) }, ["form-changed"]],
  ["UTC only to any offset", { f: z.iso.datetime() }, { f: timestamp() }, []],
  ["any offset to UTC only", { f: timestamp() }, { f: z.iso.datetime() }, ["form-changed"]],
  ["optional to required", { f: z.string().optional() }, { f: z.string() }, ["became-required"]],
  ["optional to default", { f: z.string().optional() }, { f: z.string().default("x") }, []],
  ["nullable to not", { f: z.string().nullable() }, { f: z.string() }, ["null-refused"]],
  ["nullish to optional", { f: z.string().nullish() }, { f: z.string().optional() }, ["null-refused"]],
  ["minimum lowered", { f: int32().min(5) }, { f: int32().min(4) }, []],
  ["minimum raised", { f: int32().min(5) }, { f: int32().min(6) }, ["check-narrowed"]],
  ["minimum made exclusive", { f: int32().min(5) }, { f: int32().gt(5) }, ["check-narrowed"]],
  ["minimum made inclusive", { f: int32().gt(5) }, { f: int32().min(5) }, []],
  ["maximum raised", { f: int64().max(5n) }, { f: int64().max(6n) }, []],
  [
    "maximum lowered by one at 2^62",
    { f: int64().max(2n ** 62n) },
    { f: int64().max(2n ** 62n - 1n) },
    ["check-narrowed"],
  ],
  ["check added", { f: z.string() }, { f: z.email() }, ["check-narrowed"]],
  ["check removed", { f: z.email() }, { f: z.string() }, []],
  ["choice added", { f: z.enum(["a"]) }, { f: z.enum(["a", "b"]) }, []],
  ["choice removed", { f: z.enum(["a", "b"]) }, { f: z.enum(["a"]) }, ["check-narrowed"]],
  ["longer allowed", { f: z.string().max(5) }, { f: z.string().max(6) }, []],
  ["shorter demanded", { f: z.string().max(5) }, { f: z.string().max(4) }, ["check-narrowed"]],
]

test("old rows stay readable: each change of a field is told apart from its harmless twin", () => {
  for (const [what, before, after, expected] of FIELD_CASES) {
    const found = compatibility(describe(contract(before)), contract(after))
    assert.deepEqual(
      found.map((one) => one.code),
      expected,
      what,
    )
    for (const one of found)
      assert.ok(one.message.length > 0 && one.suggestion.length > 0 && one.field === "f")
  }
})

test("what an event hangs on may not change", () => {
  const before = contract({ other: z.string(), when: timestamp() }, { key: "id" })
  const codes = (rest: Partial<EventDefinition<z.ZodObject>>, shape: z.ZodRawShape = {}) =>
    compatibility(
      describe(before),
      contract({ other: z.string(), when: timestamp(), ...shape }, { key: "id", ...rest } as never),
    ).map((one) => one.code)
  assert.deepEqual(codes({}), [])
  assert.deepEqual(codes({ id: "other" as never }), ["id-changed"])
  assert.deepEqual(codes({ time: "when" as never }), ["time-changed"])
  assert.deepEqual(codes({ key: "other" as never }), ["key-changed"])
  assert.deepEqual(codes({ topic: "elsewhere" }), ["topic-changed"])
  assert.deepEqual(codes({ unknownFields: "refuse" }), ["unknown-fields-refused"])
  const without = event("signup", {
    schema: z.strictObject(base),
    id: "id",
    time: "at",
    key: "id",
  })
  assert.deepEqual(
    compatibility(describe(before), without).map((one) => one.code),
    ["unknown-fields-refused", "field-refused", "field-refused"],
  )
})
