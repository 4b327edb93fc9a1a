/** Random graphs with joins of all types: over events, windows, groups and other joins. */
import type { Column, LogicalType } from "../../columns/types.ts"
import { BOOLEAN, INT32, INTERVAL, TIMESTAMP } from "../../columns/types.ts"
import type { Expression } from "../../expr/expression.ts"
import type { Random } from "../../std/random.ts"
import type { Expiry, JoinSide, JoinSpec, OperatorSpec } from "../dataflow.ts"
import { column } from "./batches.ts"
import { aggregate, call, col, compare, lit } from "./expressions.ts"
import { groupBy } from "./harness.ts"
import {
  addAggregate,
  addStage,
  addView,
  columnsAt,
  EVENT_COLUMNS,
  maybeStage,
  pick,
} from "./random-plans.ts"

const JOIN_TYPES: readonly JoinSpec["type"][] = ["inner", "left", "full", "semi", "anti"]

/** Sources `events` and `more`, one or two views. */
export function randomJoins(random: Random): OperatorSpec[] {
  const specs: OperatorSpec[] = [
    { kind: "source", id: "events", columns: EVENT_COLUMNS },
    { kind: "source", id: "more", columns: EVENT_COLUMNS },
  ]
  let top = addJoin(random, specs, "j1")
  if (random.below(4) === 0) top = joinMore(random, specs, { id: "j2", left: top, bound: null })
  const shape = random.below(3)
  if (shape > 0) top = maybeStage(random, specs, "out", top)
  if (shape > 1) top = addAggregate(random, specs, "groups", top)
  addView(specs, "first", top)
  if (random.below(4) === 0) {
    const above = joinMore(random, specs, { id: "j3", left: "view.first", bound: null })
    addView(specs, "second", above)
  }
  return specs
}

type Bound = "windows" | "interval" | null

function addJoin(random: Random, specs: OperatorSpec[], id: string): string {
  const bound = pick(random, ["windows", "interval", null] as const)
  return joinMore(random, specs, { id, left: randomSide(random, specs, `${id}.left`, bound), bound })
}

/** Joins `left` with something else, or with itself. */
function joinMore(
  random: Random,
  specs: OperatorSpec[],
  { id, left, bound }: { readonly id: string; readonly left: string; readonly bound: Bound },
): string {
  const isSelf = random.below(5) === 0
  const right = isSelf ? left : randomSide(random, specs, `${id}.right`, bound)
  const sides = { left: columnsAt(specs, left), right: columnsAt(specs, right) }
  const type = pick(random, JOIN_TYPES)
  const pairs = keyPairs(random, sides)
  const lateness = pick(random, [0n, 0n, 6n])
  const conditions = randomConditions(random, sides)
  const expiries: { left: Expiry | null; right: Expiry | null } = { left: null, right: null }
  if (bound === "windows") {
    const ends = [sides.left, sides.right].map((columns) => columns.findIndex(isWindowEnd))
    pairs.push([ends[0]!, ends[1]!])
    expiries.left = { at: ends[0]!, lateUs: lateness, keepUs: lateness }
    expiries.right = { at: ends[1]!, lateUs: lateness, keepUs: lateness }
  }
  if (bound === "interval") conditions.push(...interval(random, sides, { lateness, expiries }))
  const side = (input: string, name: "left" | "right"): JoinSide => ({
    input,
    columns: sides[name],
    keys: pairs.map((pair) => pair[name === "left" ? 0 : 1]),
    expiry: expiries[name],
  })
  specs.push({
    kind: "join",
    id,
    type,
    left: side(left, "left"),
    right: side(right, "right"),
    condition: conditions.length < 2 ? (conditions[0] ?? null) : both(conditions),
    emit: random.below(2) === 0 ? "final" : "changes",
    columns: outputColumns(type, sides),
  })
  return id
}

interface Sides {
  readonly left: readonly Column[]
  readonly right: readonly Column[]
}

function outputColumns(type: JoinSpec["type"], { left, right }: Sides): readonly Column[] {
  if (type === "semi" || type === "anti") return left
  const padded = (columns: readonly Column[], isPadded: boolean) =>
    columns.map((one) => ({ ...one, nullable: one.nullable || isPadded }))
  const names = new Set(left.map(({ name }) => name))
  const renamed = right.map((one) => {
    let { name } = one
    while (names.has(name)) name = `other_${name}`
    names.add(name)
    return { ...one, name }
  })
  return [...padded(left, type === "full"), ...padded(renamed, type !== "inner")]
}

const isWindowEnd = ({ name, nullable }: Column) => name === "window_end" && !nullable

/** Something with a window's end, with a time, or anything. */
function randomSide(random: Random, specs: OperatorSpec[], id: string, bound: Bound): string {
  const input = random.below(2) === 0 ? "events" : "more"
  if (bound === "windows") {
    const windows = addWindows(random, specs, id, input)
    return windows
  }
  if (bound === "interval") return random.below(3) === 0 ? addUnion(random, specs, id) : input
  switch (random.below(6)) {
    case 0:
      return addAggregate(random, specs, id, input)
    case 4:
    case 5:
      return addGreatest(random, specs, id, input)
    case 1:
      return addUnion(random, specs, id)
    default:
      return maybeStage(random, specs, id, input)
  }
}

