/**
 * OVER: window functions with their partition, order and frame. Named windows are looked up as PostgreSQL
 * does: OVER w is w itself, OVER (w ...) adds an order or a frame to it.
 */
import type { FuncCall, Node, WindowDef } from "libpg-query"
import type { LogicalType } from "../../columns/types.ts"
import { BOOLEAN, FLOAT64, INT32, INT64 } from "../../columns/types.ts"
import type { Expression, OverAggregateName, OverCall, OverName } from "../../expr/expression.ts"
import { commonType } from "../../expr/resolve.ts"
import { resolveAggregate } from "../../expr/resolve-aggregate.ts"
import { findings, Refused } from "../errors.ts"
import { names } from "../sql/tree.ts"
import type { Sort } from "./bind-order.ts"
import { bindSorts } from "./bind-order.ts"
import type { Bound } from "./bound.ts"
import { coerce, constantOf, demand, literal, settle, typed, typeOf, typeText } from "./bound.ts"
import type { Binder, ExpressionContext } from "./expression-context.ts"
import { bindFrame } from "./over-frame.ts"
import { placeholder } from "./placeholders.ts"

/** One window function as bound, over the rows that the SELECT list sees. */
export interface OverRequest {
  readonly call: OverCall
  readonly partition: readonly Expression[]
  readonly order: readonly Sort[]
  readonly byte: number | null
}

export class OverCollector implements Binder<FuncCall> {
  readonly requests: OverRequest[] = []
  /** Of the WINDOW clause; each can build on those before it. */
  readonly #windows: readonly WindowDef[]

  constructor(clause: readonly Node[]) {
    this.#windows = clause.flatMap((node) => ("WindowDef" in node ? [node.WindowDef] : []))
  }

  bind(call: FuncCall, context: ExpressionContext): Bound {
    const byte = call.location ?? null
    const inside = { ...context, overs: null, clause: "another window function" }
    const window = this.#resolve(call.over!)
    const partition = (window.partitionClause ?? []).map((node) => comparable(inside.bind(node, inside)))
    const order = bindSorts(window.orderClause ?? [], inside)
    const frame = bindFrame(window, order, inside)
    const own = bindCall(call, inside)
    const framed = FRAMED.has(own.name) ? frame : null
    const name = own.name
    const number = this.requests.push({ call: { ...own, frame: framed }, partition, order, byte }) - 1
    const { type, nullable } = own
    return typed(placeholder("over", number, { name, type, nullable }), byte)
  }

  #resolve(window: WindowDef, known: readonly WindowDef[] = this.#windows): WindowDef {
    if (window.name !== undefined) return this.#named(window.name, window, known)
    if (window.refname === undefined) return window
    const base = this.#named(window.refname, window, known)
    const refuse = (what: string) =>
      new Refused(findings.windowOverride(window.refname!, what), window.location ?? null)
    if ((window.partitionClause ?? []).length > 0) throw refuse("another PARTITION BY")
    const [ordered, orders] = [(base.orderClause ?? []).length > 0, (window.orderClause ?? []).length > 0]
    if (ordered && orders) throw refuse("another ORDER BY")
    if (((base.frameOptions ?? 0) & 1) !== 0) throw refuse("another frame, as it has one")
    return {
      ...window,
      partitionClause: base.partitionClause ?? [],
      ...(orders ? {} : { orderClause: base.orderClause ?? [] }),
    }
  }

  #named(name: string, { location }: WindowDef, known: readonly WindowDef[]): WindowDef {
    const at = known.findIndex((window) => window.name === name)
    const names = known.flatMap((window) => window.name ?? [])
    if (at < 0) throw new Refused(findings.unknownWindow(name, names), location ?? null)
    const { name: _, ...window } = known[at]!
    return this.#resolve(window, known.slice(0, at))
  }
}

function comparable(bound: Bound): Expression {
  const value = settle(bound)
  if (value.type.kind === "json") throw new Refused(findings.jsonKey("the partition's value"), bound.byte)
  return value
}

const AGGREGATES: ReadonlySet<OverAggregateName> = new Set<OverAggregateName>([
  "count",
  "sum",
  "avg",
  "min",
  "max",
])
const FRAMED: ReadonlySet<OverName> = new Set<OverName>([
  "first_value",
  "last_value",
  "nth_value",
  ...AGGREGATES,
])

type Plain = Omit<OverCall, "frame">

