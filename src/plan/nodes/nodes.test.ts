/**
 * What follows for a node from its inputs: how rows change, what is unique, which columns are time and
 * window.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { flight } from "../../../test/kit/plan-events.ts"
import { BOOLEAN, INT32, STRING, TIMESTAMP } from "../../columns/types.ts"
import type { AggregateCall, ColumnReference, Expression } from "../../expr/expression.ts"
import type { PlanNode } from "../plan.ts"
import { aggregateNode } from "./aggregate.ts"
import { filterNode } from "./filter.ts"
import { projectNode } from "./project.ts"
import { scanEvent } from "./scan.ts"
import { unionAllNode } from "./union-all.ts"
import { windowNode } from "./window.ts"

const HOUR_US = 3_600_000_000n

const scan = scanEvent(flight)
const tumble = windowNode(scan, { kind: "tumble", timeColumn: 1, sizeUs: HOUR_US, slideUs: HOUR_US })
const [START, END] = [7, 8]
const COUNT: AggregateCall = {
  kind: "aggregate",
  name: "count",
  argument: null,
  distinct: false,
  type: { kind: "int64" },
  nullable: false,
}

function column(node: PlanNode, index: number): ColumnReference {
  return { kind: "column", index, ...node.columns[index]! }
}

function select(input: PlanNode, ...positions: readonly number[]) {
  const expressions = positions.map((position) => column(input, position))
  return projectNode({ input, expressions, names: expressions.map((expression) => expression.name) })
}

function group(input: PlanNode, positions: readonly number[], once = false) {
  const keys = positions.map((position) => column(input, position))
  const names = [...keys.map((key) => key.name), "count"]
  return aggregateNode({ input, keys, aggregates: [COUNT], names, once })
}

const truth = (column_: Expression): Expression => ({
  kind: "call",
  signature: "is_not_null(any)",
  args: [column_],
  type: BOOLEAN,
  nullable: false,
})

function facts({ changes, key, timeColumn, windowColumns }: PlanNode) {
  const window = windowColumns && [windowColumns.start, windowColumns.end, windowColumns.sizeUs]
  return { changes, key, timeColumn, window }
}

test("an event is append-only, without a key, with its contract's time", () => {
  assert.deepEqual(facts(scan), { changes: "append", key: null, timeColumn: 1, window: null })
  assert.deepEqual(scan.columns.at(-1), { name: "processed_at", type: TIMESTAMP, nullable: false })
})

test("a window adds its start and end", () => {
  assert.deepEqual(facts(tumble), {
    changes: "append",
    key: null,
    timeColumn: 1,
    window: [START, END, HOUR_US],
  })
  assert.throws(() => windowNode(scan, { kind: "tumble", timeColumn: 2, sizeUs: 1n, slideUs: 1n }))
  assert.throws(() => windowNode(scan, { kind: "hop", timeColumn: 1, sizeUs: 3n, slideUs: 2n }))
})

test("groups of a window replace their row; its end is their time", () => {
  assert.deepEqual(facts(group(tumble, [2, END])), {
    changes: "upsert",
    key: [0, 1],
    timeColumn: 1,
    window: [null, 1, HOUR_US],
  })
  assert.deepEqual(group(tumble, [2, END]).windowKeys, { start: null, end: 1 })
  assert.deepEqual(group(tumble, [START, 2]).windowKeys, { start: 0, end: null })
  assert.equal(group(tumble, [START, 2]).timeColumn, null)
})

test("groups beside a window, and of no window, never close", () => {
  assert.equal(group(tumble, [2]).windowKeys, null)
  assert.equal(group(scan, [1, 2]).windowKeys, null)
  assert.equal(group(scan, [1, 2]).timeColumn, null)
})

test("only groups that close can come once", () => {
  assert.equal(group(tumble, [END], true).changes, "append")
  assert.equal(group(scan, [2], true).changes, "upsert")
})

test("a group of rows that change can vanish; the one group of no keys cannot", () => {
  const hourly = group(tumble, [2, END])
  assert.equal(group(hourly, [1]).changes, "retract")
  assert.equal(group(hourly, []).changes, "upsert")
  assert.deepEqual(group(hourly, []).key, [])
})

test("a filter lets replaced rows vanish, unless it asks about the key only", () => {
  const hourly = group(tumble, [2, END])
  assert.equal(filterNode(hourly, truth(column(hourly, 2))).changes, "retract")
  assert.equal(filterNode(hourly, truth(column(hourly, 0))).changes, "upsert")
  assert.equal(filterNode(scan, truth(column(scan, 5))).changes, "append")
  assert.deepEqual(filterNode(hourly, truth(column(hourly, 2))).key, [0, 1])
})

test("a projection keeps key, time and window where their columns stay", () => {
  const hourly = group(tumble, [2, END])
  assert.deepEqual(facts(select(hourly, 2, 1, 0)), {
    changes: "upsert",
    key: [2, 1],
    timeColumn: 1,
    window: [null, 1, HOUR_US],
  })
  assert.deepEqual(facts(select(hourly, 2, 1)), {
    changes: "retract",
    key: null,
    timeColumn: 1,
    window: [null, 1, HOUR_US],
  })
  assert.deepEqual(facts(select(hourly, 2, 0)), {
    changes: "retract",
    key: null,
    timeColumn: null,
    window: null,
  })
  assert.deepEqual(facts(select(scan, 2)), { changes: "append", key: null, timeColumn: null, window: null })
})

test("a window's start stands for its end in a key, and its end for the time", () => {
  const both = group(tumble, [START, END])
  assert.deepEqual(select(both, 0, 2).key, [0])
  assert.deepEqual(select(both, 1, 2).key, [0])
  assert.deepEqual(select(both, 1, 0).key, [1, 0])
  assert.equal(select(tumble, 2, END).timeColumn, 1)
})

test("overlapping windows multiply rows, so the window becomes part of the key", () => {
  const hourly = group(tumble, [2, END])
  const day = { timeColumn: 1, sizeUs: 24n * HOUR_US }
  const daily = windowNode(hourly, { kind: "tumble", ...day, slideUs: 24n * HOUR_US })
  assert.deepEqual([daily.changes, daily.key], ["upsert", [0, 1]])
  const sliding = windowNode(hourly, { kind: "hop", ...day, slideUs: HOUR_US })
  assert.deepEqual([sliding.changes, sliding.key], ["retract", [0, 1, 3]])
})

test("a union has no key; time and window stay where all inputs agree", () => {
  const twice = unionAllNode([scan, scan])
  assert.deepEqual(facts(twice), { changes: "append", key: null, timeColumn: 1, window: null })
  const hourly = group(tumble, [2, END])
  assert.deepEqual(facts(unionAllNode([hourly, hourly])), {
    changes: "retract",
    key: null,
    timeColumn: 1,
    window: [null, 1, HOUR_US],
  })
  const twoHours = { kind: "tumble", timeColumn: 1, sizeUs: 2n * HOUR_US, slideUs: 2n * HOUR_US } as const
  const other = group(windowNode(scan, twoHours), [2, END])
  assert.deepEqual(facts(unionAllNode([hourly, other])), {
    changes: "retract",
    key: null,
    timeColumn: null,
    window: null,
  })
  assert.throws(() => unionAllNode([select(scan, 2), select(scan, 4)]), "types differ")
})

test("a union's column can be NULL when one input's can", () => {
  assert.deepEqual(unionAllNode([select(scan, 4), select(scan, 5)]).columns, [
    { name: "delay", type: INT32, nullable: true },
  ])
  assert.deepEqual(unionAllNode([select(scan, 2), select(scan, 3)]).columns, [
    { name: "origin", type: STRING, nullable: false },
  ])
})
