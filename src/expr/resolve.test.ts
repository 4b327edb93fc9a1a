import assert from "node:assert/strict"
import { test } from "node:test"
import type { LogicalType } from "../columns/types.ts"
import {
  DATE,
  decimal,
  FLOAT64,
  INT32,
  INT64,
  INTERVAL,
  JSON_TEXT,
  STRING,
  TIMESTAMP,
  typeName,
} from "../columns/types.ts"
import type { ArgumentType, Resolution } from "./resolve.ts"
import {
  castAllowed,
  commonType,
  resolveFunction,
  resolveOperator,
  resultNullable,
  suggestName,
} from "./resolve.ts"
import { resolveAggregate } from "./resolve-aggregate.ts"

function shown(resolution: Resolution): string {
  if (!resolution.ok) return resolution.reason
  return `${resolution.signature} ${resolution.argumentTypes.map(typeName)} -> ${typeName(resolution.type)}`
}

test("operators are chosen as PostgreSQL chooses them", () => {
  const cases: [operator: string, args: ArgumentType[], expected: string][] = [
    ["+", [INT32, INT32], "add(int32,int32) int32,int32 -> int32"],
    ["+", [INT32, INT64], "add(int64,int64) int64,int64 -> int64"],
    ["*", [decimal(10, 2), INT32], "multiply(decimal,decimal) decimal(10,2),decimal(10,0) -> decimal(20,2)"],
    ["/", [decimal(10, 2), FLOAT64], "divide(float64,float64) float64,float64 -> float64"],
    ["=", ["unknown", "unknown"], "eq(string,string) string,string -> boolean"],
    ["<", [DATE, TIMESTAMP], "lt(timestamp,timestamp) timestamp,timestamp -> boolean"],
    [">", [TIMESTAMP, "unknown"], "gt(timestamp,timestamp) timestamp,timestamp -> boolean"],
    ["+", [TIMESTAMP, "unknown"], "add(timestamp,interval) timestamp,interval -> timestamp"],
    ["-", [DATE, DATE], "subtract(date,date) date,date -> int32"],
    ["*", [INTERVAL, INT32], "multiply(interval,float64) interval,float64 -> interval"],
    ["||", [STRING, INT32], "append(any,any) string,string -> string"],
    ["||", [INT32, INT32], "no-overload"],
    ["!=", [STRING, "unknown"], "ne(string,string) string,string -> boolean"],
    ["~~", [STRING, "unknown"], "like(string,string) string,string -> boolean"],
    ["->>", [JSON_TEXT, "unknown"], "json_text(json,string) json,string -> string"],
    ["in", [INT32, INT64, "unknown"], "in(any,any...) int64,int64,int64 -> boolean"],
    ["=", [JSON_TEXT, JSON_TEXT], "no-overload"],
    ["+", ["unknown", "unknown"], "ambiguous"],
    ["<=>", [INT32, INT32], "no-such-function"],
  ]
  for (const [operator, args, expected] of cases)
    assert.equal(shown(resolveOperator(operator, args)), expected, operator)
})

test("functions are chosen as PostgreSQL chooses them, constants settle decimal types", () => {
  const cases: [
    name: string,
    args: ArgumentType[],
    literals: (number | string | undefined)[],
    expected: string,
  ][] = [
    [
      "round",
      [decimal(10, 4), INT32],
      [undefined, 2],
      "round(decimal,int32) decimal(10,4),int32 -> decimal(9,2)",
    ],
    ["round", [decimal(10, 4), INT32], [], "round(decimal,int32) decimal(10,4),int32 -> decimal(11,4)"],
    ["round", [INT64], [], "round(float64) float64 -> float64"],
    ["date_trunc", ["unknown", DATE], ["day"], "date_trunc(string,timestamp) string,timestamp -> timestamp"],
    [
      "extract",
      ["unknown", TIMESTAMP],
      ["year"],
      "extract(string,timestamp) string,timestamp -> decimal(20,0)",
    ],
    ["nullif", [INT32, INT64], [], "nullif(any,any) int32,int64 -> int32"],
    ["greatest", [INT32, "unknown"], [undefined, "7"], "greatest(any...) int32,int32 -> int32"],
    ["concat", [INT32, "unknown"], [], "concat(any...) int32,string -> string"],
    ["lenght", [STRING], [], "no-such-function"],
    ["length", [INT32], [], "no-overload"],
    ["date_trunc", ["unknown", TIMESTAMP], ["eon"], "no-overload"],
  ]
  for (const [name, args, literals, expected] of cases) {
    assert.equal(shown(resolveFunction(name, args, literals)), expected, name)
  }
})

