/**
 * A view's plan as text: a line on the view, then the tree of its nodes, results first, inputs indented.
 * Behind each node: how its rows change, what is unique, which column is time, and what it keeps in memory.
 *
 *   view delays: emit changes, allowed lateness 0 s, state bounded by windows
 *   rows: one per (window_end, origin), kept for as long as the view
 *   project window_end, origin, n          | upsert, key (window_end, origin), time window_end
 *   └ aggregate count(*) by window_end …   | upsert, …, state: groups of open windows
 */
import type { Column } from "../columns/types.ts"
import { typeName } from "../columns/types.ts"
import { assertNever } from "../std/assert.ts"
import { growsForEver } from "./bind/state-bound.ts"
import { durationText } from "./duration-text.ts"
import { printAggregate, printExpression, printOver } from "./expressions/print.ts"
import { inputsOf, nodesOf } from "./nodes/rebuild.ts"
import type {
  AggregateNode,
  ChangeKind,
  JoinBound,
  JoinNode,
  OrderTerm,
  OverNode,
  PatternNode,
  PlanNode,
  ProcessNode,
  RankNode,
  StateBound,
  ViewPlan,
} from "./plan.ts"

export function explain(plan: ViewPlan): string {
  const lateness = durationText(BigInt(plan.allowedLatenessMs) * 1_000n)
  const lines = new Tree(plan.root).lines(plan.root, "", "")
  const width = Math.min(WIDEST, Math.max(...lines.map(([what]) => what.length)))
  return [
    `view ${plan.name}: emit ${plan.emit}, allowed lateness ${lateness}, state ${STATES[plan.state.kind]}`,
    `columns: ${plan.columns.map(columnText).join(", ")}`,
    `rows: ${rowsKept(plan)}`,
    ...lines.map(([what, properties]) => `${what.padEnd(width)} | ${properties}`),
  ].join("\n")
}

/** Wider lines push their properties out instead of widening all. */
const WIDEST = 72

const STATES: Readonly<Record<StateBound["kind"], string>> = {
  none: "none that grows",
  windows: "bounded by windows",
  intervals: "bounded by intervals of time",
  "time-to-live": "bounded by a declared time to live",
  "declared-unbounded": "declared unbounded",
}

function columnText({ name, type, nullable }: Column): string {
  return `${name} ${typeName(type)}${nullable ? "?" : ""}`
}

/** A view's rows are its output, not state of operators; nothing removes them but their own changes. */
function rowsKept({ root, key }: ViewPlan): string {
  if (key === null && root.changes === "append")
    return "one per row that comes through; nothing bounds their number"
  if (key === null) return "told apart by all columns, with a multiplicity"
  if (key.length === 0) return "one"
  const closing = root.windowColumns === null ? "" : "; those of closed windows stay"
  return `one per ${columnNames(root, key)}${closing}`
}

type Line = readonly [what: string, properties: string]

/**
 * A subtree with several readers (a WITH query used twice) is written out once, and named by its number
 * after.
 */
class Tree {
  readonly #readers = new Map<PlanNode, number>()
  readonly #numbers = new Map<PlanNode, number>()

  constructor(root: PlanNode) {
    for (const node of nodesOf(root)) {
      for (const input of inputsOf(node)) this.#readers.set(input, (this.#readers.get(input) ?? 0) + 1)
    }
  }

