/** Ranks, window functions and patterns whose rows have more than their memory. */
import { test } from "node:test"
import { INT32, INT64, TIMESTAMP } from "../columns/types.ts"
import type { SeededRandom } from "../std/random.ts"
import type { OperatorSpec, PatternSpec, RankSpec } from "./dataflow.ts"
import { column } from "./kit/batches.ts"
import { aggregate, col, compare, lit } from "./kit/expressions.ts"
import { source, view } from "./kit/harness.ts"
import { compareInAnEighth } from "./kit/in-an-eighth.ts"
import { EPOCH_US, LONG_EVENT as EVENT, longRowEpochs } from "./kit/long-rows.ts"

const cells = (random: SeededRandom) => {
  const text = `${"long ".repeat(300 + random.below(100))}${random.below(1e6)}`
  return { text, value: random.below(1_000) }
}
const epochsOf = (keys: number, rows = 1_300) => longRowEpochs({ seed: 7, rows, keys, cells })

/** Without their texts, so that what is kept is kept by the operator. */
function shown(input: string, columns: PatternSpec["columns"], least: number): OperatorSpec[] {
  const kept = columns.filter(({ name }) => name !== "text")
  const outputs = kept.map(({ name }) => col(columns, name))
  const filter = compare("gt", col(columns, "value"), lit(least, INT32))
  const stage = { kind: "stage", id: "shown", input, filter, window: null, outputs, columns: kept } as const
  return [stage, view("rows", "shown", kept, null)]
}

const partition = { input: "events", partition: [0], expiry: null, emit: "changes" } as const
const order = (at: number) => [{ column: at, descending: false, nullsFirst: false }]

test("ranks of partitions at random, in an eighth of their memory", () => {
  const columns = [...EVENT, column("place", INT64, false)]
  const base = { ...partition, id: "rank", order: order(2), offset: 0n, limit: null, ranked: true, columns }
  const rank: RankSpec = { kind: "rank", ...base, function: "rank" }
  compareInAnEighth([source(EVENT), rank, ...shown("rank", columns, 800)], "rows", epochsOf(3_000))
})

test("the last rows of windows, which go as a whole, in an eighth of their memory", () => {
  const ends = [column("window_start", TIMESTAMP, false), column("window_end", TIMESTAMP, false)]
  const columns = [...EVENT, ...ends]
  const window = { kind: "tumble", time: col(EVENT, "time"), sizeUs: EPOCH_US, slideUs: EPOCH_US } as const
  const outputs = columns.map(({ name }) => col(columns, name))
  const rank: RankSpec = {
    ...{ kind: "rank", id: "rank", input: "windows", partition: [5, 0], order: order(2), emit: "final" },
    ...{ function: "row_number", offset: 0n, limit: 2n, ranked: false, columns },
    expiry: { at: 5, lateUs: EPOCH_US, closeUs: 0n, keepUs: EPOCH_US },
  }
  const windows = {
    kind: "stage",
    id: "windows",
    input: "events",
    filter: null,
    window,
    outputs,
    columns,
  } as const
  compareInAnEighth(
    [source(EVENT), windows, rank, ...shown("rank", columns, -1)],
    "rows",
    epochsOf(20_000, 3_000),
  )
})

test("a window function over partitions at random, in an eighth of their memory", () => {
  const sum = aggregate("sum", col(EVENT, "value"))
  const frame = null
  const columns = [...EVENT, column("so_far", sum.type)]
  const { type, nullable } = sum
  const call = {
    kind: "over",
    name: "sum",
    args: [col(EVENT, "value")],
    filter: null,
    frame,
    type,
    nullable,
  } as const
  const over = {
    kind: "over",
    ...partition,
    id: "over",
    order: order(3),
    peerTerms: 1,
    calls: [call],
    columns,
  } as const
  compareInAnEighth([source(EVENT), over, ...shown("over", columns, 800)], "rows", epochsOf(3_000))
})

test("patterns of which many wait for their second row, in an eighth of their memory", () => {
  const outputs = [0, 2, 3].map(
    (at) => ({ kind: "row", step: null, column: at, from: "last", offset: 0 }) as const,
  )
  const value = { kind: "row", step: null, column: 2, from: "last", offset: 0 } as const
  const read = { kind: "column", index: 0, name: "value", type: INT32, nullable: true } as const
  const step = { negated: false, least: 1, most: 1, greedy: true, relaxed: true, values: [value] }
  const columns = [0, 2, 3].map((at) => EVENT[at]!)
  const pattern: PatternSpec = {
    ...{
      kind: "pattern",
      id: "matches",
      input: "events",
      inputColumns: EVENT,
      partition: [0],
      order: order(3),
    },
    steps: [
      { ...step, name: "low", condition: compare("lt", read, lit(500, INT32)) },
      { ...step, name: "high", condition: compare("gt", read, lit(950, INT32)) },
    ],
    ...{ withinUs: 3n * EPOCH_US, lateUs: 1n, afterMatch: { kind: "past-last" }, timeouts: false },
    ...{ outputs, columns },
  }
  compareInAnEighth(
    [source(EVENT), pattern, view("rows", "matches", columns, null)],
    "rows",
    epochsOf(1_500, 3_000),
  )
})
