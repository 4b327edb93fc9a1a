/** Random operator graphs and rows for comparing the engine with the naive one. Values collide on purpose. */
import type { Column, Scalar } from "../../columns/types.ts"
import {
  BOOLEAN,
  BYTES,
  DATE,
  decimal,
  FLOAT64,
  INT32,
  INT64,
  JSON_TEXT,
  STRING,
  TIMESTAMP,
} from "../../columns/types.ts"
import type { AggregateCall, Expression } from "../../expr/expression.ts"
import type { Random } from "../../std/random.ts"
import type { AggregateSpec, EngineWindow, OperatorSpec, StageSpec } from "../dataflow.ts"
import type { Row } from "./batches.ts"
import { column } from "./batches.ts"
import { aggregate, call, col, columnsOf, compare, lit } from "./expressions.ts"

export const EVENT_COLUMNS: readonly Column[] = [
  column("key", INT64),
  column("name", STRING),
  column("count", INT32),
  column("price", FLOAT64),
  column("amount", decimal(10, 2)),
  column("total", decimal(30, 4)),
  column("day", DATE),
  column("raw", BYTES),
  column("size", INT32, false),
  column("ok", BOOLEAN),
  column("time", TIMESTAMP),
]

const FLOATS = [0, -0, 1, -2, 3.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
const NAMES = [
  "",
  "a",
  "b",
  "Ab",
  "zürich",
  "日本",
  "\u{1F600}",
  "\uFFFD",
  "a longer name that fills more of the arena",
]
const BIG = [0n, 1n, -1n, 2n ** 62n, -(2n ** 62n), 2n ** 63n - 1n, -(2n ** 63n)]

export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random.below(choices.length)]!
}

export function randomRow(random: Random, timeUs: bigint, fewFailures: boolean): Row {
  const orNull = (value: Scalar) => (random.below(8) === 0 ? null : value)
  return [
    orNull(random.below(fewFailures ? 40 : 6) === 0 ? pick(random, BIG) : BigInt(random.below(5))),
    orNull(pick(random, NAMES)),
    orNull(random.below(5) - 1),
    orNull(pick(random, FLOATS)),
    orNull(BigInt(random.below(2_000) - 1_000)),
    orNull(BigInt(random.below(7) - 3) * 10n ** 29n + BigInt(random.below(3))),
    orNull(random.below(4) - 2),
    orNull(Uint8Array.from({ length: random.below(4) }, () => random.below(3) * 127)),
    random.below(10) - 4,
    orNull(random.below(3) > 0),
    orNull(timeUs),
  ]
}

/** A source `events` (and sometimes `more`), one or two views. */
export function randomGraph(random: Random): OperatorSpec[] {
  const specs: OperatorSpec[] = [
    { kind: "source", id: "events", columns: EVENT_COLUMNS },
    { kind: "source", id: "more", columns: EVENT_COLUMNS },
  ]
  let input = randomInput(random, specs, "v1")
  const shape = random.below(5)
  if (shape > 0) input = addAggregate(random, specs, "v1.groups", input)
  if (shape > 2)
    input = addAggregate(random, specs, "v1.regroups", maybeStage(random, specs, "v1.having", input))
  addView(specs, "first", maybeStage(random, specs, "v1.out", input))
  if (random.below(2) === 0) {
    const next = addAggregate(random, specs, "v2.groups", "view.first")
    addView(specs, "second", maybeStage(random, specs, "v2.out", next))
  }
  return specs
}

export function columnsAt(specs: readonly OperatorSpec[], id: string): readonly Column[] {
  return specs.find((spec) => spec.id === id)!.columns
}

function randomInput(random: Random, specs: OperatorSpec[], prefix: string): string {
  const first = maybeStage(random, specs, `${prefix}.in`, "events")
  if (random.below(3) > 0) return first
  const other = random.below(2) === 0 ? "events" : "more"
  const second = addStage(random, specs, `${prefix}.in2`, other, columnsAt(specs, first))
  const others = columnsAt(specs, second)
  const columns = columnsAt(specs, first).map((one, k) => ({
    ...one,
    nullable: one.nullable || others[k]!.nullable,
  }))
  specs.push({ kind: "union", id: `${prefix}.union`, inputs: [first, second], columns })
  return `${prefix}.union`
}

