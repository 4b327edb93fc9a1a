/**
 * Aggregates whose rows are withdrawn: a first whose row went, an average of none, a list that became too
 * long and fits again. Each compares with what the remaining rows give alone.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import type { Scalar } from "../columns/types.ts"
import { decimal, FLOAT64, INT32, INT64, JSON_TEXT, STRING, TIMESTAMP } from "../columns/types.ts"
import type { AggregateCall, AggregateName } from "../expr/expression.ts"
import { MAX_LIST_LENGTH } from "./code/ordered-output.ts"
import { column } from "./kit/batches.ts"
import { aggregate, call, col, compare, lit } from "./kit/expressions.ts"
import { groupBy, Harness, source, view } from "./kit/harness.ts"

const EVENT = [
  column("item", STRING),
  column("group", STRING),
  column("price", INT32),
  column("time", TIMESTAMP),
]

/** The newest row of each item, by the greatest of its times and values; then aggregates over the items. */
function overItems(calls: (columns: typeof EVENT) => readonly AggregateCall[]): Harness {
  const ordered = (name: AggregateName, of: string): AggregateCall => {
    const order = [col(EVENT, "time"), col(EVENT, of)].map((expression) => {
      return { expression, descending: false, nullsFirst: false }
    })
    const argument = col(EVENT, of)
    return { kind: "aggregate", name, argument, distinct: false, type: argument.type, nullable: true, order }
  }
  const newest = groupBy("events", {
    id: "newest",
    keys: [col(EVENT, "item")],
    aggregates: [ordered("last", "group"), ordered("last", "price")],
  })
  const columns = newest.columns.map((each, k) => ({ ...each, name: ["item", "group", "price"][k]! }))
  const named = { ...newest, columns }
  const groups = groupBy("newest", {
    id: "all",
    keys: [col(columns, "group")],
    aggregates: [...calls(columns)],
  })
  return new Harness([source(EVENT), named, groups, view("all", "all", groups.columns, [0])], EVENT)
}

const inOrder = (name: AggregateName, columns: typeof EVENT, of: string, type = col(columns, of).type) => {
  const terms = ["price", "item"].map((term) => {
    return { expression: col(columns, term), descending: false, nullsFirst: false }
  })
  const argument = col(columns, of)
  return { kind: "aggregate", name, argument, distinct: false, type, nullable: true, order: terms } as const
}

test("first, list and percentile follow rows that move to another group, change and come back", () => {
  const harness = overItems((columns) => [
    inOrder("first", columns, "item"),
    inOrder("last", columns, "item"),
    { ...inOrder("string_agg", columns, "item"), constant: "," },
    inOrder("json_agg", columns, "price", JSON_TEXT),
    { ...inOrder("percentile_disc", columns, "price"), constant: 0.5 },
    { ...aggregate("count", null), filter: compare("gt", col(columns, "price"), lit(5, INT32)) },
  ])
  const at = (rows: readonly (readonly [string, string, number | null])[], time: bigint): Scalar[][] =>
    rows.map(([item, group, price]) => [item, group, price, time])
  harness.epoch(
    at(
      [
        ["a", "g", 1],
        ["b", "g", 5],
        ["c", "g", 9],
      ],
      1n,
    ),
  )
  assert.deepEqual(harness.rows("all"), [["g", "a", "c", "a,b,c", "[1, 5, 9]", 5, 1n]])
  harness.epoch(
    at(
      [
        ["a", "h", 7],
        ["c", "g", 3],
      ],
      2n,
    ),
  )
  assert.deepEqual(harness.rows("all").toSorted(), [
    ["g", "c", "b", "c,b", "[3, 5]", 3, 0n],
    ["h", "a", "a", "a", "[7]", 7, 1n],
  ])
  harness.epoch(
    at(
      [
        ["a", "g", 7],
        ["b", "h", 6],
      ],
      3n,
    ),
  )
  harness.epoch(
    at(
      [
        ["b", "g", 4],
        ["c", "g", 10],
      ],
      4n,
    ),
  )
  assert.deepEqual(harness.rows("all"), [["g", "b", "c", "b,a,c", "[4, 7, 10]", 7, 2n]])
})

