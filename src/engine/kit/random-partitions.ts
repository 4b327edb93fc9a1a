/** Random graphs with ranks and window functions over events, windows and groups, one over the other. */
import type { Column, LogicalType } from "../../columns/types.ts"
import { FLOAT64, INT32, INT64, TIMESTAMP } from "../../columns/types.ts"
import type { Expression, FrameBound, OverCall, OverFrame, OverName } from "../../expr/expression.ts"
import type { Random } from "../../std/random.ts"
import type { OperatorSpec, OrderSpec, PartitionExpiry } from "../dataflow.ts"
import { column } from "./batches.ts"
import { aggregate, col, columnsOf, lit } from "./expressions.ts"
import { EVENT_COLUMNS, pick } from "./random-plans.ts"

const WINDOW_US = 10n

/** A source `events` (and one `more`), one view. */
export function randomPartitions(random: Random): OperatorSpec[] {
  const specs: OperatorSpec[] = [
    { kind: "source", id: "events", columns: EVENT_COLUMNS },
    { kind: "source", id: "more", columns: EVENT_COLUMNS },
  ]
  const input = pick(random, [addNothing, addWindows, addGroups])(random, specs)
  let top = addPartitioned(random, specs, input, "p1")
  if (random.below(3) === 0) top = addPartitioned(random, specs, { id: top, windowEnd: null }, "p2")
  specs.push({
    kind: "view",
    id: "view",
    input: top,
    name: "first",
    columns: columnsAt(specs, top),
    key: null,
  })
  return specs
}

interface Input {
  readonly id: string
  readonly windowEnd: number | null
}

function addNothing(): Input {
  return { id: "events", windowEnd: null }
}

function addWindows(random: Random, specs: OperatorSpec[]): Input {
  const ends = [column("window_start", TIMESTAMP, false), column("window_end", TIMESTAMP, false)]
  const columns = [...EVENT_COLUMNS, ...ends]
  const outputs = columns.map(({ name }) => col(columns, name))
  const slideUs = pick(random, [10n, 5n])
  const window = {
    kind: slideUs === WINDOW_US ? ("tumble" as const) : ("hop" as const),
    time: col(EVENT_COLUMNS, "time"),
    sizeUs: WINDOW_US,
    slideUs,
  }
  specs.push({ kind: "stage", id: "windows", input: "events", filter: null, window, outputs, columns })
  return { id: "windows", windowEnd: columns.length - 1 }
}

/** Rows that come and go. */
function addGroups(random: Random, specs: OperatorSpec[]): Input {
  const keys = [col(EVENT_COLUMNS, "key"), col(EVENT_COLUMNS, "name")]
  const calls = [
    aggregate("count", null),
    aggregate("sum", col(EVENT_COLUMNS, "size")),
    aggregate("max", col(EVENT_COLUMNS, "price")),
  ]
  const times = random.below(3) === 0 ? col(EVENT_COLUMNS, "key") : null
  if (times !== null) {
    const outputs = EVENT_COLUMNS.map(({ name }) => col(EVENT_COLUMNS, name))
    const parts = { input: "events", filter: isSmall(times), window: null, outputs, columns: EVENT_COLUMNS }
    specs.push({ kind: "stage", id: "repeat", ...parts, times })
  }
  specs.push({
    kind: "aggregate",
    id: "groups",
    input: times === null ? "events" : "repeat",
    filter: null,
    window: null,
    keys,
    aggregates: calls,
    windowKeys: null,
    windowSizeUs: null,
    emit: "changes",
    allowedLatenessUs: 0n,
    columns: [
      ...columnsOf(keys, ["key", "name"]),
      ...calls.map(({ name, type, nullable }, k) => ({ name: `${name}${k}`, type, nullable })),
    ],
  })
  return { id: "groups", windowEnd: null }
}

/** Not one of the numbers near the limits of an int64, which nobody repeats a row by. */
function isSmall(value: Expression): Expression {
  return {
    kind: "call",
    signature: "lt(int64,int64)",
    args: [value, lit(5n, INT64)],
    type: { kind: "boolean" },
    nullable: true,
  }
}