export function maybeStage(random: Random, specs: OperatorSpec[], id: string, input: string): string {
  return random.below(2) === 0 ? input : addStage(random, specs, id, input, null)
}

/** With `wanted`, outputs have these columns' types, so that the stage can be in a union. */
export function addStage(
  random: Random,
  specs: OperatorSpec[],
  id: string,
  input: string,
  wanted: readonly Column[] | null,
): string {
  const columns = columnsAt(specs, input)
  const windowed =
    wanted === null && !columns.some(({ name }) => name === "window_end") && random.below(4) === 0
  const time = columns.find(({ type }) => type.kind === "timestamp")
  const window = windowed && time !== undefined ? randomWindow(random, col(columns, time.name)) : null
  const seen = window === null ? columns : [...columns, ...WINDOW_COLUMNS]
  const outputs =
    wanted === null ? seen.map((_, k) => randomOutput(random, seen, k)) : matching(columns, wanted)
  const filter = randomFilter(random, columns)
  const names = (wanted ?? seen).map(({ name }) => name)
  const stage: StageSpec = {
    kind: "stage",
    id,
    input,
    filter,
    window,
    outputs,
    columns: columnsOf(outputs, names),
  }
  specs.push(stage)
  return id
}

const WINDOW_COLUMNS = [column("window_start", TIMESTAMP, false), column("window_end", TIMESTAMP, false)]

function matching(columns: readonly Column[], wanted: readonly Column[]): Expression[] {
  return wanted.map(({ name, type }) => {
    const same = columns.find((candidate) => candidate.name === name)
    return same === undefined ? lit(null, type) : { ...col(columns, name), nullable: true }
  })
}

function randomOutput(random: Random, columns: readonly Column[], k: number): Expression {
  const itself = col(columns, columns[k]!.name)
  if (random.below(4) > 0) return itself
  switch (itself.type.kind) {
    case "int64":
      return call("add", INT64, itself, lit(1n, INT64))
    case "int32":
      return call("divide", INT32, lit(6, INT32), itself)
    case "string":
      return call("upper", STRING, itself)
    default:
      return itself
  }
}

function randomFilter(random: Random, columns: readonly Column[]): Expression | null {
  if (random.below(2) === 0) return null
  const candidates = columns.filter(({ type }) => ["int32", "int64", "string"].includes(type.kind))
  if (candidates.length === 0) return null
  const chosen = pick(random, candidates)
  const value = col(columns, chosen.name)
  if (chosen.type.kind === "string") return compare("ne", value, lit("a", STRING))
  if (chosen.type.kind === "int64") return compare("gt", value, lit(0n, INT64))
  return compare(pick(random, ["gt", "lt"] as const), value, lit(1, INT32))
}

function randomWindow(random: Random, time: Expression): EngineWindow {
  const [sizeUs, slideUs] = pick(random, [
    [10n, 10n],
    [10n, 5n],
    [12n, 5n],
    [20n, 5n],
    [7n, 7n],
  ] as const)
  const offsetUs = BigInt(random.below(Number(slideUs)))
  if (sizeUs % slideUs === 0n && random.below(3) === 0)
    return { kind: "cumulate", time, sizeUs, slideUs, offsetUs }
  return { kind: sizeUs === slideUs ? "tumble" : "hop", time, sizeUs, slideUs, offsetUs }
}