test("what a view cannot have is refused with what to write instead", () => {
  for (const [name, note] of [
    ["now", /processed_at/],
    ["random", /inside the event/],
    ["power", /double precision/],
  ] as const) {
    const resolution = resolveFunction(name, name === "power" ? [decimal(3, 1), INT32] : [])
    assert.ok(!resolution.ok && note.test(resolution.note ?? ""), name)
  }
  const pattern = resolveOperator("~", [STRING, "unknown"], [undefined, "a*?"])
  assert.ok(!pattern.ok && /Regular expressions/.test(pattern.note ?? ""))
})

test("results are NULL when the function says so", () => {
  const nullableOf = (resolution: Resolution, ...nullable: boolean[]) =>
    resolution.ok && resultNullable(resolution, nullable)
  assert.equal(nullableOf(resolveOperator("+", [INT32, INT32]), false, false), false)
  assert.equal(nullableOf(resolveOperator("+", [INT32, INT32]), false, true), true)
  assert.equal(nullableOf(resolveOperator("is null", [INT32]), true), false)
  assert.equal(nullableOf(resolveOperator("->>", [JSON_TEXT, "unknown"]), false, false), true)
})

test("values of several types meet in a common one, or in none", () => {
  const cases: [types: ArgumentType[], expected: string | null][] = [
    [[INT32, INT64], "int64"],
    [[INT64, FLOAT64, decimal(5, 2)], "float64"],
    [[decimal(5, 2), INT32, decimal(4, 3)], "decimal(13,3)"],
    [["unknown", "unknown"], "string"],
    [["unknown", DATE, TIMESTAMP], "timestamp"],
    [[STRING, INT32], null],
    [[DATE, INT32], null],
  ]
  for (const [types, expected] of cases) {
    const type = commonType(types)
    assert.equal(type && typeName(type), expected)
  }
})

test("casts are allowed by context", () => {
  const cases: [from: LogicalType, to: LogicalType, contexts: string][] = [
    [INT32, INT64, "implicit assignment explicit"],
    [INT64, INT32, "assignment explicit"],
    [FLOAT64, decimal(5, 2), "assignment explicit"],
    [TIMESTAMP, DATE, "assignment explicit"],
    [INT32, STRING, "assignment explicit"],
    [STRING, INT32, "explicit"],
    [DATE, INT32, ""],
  ]
  for (const [from, to, contexts] of cases) {
    const allowed = (["implicit", "assignment", "explicit"] as const).filter((context) =>
      castAllowed(from, to, context),
    )
    assert.equal(allowed.join(" "), contexts, `${from.kind} ${to.kind}`)
  }
})

test("aggregates have the types of their arguments' sums and averages", () => {
  const cases: [name: string, arg: ArgumentType | null, distinct: boolean, expected: string][] = [
    ["count", null, false, "int64"],
    ["count", JSON_TEXT, false, "int64"],
    ["count", JSON_TEXT, true, "refused"],
    ["sum", INT32, false, "int64"],
    ["sum", INT64, false, "decimal(38,0)"],
    ["sum", decimal(12, 2), true, "decimal(38,2)"],
    ["sum", STRING, false, "refused"],
    ["avg", INT64, false, "decimal(38,16)"],
    ["avg", decimal(38, 20), false, "decimal(38,20)"],
    ["max", STRING, false, "string"],
    ["min", JSON_TEXT, false, "refused"],
    ["sum", null, false, "refused"],
    ["median", INT32, false, "refused"],
  ]
  for (const [name, arg, distinct, expected] of cases) {
    const resolution = resolveAggregate(name, arg, distinct)
    assert.equal(resolution.ok ? typeName(resolution.type) : "refused", expected, `${name} ${String(arg)}`)
    if (resolution.ok) assert.equal(resolution.nullable, name !== "count")
  }
})

test("misspelt names are near known ones, or near none", () => {
  assert.deepEqual(
    ["lenght", "uper", "dat_trunc", "coalese", "xyzzy"].map((name) => suggestName(name)),
    ["length", "upper", "date_trunc", "coalesce", null],
  )
})
