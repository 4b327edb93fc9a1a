import assert from "node:assert/strict"
import { test } from "node:test"
import { INT32, STRING } from "../../columns/types.ts"
import type { OperatorSpec } from "../dataflow.ts"
import { column } from "../kit/batches.ts"
import { aggregate, col, compare, lit } from "../kit/expressions.ts"
import { groupBy, source, view } from "../kit/harness.ts"
import { readByAll } from "./placement.ts"
import { readColumns } from "./read-columns.ts"
import { planRoutes } from "./routes.ts"

const COLUMNS = [
  column("key", INT32),
  column("value", INT32),
  column("note", STRING),
  column("other", STRING),
]

function stage(id: string, input: string, outputs: readonly number[]): OperatorSpec {
  const columns = outputs.map((k) => COLUMNS[k]!)
  const filter = compare("gt", col(COLUMNS, "value"), lit(0, INT32))
  const expressions = columns.map(({ name }) => col(COLUMNS, name))
  return { kind: "stage", id, input, filter, window: null, outputs: expressions, columns }
}

function readOf(...specs: OperatorSpec[]): number[] {
  return [...(readColumns(planRoutes([source(COLUMNS), ...specs])).get("events") ?? [])].sort()
}

const sums = groupBy("events", {
  keys: [col(COLUMNS, "key")],
  aggregates: [aggregate("max", col(COLUMNS, "note"))],
})

test("a route reads what its first stage, or its GROUP BY, computes with", () => {
  assert.deepEqual(readOf(sums, view("v", "groups", sums.columns, [0])), [0, 2])
  assert.deepEqual(readOf(stage("few", "events", [0]), view("v", "few", [COLUMNS[0]!], null)), [0, 1])
  const both = [sums, view("v", "groups", sums.columns, [0]), stage("few", "events", [0])]
  assert.deepEqual(readOf(...both, view("w", "few", [COLUMNS[0]!], null)), [0, 1, 2])
})

test("a route without either reads all", () => {
  assert.deepEqual(readOf(view("v", "events", COLUMNS, null)), [0, 1, 2, 3])
})

test("rows that only a view has are read by its part, what an operator reads by all", () => {
  const [key, value] = sums.columns
  const again = {
    ...groupBy("groups", {
      keys: [col([key!, value!], value!.name)],
      aggregates: [aggregate("count", null)],
    }),
    id: "again",
  }
  const specs = [source(COLUMNS), sums, again, view("v", "again", again.columns, [0])]
  assert.deepEqual([...readByAll(planRoutes(specs))].sort(), ["events", "groups"])
})