export function addAggregate(random: Random, specs: OperatorSpec[], id: string, input: string): string {
  const columns = columnsAt(specs, input)
  const carried = columns.find(({ name, nullable }) => name === "window_end" && !nullable)
  const time = columns.find(({ name, type }) => name === "time" && type.kind === "timestamp")
  const cut = columns.some(({ name }) => name.startsWith("window"))
  const kind = cut || time === undefined ? "none" : pick(random, ["none", "window", "window", "session"])
  const window =
    kind === "window" && time !== undefined ? randomWindow(random, col(columns, time.name)) : null
  const session = kind === "session" && time !== undefined ? time : null
  const seen = window === null ? columns : [...columns, ...WINDOW_COLUMNS]
  const keyed = columns.filter(({ name }) => !name.startsWith("window") && random.below(columns.length) < 2)
  const keys: Expression[] = keyed.map(({ name }) => keyExpression(random, columns, name))
  let windowKeys: AggregateSpec["windowKeys"] = null
  let windowSizeUs: bigint | null = null
  const sessionKeys = session === null ? [] : keys.filter(() => random.below(3) > 0)
  if (window !== null && random.below(5) > 0) {
    const places = [
      [0, 1],
      [null, 0],
      [null, null],
      [0, null],
    ] as const
    // Windows that share a start are not told apart by it.
    const [start, end] = pick(random, window.kind === "cumulate" ? places.slice(0, 3) : places)
    windowKeys = { start, end }
    keys.unshift(...boundsOf(windowKeys).map((name) => col(seen, name)))
  } else if (session !== null) {
    windowKeys = pick(random, SESSION_BOUNDS)
    keys.unshift(...boundsOf(windowKeys).map((name) => col([...columns, ...WINDOW_COLUMNS], name)))
  } else if (carried !== undefined && specs.some((spec) => carriesWindows(specs, spec.id, input))) {
    windowKeys = { start: null, end: 0 }
    windowSizeUs = carriedSize(specs, input)
    if (random.below(3) === 0) windowSizeUs = null
    keys.unshift(col(columns, "window_end"))
  }
  const aggregates = randomAggregates(random, seen)
  const names = keys.map((key, k) => (key.kind === "column" ? key.name : `key${k}_${specs.length}`))
  const outputs = [
    ...columnsOf(keys, names),
    ...aggregates.map(({ name, type, nullable }, k) => ({
      name: `${name}${k}_${specs.length}`,
      type,
      nullable,
    })),
  ]
  specs.push({
    kind: "aggregate",
    id,
    input,
    filter: randomFilter(random, columns),
    window,
    keys,
    aggregates,
    windowKeys,
    windowSizeUs,
    session: session && {
      time: col(columns, session.name),
      gapUs: pick(random, [1n, 4n, 9n]),
      keys: sessionKeys,
    },
    emit: windowKeys !== null && random.below(2) === 0 ? "final" : "changes",
    allowedLatenessUs: pick(random, [0n, 0n, 6n, 15n]),
    columns: outputs,
  })
  return id
}

const SESSION_BOUNDS = [
  { start: 0, end: 1 },
  { start: 0, end: null },
  { start: null, end: 0 },
] as const

function boundsOf({ start, end }: NonNullable<AggregateSpec["windowKeys"]>): string[] {
  return [...(start === null ? [] : ["window_start"]), ...(end === null ? [] : ["window_end"])]
}

function keyExpression(random: Random, columns: readonly Column[], name: string): Expression {
  const itself = col(columns, name)
  if (random.below(3) > 0) return itself
  if (itself.type.kind === "string") return call("upper", STRING, itself)
  return itself.type.kind === "int64" ? call("add", INT64, itself, lit(1n, INT64)) : itself
}

/** The window_end that `input` has is the one that a windowed operator before it assigned. */
function carriesWindows(specs: readonly OperatorSpec[], id: string, input: string): boolean {
  return id === input && carriedSize(specs, input) !== null
}

function carriedSize(specs: readonly OperatorSpec[], id: string): bigint | null {
  const spec = specs.find((candidate) => candidate.id === id)!
  if (spec.kind === "aggregate" && spec.session) return spec.session.gapUs
  if (spec.kind === "stage" || spec.kind === "aggregate") {
    if (spec.window !== null) return spec.window.sizeUs
    if (spec.kind === "aggregate" && spec.windowSizeUs !== null) return spec.windowSizeUs
    return carriedSize(specs, spec.input)
  }
  return spec.kind === "view" ? carriedSize(specs, spec.input) : null
}

const SPREADS = ["var_pop", "var_samp", "stddev_pop", "stddev_samp"] as const