function bindCall(call: FuncCall, context: ExpressionContext): Plain {
  const byte = call.location ?? null
  const name = names(call.funcname).at(-1) ?? ""
  const args = (call.args ?? []).map((arg) => context.bind(arg, context))
  const isAggregate = AGGREGATES.has(name as OverAggregateName)
  const refuse = (note: string | null) => {
    const types = call.agg_star ? ["*"] : args.map(typeText)
    return new Refused(findings.noOverload(name, types, note, []), byte)
  }
  if (call.agg_distinct) throw refuse("DISTINCT cannot stand beside OVER")
  if ((call.agg_order ?? []).length > 0 || call.agg_within_group) throw refuse("write ORDER BY inside OVER")
  if (call.agg_filter !== undefined && !isAggregate) throw refuse("FILTER belongs to aggregates")
  const filter =
    call.agg_filter === undefined ? null : demand(context.bind(call.agg_filter, context), BOOLEAN, "FILTER")
  if (isAggregate) return { ...bindAggregate(name as OverAggregateName, args, { refuse, byte }), filter }
  const bound = bindOwn(name, args, refuse)
  if (bound === null) throw new Refused(findings.overUnknown(name), byte)
  return { kind: "over", filter: null, ...bound }
}

type Refuse = (note: string | null) => Refused

function bindAggregate(
  name: OverAggregateName,
  args: readonly Bound[],
  { refuse }: { readonly refuse: Refuse; readonly byte: number | null },
): Plain {
  if (args.length > 1) throw refuse(`write ${name}(expression)`)
  const [bound = null] = args
  const resolution = resolveAggregate(name, bound === null ? null : typeOf(bound), false)
  if (!resolution.ok) throw refuse(resolution.note ?? null)
  const { argumentType, type, nullable } = resolution
  const argument = bound === null || argumentType === null ? [] : [coerce(bound, argumentType)]
  return { kind: "over", name, args: argument, filter: null, type, nullable }
}

type Own = Pick<OverCall, "name" | "args" | "type" | "nullable">

/** Null for names that are no window functions. */
function bindOwn(name: string, args: readonly Bound[], refuse: Refuse): Own | null {
  const count = (low: number, high: number, form: string) => {
    if (args.length < low || args.length > high) throw refuse(`write ${form}`)
  }
  switch (name) {
    case "row_number":
    case "rank":
    case "dense_rank":
      count(0, 0, `${name}()`)
      return { name, args: [], type: INT64, nullable: false }
    case "percent_rank":
    case "cume_dist":
      count(0, 0, `${name}()`)
      return { name, args: [], type: FLOAT64, nullable: false }
    case "ntile":
      count(1, 1, "ntile(4)")
      return { name, args: [wholeNumber(name, args[0]!, 1n)], type: INT32, nullable: false }
    case "lag":
    case "lead":
      count(1, 3, `${name}(value, offset, default)`)
      return { name, ...bindNeighbour(name, args, refuse) }
    case "first_value":
    case "last_value":
      count(1, 1, `${name}(expression)`)
      return { name, ...ownValue(args[0]!) }
    case "nth_value": {
      count(2, 2, "nth_value(expression, 2)")
      const { args: value, ...rest } = ownValue(args[0]!)
      return { name, args: [...value, wholeNumber(name, args[1]!, 1n)], ...rest }
    }
    default:
      return null
  }
}

function ownValue(bound: Bound): {
  readonly args: readonly Expression[]
  readonly type: LogicalType
  readonly nullable: boolean
} {
  const value = settle(bound)
  return { args: [value], type: value.type, nullable: true }
}

function bindNeighbour(name: string, args: readonly Bound[], refuse: Refuse): Omit<Own, "name"> {
  const [value, offset, otherwise] = args
  const steps = offset === undefined ? literal(1n, INT64) : wholeNumber(name, offset, null)
  if (otherwise === undefined) {
    const { args: own, ...rest } = ownValue(value!)
    return { args: [...own, steps], ...rest }
  }
  const type = commonType([typeOf(value!), typeOf(otherwise)], [constantOf(value!), constantOf(otherwise)])
  if (type === null) throw refuse("value and default need a common type")
  const own = [coerce(value!, type), coerce(otherwise, type)]
  const nullable = own.some((each) => each.nullable)
  return { args: [own[0]!, steps, own[1]!], type, nullable }
}

/** Constants only: how far a window function looks is part of the plan. */
function wholeNumber(name: string, bound: Bound, least: bigint | null): Expression {
  const value = constantOf(bound)
  const whole = typeof value === "number" && Number.isInteger(value) ? BigInt(value) : value
  if (typeof whole !== "bigint" || (least !== null && whole < least)) {
    const wanted = least === null ? "a whole number" : "a whole number above zero"
    throw new Refused(findings.overArgument(name, `${wanted} there`), bound.byte)
  }
  return literal(whole, INT64)
}