  lines(node: PlanNode, first: string, rest: string): readonly Line[] {
    const known = this.#numbers.get(node)
    if (known !== undefined) return [[`${first}the same as #${known}`, propertiesText(node)]]
    const inputs = inputsOf(node)
    const shared = inputs.length > 0 && (this.#readers.get(node) ?? 0) > 1
    if (shared) this.#numbers.set(node, this.#numbers.size + 1)
    const mark = shared ? `#${this.#numbers.size} ` : ""
    const below = inputs.flatMap((input, i) => {
      const last = i === inputs.length - 1
      return this.lines(input, `${rest}${last ? "└ " : "├ "}`, `${rest}${last ? "  " : "│ "}`)
    })
    return [[`${first}${mark}${nodeText(node)}`, propertiesText(node)], ...below]
  }
}

/** What a node does, in a line. */
export function nodeText(node: PlanNode): string {
  switch (node.kind) {
    case "scan": {
      const side = node.side === undefined ? "" : `, side output ${node.side + 1}`
      return `scan ${node.source} ${node.name}${side}`
    }
    case "filter":
      return `filter ${printExpression(node.predicate)}`
    case "project":
      return `project ${node.expressions.map((each, i) => named(printExpression(each), node, i)).join(", ")}`
    case "window": {
      const { kind, timeColumn, sizeUs, slideUs, offsetUs = 0n, zone = null } = node.window
      const by = node.input.columns[timeColumn]!.name
      const slide = kind === "tumble" ? "" : `every ${durationText(slideUs)} `
      const from = offsetUs === 0n ? "" : ` from ${durationText(offsetUs)}`
      return `${kind} ${by} ${slide}of ${durationText(sizeUs)}${from}${zone === null ? "" : ` in ${zone}`}`
    }
    case "session": {
      const { timeColumn, gapUs, keys } = node.session
      const name = (column: number) => node.input.columns[column]!.name
      const per = keys.length === 0 ? "" : ` per ${keys.map(name).join(", ")}`
      return `session ${name(timeColumn)} with a gap of ${durationText(gapUs)}${per}`
    }
    case "aggregate":
      return aggregateText(node)
    case "union-all":
      return "union all"
    case "join":
      return joinText(node)
    case "rank":
      return rankText(node)
    case "over":
      return overText(node)
    case "pattern":
      return patternText(node)
    case "process":
      return processText(node)
    case "repeat":
      return `repeat ${printExpression(node.times)} times`
    default:
      return assertNever(node)
  }
}

function aggregateText(node: AggregateNode): string {
  const keys = node.keys.map((key, i) => named(printExpression(key), node, i))
  const calls = node.aggregates.map((call, i) => named(printAggregate(call), node, node.keys.length + i))
  if (calls.length === 0) return `distinct ${keys.join(", ")}`
  return `aggregate ${calls.join(", ")}${keys.length === 0 ? "" : ` by ${keys.join(", ")}`}`
}

function joinText({ type, keys, condition, bound }: JoinNode): string {
  const equal = keys.map((key) => `${printExpression(key.left)} = ${printExpression(key.right)}`)
  const on = [...equal, ...(condition === null ? [] : [printExpression(condition)])]
  const between =
    bound?.kind === "interval"
      ? ` within ${durationText(bound.lowerUs)} .. ${durationText(bound.upperUs)}`
      : ""
  return `${type} join on ${on.length === 0 ? "true" : on.join(" and ")}${between}`
}

function rankText(node: RankNode): string {
  const { offset, limit } = node
  const which = limit === null ? `all after ${offset}` : `${offset + 1n} to ${offset + limit}`
  return `${node.function} ${which}${overWindowText(node, node.order)}`
}

function overText(node: OverNode): string {
  const calls = node.calls.map((call, i) => named(printOver(call), node, node.input.columns.length + i))
  return `over ${calls.join(", ")}${overWindowText(node, node.order.slice(0, node.peerTerms))}`
}

function overWindowText(node: RankNode | OverNode, terms: readonly OrderTerm[]): string {
  const name = (column: number) => node.input.columns[column]!.name
  const by = node.partition.length === 0 ? "" : ` per ${node.partition.map(name).join(", ")}`
  const order = terms.map(({ column, descending }) => `${name(column)}${descending ? " desc" : ""}`)
  return `${by}${order.length === 0 ? "" : ` by ${order.join(", ")}`}`
}

function patternText({ steps, withinUs, input, partition, timeouts }: PatternNode): string {
  const by = partition.map((column) => input.columns[column]!.name).join(", ")
  const path = steps.map(({ name, negated, least, most, greedy, relaxed }) => {
    if (negated) return `not ${name}`
    const times = least === 1 && most === 1 ? "" : `{${least},${most ?? ""}}${greedy ? "" : "?"}`
    return `${relaxed ? "… " : ""}${name}${times}`
  })
  const cut = timeouts ? " or cut short" : ""
  return `match ${path.join(" ")} within ${durationText(withinUs)}${cut} per ${by}`
}

function processText({ process, input, partition, function: handlers }: ProcessNode): string {
  const by = partition.map((column) => input.columns[column]!.name).join(", ")
  return `process ${process} version ${handlers.version} per ${by}`
}

function named(text: string, node: PlanNode, position: number): string {
  const { name } = node.columns[position]!
  return text === name ? text : `${name} = ${text}`
}

export interface NodeProperties {
  readonly changes: ChangeKind
  /** Columns that are unique together; null when there are none. */
  readonly key: readonly string[] | null
  readonly time: string | null
  /** What it keeps, in words; null where it keeps nothing. */
  readonly state: string | null
}

/** How its rows change, what is unique, which column is time, and what it keeps. */
export function propertiesOf(node: PlanNode): NodeProperties {
  const { changes, key, timeColumn, columns } = node
  return {
    changes,
    key: key?.map((position) => columns[position]!.name) ?? null,
    time: timeColumn === null ? null : columns[timeColumn]!.name,
    state: isStateful(node) ? stateText(node) : null,
  }
}

function propertiesText(node: PlanNode): string {
  const { changes, key, time, state } = propertiesOf(node)
  const parts = [
    changes,
    ...(key === null ? [] : [`key (${key.join(", ")})`]),
    ...(time === null ? [] : [`time ${time}`]),
    ...(state === null ? [] : [`state: ${state}`]),
  ]
  return parts.join(", ")
}

export interface PlanStep extends NodeProperties {
  /** Of the view's own steps, results first; `inputs` name others by it. */
  readonly step: number
  readonly kind: PlanNode["kind"]
  readonly does: string
  readonly columns: readonly string[]
  readonly inputs: readonly number[]
}

/** The tree as data. A step with two readers is there once. */
export function planSteps(root: PlanNode): readonly PlanStep[] {
  const nodes = nodesOf(root).toReversed()
  const places = new Map(nodes.map((node, step) => [node, step]))
  return nodes.map((node, step) => ({
    step,
    kind: node.kind,
    does: nodeText(node),
    ...propertiesOf(node),
    columns: node.columns.map(({ name }) => name),
    inputs: inputsOf(node).map((input) => places.get(input)!),
  }))
}

export type StatefulNode = AggregateNode | JoinNode | RankNode | OverNode | PatternNode | ProcessNode

const STATEFUL: ReadonlySet<PlanNode["kind"]> = new Set<StatefulNode["kind"]>([
  "aggregate",
  "join",
  "rank",
  "over",
  "pattern",
  "process",
])

export const isStateful = (node: PlanNode): node is StatefulNode => STATEFUL.has(node.kind)

function stateText(node: StatefulNode): string {
  switch (node.kind) {
    case "aggregate":
      if (node.windowKeys !== null) return "groups of open windows"
      return growsForEver(node) ? "every group ever seen" : "one row"
    case "join":
      return JOIN_STATES[node.bound?.kind ?? "none"]
    case "rank":
      return node.limit !== null && node.input.changes === "append"
        ? `${node.offset + node.limit} rows of each partition`
        : "every row ever seen"
    case "over":
      return "every row ever seen"
    case "pattern":
      return `rows of each key for up to ${durationText(node.withinUs)}`
    case "process":
      if (node.function.initialState === null) return "timers"
      if (node.timeToLiveUs === null) return "of each key until it is cleared, and timers"
      return `of each key for ${durationText(node.timeToLiveUs)}, and timers`
    default:
      return assertNever(node)
  }
}

const JOIN_STATES: Readonly<Record<JoinBound["kind"] | "none", string>> = {
  windows: "rows of open windows",
  interval: "rows that can still find a partner",
  "time-to-live": "rows of the declared time",
  none: "every row of both sides",
}

function columnNames(node: PlanNode, positions: readonly number[]): string {
  return `(${positions.map((position) => node.columns[position]!.name).join(", ")})`
}
