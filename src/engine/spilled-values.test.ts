/** Lists, percentiles, modes, and extremes of rows that are replaced, with more values than their memory. */
import { test } from "node:test"
import { INT32, STRING } from "../columns/types.ts"
import type { AggregateCall, AggregateName } from "../expr/expression.ts"
import type { SeededRandom } from "../std/random.ts"
import type { AggregateSpec, EngineWindow, OperatorSpec } from "./dataflow.ts"
import { aggregate, col, compare, lit } from "./kit/expressions.ts"
import { groupBy, source, view } from "./kit/harness.ts"
import { compareInAnEighth, compareTakenOver } from "./kit/in-an-eighth.ts"
import { EPOCH_US, LONG_EVENT as EVENT, longRowEpochs } from "./kit/long-rows.ts"

/** A row may need some pages of 64 KB beyond seven eighths of it, in each of the windows that are open. */
const LIMIT = 4 << 20

/** Most values once. */
const cells = (random: SeededRandom) => {
  const value = random.below(60_000)
  return { text: `${value} ${"long ".repeat(240)}`, value }
}
const epochsOf = (keys: number, rows = 4_000) => longRowEpochs({ seed: 8, rows, keys, cells })

const TEXT = col(EVENT, "text")
const KEY = col(EVENT, "key")

function inOrder(name: AggregateName, type: AggregateCall["type"], constant?: number): AggregateCall {
  const order = [{ expression: TEXT, descending: true, nullsFirst: false }]
  const call = {
    kind: "aggregate",
    name,
    argument: TEXT,
    distinct: false,
    type,
    nullable: true,
    order,
  } as const
  return constant === undefined ? call : { ...call, constant }
}

const places = [0, 0.3].map((place) => inOrder("percentile_disc", STRING, place))
const values = [...places, inOrder("mode", STRING), aggregate("count", null)]

/** Of each group what is not its values themselves, so that these alone take memory. */
function shown({ id, columns }: AggregateSpec): OperatorSpec[] {
  const kept = columns.filter(({ type }) => type.kind !== "string")
  const outputs = kept.map(({ name }) => col(columns, name))
  const filter = compare("gte", col(columns, columns.at(-1)!.name), lit(0n, columns.at(-1)!.type))
  const stage = { kind: "stage", id: "shown", input: id, filter, window: null } as const
  return [{ ...stage, outputs, columns: kept }, view("rows", "shown", kept, null)]
}

test("values of groups at random, in an eighth of their memory", () => {
  const groups = groupBy("events", { keys: [KEY], aggregates: values })
  compareInAnEighth([source(EVENT), groups, ...shown(groups)], "rows", epochsOf(700), LIMIT)
})

test("values whose pages are out are taken over by other numbers of parts, within their memory", () => {
  const groups = groupBy("events", { keys: [KEY], aggregates: values })
  const numbers = new Map([
    [4, 3],
    [6, 2],
  ])
  compareTakenOver([source(EVENT), groups, ...shown(groups)], epochsOf(700), LIMIT, numbers)
})

test("values of few large groups, in an eighth of their memory", () => {
  const groups = groupBy("events", { keys: [KEY], aggregates: values.slice(1) })
  compareInAnEighth([source(EVENT), groups, ...shown(groups)], "rows", epochsOf(3, 6_000), LIMIT)
})

test("values of windows that close and go, in an eighth of their memory", () => {
  const sizeUs = 2n * EPOCH_US
  const window: EngineWindow = { kind: "tumble", time: col(EVENT, "time"), sizeUs, slideUs: sizeUs }
  const groups = groupBy("events", {
    ...{ keys: [KEY], window, windowKeys: { start: null, end: null } },
    ...{ emit: "final", allowedLatenessUs: 3n * sizeUs },
    aggregates: [inOrder("percentile_disc", STRING, 0.5), aggregate("count", null)],
  })
  compareInAnEighth([source(EVENT), groups, ...shown(groups)], "rows", epochsOf(300), LIMIT)
})

test("extremes of rows that are replaced, in an eighth of their memory", () => {
  const latest = groupBy("events", {
    ...{ id: "latest", keys: [col(EVENT, "value")], aggregates: [aggregate("max", TEXT)] },
  })
  const { columns } = latest
  const key = col(columns, "value")
  const parity = {
    ...key,
    kind: "call",
    signature: "modulo(int32,int32)",
    args: [key, lit(300, INT32)],
  } as const
  const extremes = (["min", "max"] as const).map((name) => aggregate(name, col(columns, columns[1]!.name)))
  const groups = groupBy("latest", { keys: [parity], aggregates: [...extremes, aggregate("count", null)] })
  compareInAnEighth([source(EVENT), latest, groups, ...shown(groups)], "rows", epochsOf(1, 5_000), LIMIT)
})