function addPartitioned(random: Random, specs: OperatorSpec[], { id: input, windowEnd }: Input, id: string) {
  const inputColumns = columnsAt(specs, input)
  const positions = inputColumns.map((_, k) => k)
  const partition = positions.filter((k) => k === windowEnd || random.below(inputColumns.length) < 2)
  const order = Array.from(
    { length: random.below(3) },
    (): OrderSpec => ({
      column: pick(random, positions),
      descending: random.below(2) === 0,
      nullsFirst: random.below(2) === 0,
    }),
  )
  const closing = windowEnd === null || random.below(4) === 0 ? null : expiryAt(random, windowEnd)
  const emit = closing !== null && random.below(2) === 0 ? "final" : "changes"
  const base = { id, input, partition, order, expiry: closing, emit } as const
  if (random.below(2) === 0) {
    const ranked = random.below(2) === 0
    const columns = ranked ? [...inputColumns, column(`rank_${id}`, INT64, false)] : inputColumns
    const limit = random.below(4) === 0 ? null : BigInt(random.below(4))
    const name = pick(random, ["row_number", "rank", "dense_rank"] as const)
    const offset = BigInt(random.below(3) === 0 ? random.below(3) : 0)
    specs.push({ kind: "rank", ...base, function: name, offset, limit, ranked, columns })
    return id
  }
  const calls = Array.from({ length: 1 + random.below(3) }, () => randomCall(random, inputColumns, order))
  const said = calls.map(({ type, nullable }, k) => ({ name: `${id}_said${k}`, type, nullable }))
  const peerTerms = order.length
  specs.push({ kind: "over", ...base, peerTerms, calls, columns: [...inputColumns, ...said] })
  return id
}

function expiryAt(random: Random, at: number): PartitionExpiry {
  const closeUs = pick(random, [0n, 0n, 4n])
  const keepUs = closeUs + pick(random, [0n, 0n, 6n])
  return { at, closeUs, lateUs: keepUs, keepUs }
}

const NAMES: readonly OverName[] = [
  "row_number",
  "rank",
  "dense_rank",
  "percent_rank",
  "cume_dist",
  "ntile",
  "lag",
  "lead",
  "first_value",
  "last_value",
  "nth_value",
  "count",
  "sum",
  "avg",
  "min",
  "max",
]

function randomCall(random: Random, columns: readonly Column[], order: readonly OrderSpec[]): OverCall {
  const name = pick(random, NAMES)
  const numbers = columns.filter(({ type }) => type.kind === "int32" || type.kind === "decimal")
  const value = col(columns, pick(random, columns).name)
  const number = numbers.length === 0 ? null : col(columns, pick(random, numbers).name)
  const frame = randomFrame(random, columns, order)
  const said = (
    args: readonly Expression[],
    type: LogicalType,
    framed: boolean,
    nullable = true,
  ): OverCall => ({
    kind: "over",
    name,
    args,
    filter: null,
    frame: framed ? frame : null,
    type,
    nullable,
  })
  const whole = (value: number) => lit(BigInt(value), INT64)
  switch (name) {
    case "row_number":
    case "rank":
    case "dense_rank":
      return said([], INT64, false, false)
    case "percent_rank":
    case "cume_dist":
      return said([], FLOAT64, false, false)
    case "ntile":
      return said([lit(1 + random.below(4), INT32)], INT32, false)
    case "lag":
    case "lead": {
      const args = [value, whole(random.below(3)), value]
      return said(args.slice(0, 1 + random.below(3)), value.type, false)
    }
    case "first_value":
    case "last_value":
      return said([value], value.type, true)
    case "nth_value":
      return said([value, lit(1 + random.below(3), INT32)], value.type, true)
    case "count":
      return said(random.below(2) === 0 ? [] : [value], INT64, true, false)
    case "min":
    case "max":
      return said([value], value.type, true)
    default: {
      const argument = number ?? lit(7, INT32)
      return said([argument], aggregate(name, argument).type, true)
    }
  }
}

function randomFrame(
  random: Random,
  columns: readonly Column[],
  order: readonly OrderSpec[],
): OverFrame | null {
  const first = order[0] === undefined ? null : columns[order[0].column]!.type.kind
  const canReach = order.length === 1 && (first === "int32" || first === "timestamp")
  const unit: OverFrame["unit"] = pick(random, ["rows", "range", "groups"])
  const bound = (): FrameBound => {
    const reach = unit !== "range" || canReach
    const kinds = ["unbounded-preceding", "unbounded-following", "current-row", ...(reach ? ["offset"] : [])]
    const kind = pick(random, kinds) as FrameBound["kind"]
    if (kind !== "offset") return { kind }
    return { kind, offset: BigInt(random.below(7) - 3) }
  }
  if (random.below(5) === 0) return null
  const frame = { unit, start: bound(), end: bound() }
  if (random.below(2) === 0) return frame
  return { ...frame, exclude: pick(random, ["current row", "group", "ties"] as const) }
}

function columnsAt(specs: readonly OperatorSpec[], id: string): readonly Column[] {
  return specs.find((spec) => spec.id === id)!.columns
}