test("over no values left, averages, spreads and lists are NULL while the group has rows", () => {
  const harness = overItems((columns) => [
    {
      ...aggregate("avg", col(columns, "price")),
      filter: compare("gt", col(columns, "price"), lit(5, INT32)),
    },
    aggregate("var_pop", call("divide", INT32, lit(6, INT32), col(columns, "price"))),
    {
      ...inOrder("string_agg", columns, "item"),
      constant: ",",
      filter: compare("gt", col(columns, "price"), lit(5, INT32)),
    },
    aggregate("stddev_samp", { kind: "cast", input: col(columns, "price"), type: FLOAT64, nullable: true }),
  ])
  harness.epoch([
    ["a", "g", 6, 1n],
    ["b", "g", 2, 1n],
  ])
  assert.deepEqual(harness.rows("all"), [["g", 6n * 10n ** 16n, 10n ** 16n, "a", Math.sqrt(8)]])
  harness.epoch([["a", "g", 2, 2n]])
  assert.deepEqual(harness.rows("all"), [["g", null, 0n, null, 0]])
  harness.epoch([["a", "h", 3, 3n]])
  assert.deepEqual(harness.rows("all").toSorted(), [
    ["g", null, 0n, null, null],
    ["h", null, 0n, null, null],
  ])
})

test("lists that outgrow their memory end the engine with a message, not the process", () => {
  const argument = col(EVENT, "item")
  const order = [{ expression: argument, descending: false, nullsFirst: false }]
  const list = {
    kind: "aggregate",
    name: "json_agg",
    argument,
    distinct: false,
    nullable: true,
    order,
  } as const
  const all = groupBy("events", { id: "all", keys: [], aggregates: [{ ...list, type: JSON_TEXT }] })
  const specs = [source(EVENT), all, view("all", "all", all.columns, [])]
  const harness = new Harness(specs, EVENT, { maxStateBytes: 1 << 20 })
  const rows = (from: number) =>
    Array.from({ length: 9_000 }, (_, k): Scalar[] => [`item ${from + k}`, null, null, 0n])
  harness.epoch(rows(0))
  assert.throws(() => harness.epoch([...rows(9_000), ...rows(18_000), ...rows(27_000)]), {
    code: "state-full",
  })
})

test("a list and a variance that do not fit mark their row, and come back when they fit", () => {
  const text = "x".repeat(MAX_LIST_LENGTH / 4)
  const event = [
    column("item", STRING),
    column("text", STRING),
    column("big", INT64),
    column("time", TIMESTAMP),
  ]
  const last = (of: string): AggregateCall => {
    const order = ["time", of].map((name) => {
      return { expression: col(event, name), descending: false, nullsFirst: false }
    })
    const argument = col(event, of)
    return {
      kind: "aggregate",
      name: "last",
      argument,
      distinct: false,
      type: argument.type,
      nullable: true,
      order,
    }
  }
  const newest = groupBy("events", {
    id: "newest",
    keys: [col(event, "item")],
    aggregates: [last("text"), last("big")],
  })
  const columns = newest.columns.map((each, k) => ({ ...each, name: ["item", "text", "big"][k]! }))
  const argument = col(columns, "text")
  const list: AggregateCall = {
    kind: "aggregate",
    name: "string_agg",
    argument,
    distinct: false,
    type: STRING,
    nullable: true,
    constant: "",
    order: [{ expression: argument, descending: false, nullsFirst: false }],
  }
  const spread = { ...aggregate("var_pop", col(columns, "big")), type: decimal(38, 16) }
  const all = groupBy("newest", { id: "all", keys: [], aggregates: [aggregate("count", null), list, spread] })
  const harness = new Harness(
    [source(event), { ...newest, columns }, all, view("all", "all", all.columns, [])],
    event,
  )
  const shown = () => harness.rows("all").map(([n, of, v]) => [n, of === null ? null : String(of).length, v])
  harness.epoch([
    ["a", text, 0n, 1n],
    ["b", text, 2n, 1n],
    ["c", `${text}${text}`, 4n, 1n],
  ])
  assert.deepEqual(shown(), [[3n, MAX_LIST_LENGTH, 26_666_666_666_666_667n]])
  harness.epoch([["d", "!", 10n ** 18n, 1n]])
  assert.deepEqual(shown(), [[4n, null, null]])
  assert.ok(harness.engine.losses("all").overflowedResults >= 2)
  harness.epoch([
    ["a", "", 0n, 2n],
    ["d", "!", 2n, 2n],
  ])
  assert.deepEqual(shown(), [[4n, (MAX_LIST_LENGTH / 4) * 3 + 1, 2n * 10n ** 16n]])
})
