/** Random patterns over the usual events: some conditions look at their own row only, some at rows before. */
import type { Column } from "../../columns/types.ts"
import { BOOLEAN, INT32, INT64, TIMESTAMP } from "../../columns/types.ts"
import type { Expression, OverAggregateName } from "../../expr/expression.ts"
import type { AfterMatch, PatternStep, PatternValue } from "../../expr/pattern.ts"
import type { Random } from "../../std/random.ts"
import type { OperatorSpec } from "../dataflow.ts"
import { column } from "./batches.ts"
import { aggregate, call, col, compare, lit } from "./expressions.ts"
import { EVENT_COLUMNS, pick } from "./random-plans.ts"

const INPUT: readonly Column[] = [
  ...EVENT_COLUMNS.filter(({ name }) => ["key", "name", "count", "size"].includes(name)),
  column("time", TIMESTAMP, false),
  column("is_small", BOOLEAN),
  column("is_large", BOOLEAN),
]
const at = (name: string): number => col(INPUT, name).index

/** A source `events` (and one `more`), one view of matches. */
export function randomPatterns(random: Random): OperatorSpec[] {
  const size = col(EVENT_COLUMNS, "size")
  const inputs = ["key", "name", "count", "size", "time"].map((name) => col(EVENT_COLUMNS, name))
  const stage: OperatorSpec = {
    kind: "stage",
    id: "rows",
    input: "events",
    filter: compare("gte", col(EVENT_COLUMNS, "time"), lit(-1_000n, TIMESTAMP)),
    window: null,
    outputs: [...inputs, compare("lt", size, lit(1, INT32)), compare("gt", size, lit(-2, INT32))],
    columns: INPUT,
  }
  const steps = randomSteps(random)
  const outputs = randomOutputs(random, steps)
  const columns = outputs.map((output, k) => outputColumn(output, `c${k}`))
  const withinUs = BigInt(pick(random, [0, 4, 12, 25]))
  const order = [{ column: at("time"), descending: false, nullsFirst: false }]
  return [
    { kind: "source", id: "events", columns: EVENT_COLUMNS },
    { kind: "source", id: "more", columns: EVENT_COLUMNS },
    stage,
    {
      kind: "pattern",
      id: "matches",
      input: "rows",
      inputColumns: INPUT,
      partition: pick(random, [[at("key")], [at("key")], [at("name"), at("key")]]),
      order:
        random.below(2) === 0
          ? order
          : [...order, { column: at("size"), descending: false, nullsFirst: false }],
      steps,
      withinUs,
      lateUs: BigInt(1 + random.below(2)),
      afterMatch: randomAfterMatch(random, steps),
      timeouts: random.below(2) === 0,
      outputs,
      columns,
    },
    { kind: "view", id: "view", input: "matches", name: "first", columns, key: null },
  ]
}

function randomSteps(random: Random): PatternStep[] {
  const count = 1 + random.below(4)
  return Array.from({ length: count }, (_, k) => {
    const least = k === 0 ? 1 + random.below(2) : random.below(3)
    return {
      name: `s${k}`,
      negated: k > 0 && random.below(4) === 0,
      least,
      most: pick(random, [null, Math.max(1, least), Math.max(1, least) + 1]),
      greedy: random.below(3) > 0,
      relaxed: random.below(2) === 0,
      ...randomCondition(random, k),
    }
  })
}

const ofRow = (
  step: number | null,
  name: string,
  from: "first" | "last" = "last",
  offset = 0,
): PatternValue => ({
  kind: "row",
  step,
  column: at(name),
  from,
  offset,
})

const nth = (index: number, type: Column["type"]): Expression => {
  return { kind: "column", index, name: `v${index}`, type, nullable: true }
}

function randomCondition(random: Random, step: number): Pick<PatternStep, "condition" | "values"> {
  const other = step === 0 || random.below(3) === 0 ? null : random.below(step)
  switch (random.below(8)) {
    case 0:
      return {
        condition: compare("gt", nth(0, INT32), nth(1, INT32)),
        values: [ofRow(null, "size"), ofRow(other, "size", "first")],
      }
    case 1:
      return {
        condition: compare("lt", nth(0, INT32), nth(1, INT32)),
        values: [ofRow(null, "size"), { kind: "previous", column: at("size") }],
      }
    case 2:
      return {
        condition: compare("gt", call("divide", INT32, lit(6, INT32), nth(0, INT32)), nth(1, INT32)),
        values: [ofRow(null, "count"), ofRow(other, "size", "last", random.below(2))],
      }
    case 3:
      return {
        condition: compare("lt", nth(0, INT64), lit(BigInt(random.below(6)), INT64)),
        values: [aggregateOf(random, other)],
      }
    case 4:
      return {
        condition: {
          kind: "and",
          args: [nth(0, BOOLEAN), compare("gt", nth(1, INT32), nth(2, INT32))],
          type: BOOLEAN,
          nullable: true,
        },
        values: [ofRow(null, "is_small"), ofRow(null, "size"), ofRow(other, "size")],
      }
    default:
      return { condition: nth(0, BOOLEAN), values: [ofRow(null, pick(random, ["is_small", "is_large"]))] }
  }
}

/** A value of type int64. */
function aggregateOf(random: Random, step: number | null): PatternValue {
  const name: OverAggregateName = pick(random, ["count", "sum"] as const)
  const argument = name === "sum" ? col(INPUT, "size") : null
  const { type, nullable } = aggregate(name, argument)
  const args = argument === null ? [] : [argument]
  return {
    kind: "aggregate",
    step,
    call: { kind: "over", name, args, filter: null, frame: null, type, nullable },
  }
}

function randomOutputs(random: Random, steps: readonly PatternStep[]): PatternValue[] {
  const step = random.below(steps.length)
  return [
    ofRow(null, "key"),
    ofRow(null, "time", "first"),
    ofRow(null, "time"),
    ofRow(step, "name", pick(random, ["first", "last"] as const), random.below(2)),
    {
      kind: "aggregate",
      step: null,
      call: (aggregateOf(random, null) as PatternValue & { kind: "aggregate" }).call,
    },
    aggregateOf(random, step),
    { kind: "timed-out" },
  ]
}

function outputColumn(output: PatternValue, name: string): Column {
  if (output.kind === "timed-out") return column(name, BOOLEAN)
  return column(name, output.kind === "aggregate" ? output.call.type : INPUT[output.column]!.type)
}

function randomAfterMatch(random: Random, steps: readonly PatternStep[]): AfterMatch {
  const others = [...steps.keys()].filter((k) => k > 0 && !steps[k]!.negated)
  const step = others.length === 0 ? 0 : pick(random, others)
  const kinds: AfterMatch[] = [{ kind: "past-last" }, { kind: "next-row" }]
  if (others.length > 0) kinds.push({ kind: "to-first", step }, { kind: "to-last", step })
  return pick(random, kinds)
}