/** Rows of windows, or groups per window. */
function addWindows(random: Random, specs: OperatorSpec[], id: string, input: string): string {
  const ends = [column("window_start", TIMESTAMP, false), column("window_end", TIMESTAMP, false)]
  const columns = [...EVENT_COLUMNS, ...ends]
  const outputs = columns.map(({ name }) => col(columns, name))
  const time = col(EVENT_COLUMNS, "time")
  const window = { kind: "hop" as const, time, sizeUs: 10n, slideUs: pick(random, [10n, 5n]) }
  const rows = `${id}.rows`
  specs.push({ kind: "stage", id: rows, input, filter: null, window, outputs, columns })
  return random.below(3) === 0 ? addAggregate(random, specs, `${id}.groups`, rows) : rows
}

/** The greatest values per name: rows that change what they meet, and that a filter lets come and go. */
function addGreatest(random: Random, specs: OperatorSpec[], id: string, input: string): string {
  const names = ["key", "count", "day", "price"]
  const keys = [col(EVENT_COLUMNS, "name")]
  const aggregates = names.map((name) =>
    aggregate(random.below(2) === 0 ? "max" : "min", col(EVENT_COLUMNS, name)),
  )
  const columns = [EVENT_COLUMNS[1]!, ...aggregates.map(({ type }, k) => column(names[k]!, type))]
  specs.push(groupBy(input, { id, keys, aggregates, columns }))
  return maybeStage(random, specs, `${id}.having`, id)
}

function addUnion(random: Random, specs: OperatorSpec[], id: string): string {
  const second = addStage(random, specs, `${id}.in2`, "more", EVENT_COLUMNS)
  const columns = EVENT_COLUMNS.map((one) => ({ ...one, nullable: true }))
  specs.push({ kind: "union", id, inputs: ["events", second], columns })
  return id
}

/** Up to two pairs of columns that can be equal. */
function keyPairs(random: Random, { left, right }: Sides): [number, number][] {
  const all = left.flatMap(({ type }, l) =>
    right.flatMap((other, r): [number, number][] => (isSame(type, other.type) ? [[l, r]] : [])),
  )
  const small = all.filter(([l]) => ["key", "name", "day", "price"].includes(left[l]!.name))
  const from = small.length > 0 && random.below(3) > 0 ? small : all
  if (from.length === 0) return []
  // Without keys every row meets every other, which takes the naive engine long.
  const count = random.below(16) === 0 ? 0 : 1 + random.below(2)
  return Array.from({ length: count }, () => pick(random, from))
}

function isSame(a: LogicalType, b: LogicalType): boolean {
  return a.kind === "decimal" && b.kind === "decimal"
    ? a.scale === b.scale && a.precision > 18 === b.precision > 18
    : a.kind === b.kind
}

/** Over both sides; some fail. */
function randomConditions(random: Random, { left, right }: Sides): Expression[] {
  if (random.below(2) === 0) return []
  const of = (columns: readonly Column[], kind: string, shift: number): Expression | null => {
    const found = columns.filter(({ type }) => type.kind === kind)
    if (found.length === 0) return null
    const { index, ...rest } = col(columns, pick(random, found).name)
    return { ...rest, index: index + shift }
  }
  const kind = pick(random, ["int32", "int64", "string", "int32"])
  const [a, b] = [of(left, kind, 0), of(right, kind, left.length)]
  if (a === null || b === null) return []
  if (kind === "string") return [compare("ne", a, b)]
  if (kind === "int64") return [compare("gt", a, b)]
  const divided = call("divide", INT32, lit(6, INT32), a)
  return [compare(pick(random, ["gt", "lt"] as const), random.below(2) === 0 ? divided : a, b)]
}

/** left.time + lower <= right.time <= left.time + upper */
function interval(
  random: Random,
  { left, right }: Sides,
  { lateness, expiries }: { lateness: bigint; expiries: { left: Expiry | null; right: Expiry | null } },
): Expression[] {
  const [lower, upper] = pick(random, [
    [0n, 10n],
    [-5n, 5n],
    [-8n, -2n],
    [0n, 0n],
    [3n, 20n],
  ] as const)
  const own = col(left, "time")
  const other = { ...col(right, "time"), index: left.length + right.findIndex(({ name }) => name === "time") }
  const shifted = (micros: bigint) =>
    call("add", TIMESTAMP, own, lit({ months: 0, days: 0, micros }, INTERVAL))
  const lateUs = lateness + 1n
  const keepUs = (reach: bigint) => lateUs + (reach > 0n ? reach : 0n)
  expiries.left = { at: own.index, lateUs, keepUs: keepUs(upper) }
  expiries.right = { at: other.index - left.length, lateUs, keepUs: keepUs(-lower) }
  return [compare("gte", other, shifted(lower)), compare("lte", other, shifted(upper))]
}

function both(args: readonly Expression[]): Expression {
  return { kind: "and", args, type: BOOLEAN, nullable: args.some((arg) => arg.nullable) }
}