function randomAggregates(random: Random, columns: readonly Column[]): AggregateCall[] {
  const chosen: AggregateCall[] = random.below(2) === 0 ? [aggregate("count", null)] : []
  for (let k = 1 + random.below(5); k > 0; k--) {
    const { name, type } = pick(random, columns)
    const plain = col(columns, name)
    // Fails for zero, unless FILTER leaves zero out.
    const argument =
      type.kind === "int32" && random.below(4) === 0 ? call("divide", INT32, lit(6, INT32), plain) : plain
    const numeric = ["int32", "int64", "float64", "decimal"].includes(type.kind)
    const names = numeric
      ? (["count", "sum", "avg", "min", "max", ...SPREADS] as const)
      : type.kind === "boolean"
        ? (["count", "bool_and", "bool_or"] as const)
        : (["count", "min", "max"] as const)
    chosen.push(aggregate(pick(random, names), argument, random.below(4) === 0))
  }
  for (let k = random.below(3); k > 0; k--) chosen.push(randomOrdered(random, columns))
  // Sometimes another aggregate over the same tuples, whose argument is another item of them.
  const sorted = chosen.findLast(({ order }) => order !== undefined && order.length > 1)
  if (sorted !== undefined) {
    const argument = sorted.order![0]!.expression
    const { order } = sorted
    chosen.push({ ...sorted, name: "last", argument, type: argument.type, distinct: false, order: order! })
  }
  return chosen.map((each) => {
    const filter = random.below(3) > 0 ? null : (guard(each.argument) ?? randomFilter(random, columns))
    return filter === null ? each : { ...each, filter }
  })
}

/** A list, a first or last, a percentile or a mode, in a random order. */
function randomOrdered(random: Random, columns: readonly Column[]): AggregateCall {
  const sortable = columns.filter(({ type }) => type.kind !== "json")
  const { name, type } = pick(random, sortable)
  const argument = col(columns, name)
  const direction = () => ({ descending: random.below(2) === 0, nullsFirst: random.below(2) === 0 })
  const others = sortable
    .filter((other) => other.name !== name && random.below(sortable.length) < 2)
    .map((other) => ({ expression: col(columns, other.name), ...direction() }))
  const itself = { expression: argument, ...direction() }
  const call = { kind: "aggregate", argument, nullable: true } as const
  const one = { ...call, type, distinct: false, order: [itself] }
  const names = ["json_agg", "array_agg", "first", "last", "mode", "percentile_disc", "other"] as const
  const chosen = pick(random, names)
  if (chosen === "mode") return { ...one, name: chosen }
  if (chosen === "percentile_disc") return { ...one, name: chosen, constant: random.below(5) / 4 }
  if (chosen === "first" || chosen === "last") return { ...one, name: chosen, order: [...others, itself] }
  const distinct = random.below(3) === 0
  const list = { ...call, distinct, order: distinct ? [itself] : [...others, itself] }
  if (chosen === "json_agg" || chosen === "array_agg") return { ...list, name: chosen, type: JSON_TEXT }
  if (type.kind === "float64") return { ...one, name: "percentile_cont", constant: random.below(5) / 4 }
  if (type.kind === "string") return { ...list, name: "string_agg", type: STRING, constant: ", " }
  return { ...one, name: "first" }
}

function guard(argument: Expression | null): Expression | null {
  if (argument?.kind !== "call") return null
  return compare("gt", argument.args[1]!, lit(0, INT32))
}

export function addView(specs: OperatorSpec[], name: string, input: string): void {
  const columns = columnsAt(specs, input)
  const spec = specs.find((candidate) => candidate.id === input)!
  const key = spec.kind === "aggregate" && isUnique(spec) ? spec.keys.map((_, k) => k) : null
  specs.push({ kind: "view", id: `view.${name}`, input, name, columns, key })
}

/** Keys identify a row unless a window that is no column tells groups apart. */
function isUnique(spec: AggregateSpec): boolean {
  return spec.windowKeys === null || spec.windowKeys.start !== null || spec.windowKeys.end !== null
}
