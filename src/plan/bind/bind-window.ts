/**
 * tumble(source, time_column, size), hop(source, time_column, slide, size) and cumulate(source, time_column,
 * step, size), each with an offset and a time zone behind it, in Flink's and RisingWave's order of arguments.
 * Windows close by the watermark of event time, so only a source's time column can be cut.
 */
import type { ColumnRef, FuncCall, Node } from "libpg-query"
import type { Interval } from "../../columns/types.ts"
import { INTERVAL } from "../../columns/types.ts"
import type { ColumnReference, Expression } from "../../expr/expression.ts"
import { nearestName } from "../../expr/nearest-name.ts"
import { parseLiteral } from "../../expr/resolve.ts"
import { assert } from "../../std/assert.ts"
import { timeZone, timeZoneNames } from "../../std/time-zone.ts"
import { DAY_US, durationText } from "../duration-text.ts"
import { findings, Refused } from "../errors.ts"
import { projectNode } from "../nodes/project.ts"
import { WINDOW_END, WINDOW_START, windowNode } from "../nodes/window.ts"
import type { PlanNode, WindowShape } from "../plan.ts"
import { names, startOf } from "../sql/tree.ts"
import { bindCast } from "./bind-cast.ts"
import { bindConstant } from "./bind-constant.ts"
import { applyOperator } from "./bind-operator.ts"
import type { Bound } from "./bound.ts"
import { literal, parseUntyped, settle, typed } from "./bound.ts"
import type { Relation, VisibleColumn } from "./context.ts"
import { NO_UNTYPED } from "./context.ts"

/** A week by the minute: a row is worked on once per window that it falls into. */
export const MAX_WINDOWS_PER_ROW = 10_080
/** Ten years: window ends stay far from the end of time, and state that old belongs into no window. */
const MAX_WINDOW_DAYS = 3_660n

export type FindSource = (name: string, byte: number | null) => Relation

/** How many lengths each takes. */
const LENGTHS = { tumble: 1, hop: 2, cumulate: 2 } as const
export type WindowFunction = keyof typeof LENGTHS

export function isWindowFunction(name: string): name is WindowFunction {
  return Object.hasOwn(LENGTHS, name)
}

export function bindWindow(name: WindowFunction, call: FuncCall, find: FindSource): Relation {
  const byte = call.location ?? null
  const args = call.args ?? []
  const least = 2 + LENGTHS[name]
  if (args.length < least || args.length > least + 2) throw new Refused(findings.windowArguments(name), byte)
  const { relation, timeIndex } = bindSource(name, call, find)
  const [first, second] = args.slice(2, least).map((node) => windowLength(`the length in ${name}`, node))
  assert(first !== undefined, "a window has a length")
  const [slideUs, sizeUs] = second === undefined ? [first, first] : [first, second]
  if (sizeUs % slideUs !== 0n)
    throw new Refused(findings.hopSlide(name, durationText(slideUs), durationText(sizeUs)), byte)
  const count = sizeUs / slideUs
  if (count > BigInt(MAX_WINDOWS_PER_ROW)) {
    throw new Refused(findings.hopWindows(String(count), MAX_WINDOWS_PER_ROW), byte)
  }
  const alignment = bindAlignment(name, args.slice(least), { sizeUs, slideUs })
  const input = timedInput(relation.node, timeIndex)
  const node = windowNode(input.node, { kind: name, timeColumn: input.time, sizeUs, slideUs, ...alignment })
  return withBounds(relation, node)
}

/** The source's columns, and the two bounds that the window put behind its row. */
export function withBounds({ columns }: Relation, node: PlanNode): Relation {
  const start = node.columns.length - 2
  const bounds = [
    { name: WINDOW_START, index: start },
    { name: WINDOW_END, index: start + 1 },
  ]
  return { node, columns: [...columns, ...bounds], untyped: NO_UNTYPED }
}

function bareName(node: Node): string | null {
  if (!("ColumnRef" in node)) return null
  const path = names(node.ColumnRef.fields)
  return path.length === 1 && path.length === node.ColumnRef.fields?.length ? path[0]! : null
}

/** The column of the source that was named. @throws Refused when there is none */
export function findColumn(reference: ColumnRef, source: string, { columns }: Relation): VisibleColumn {
  const byte = reference.location ?? null
  const path = names(reference.fields)
  const column = path.at(-1) ?? ""
  const found = columns.filter((candidate) => candidate.name === column)
  if (found.length > 1) throw new Refused(findings.ambiguousColumn(column), byte)
  if (found[0] === undefined || (path.length > 1 && path[0] !== source)) {
    const known = [...new Set(columns.map((candidate) => candidate.name))]
    throw new Refused(findings.unknownColumn(path.join("."), source, nearestName(column, known), known), byte)
  }
  return found[0]
}

/** Position of the time column that was named. @throws Refused when it is not one */
function findTime(reference: ColumnRef, source: string, relation: Relation): number {
  const byte = reference.location ?? null
  const { node, columns } = relation
  const { index, name: column } = findColumn(reference, source, relation)
  const { type } = node.columns[index]!
  const isTime = index === node.timeColumn || index === node.windowColumns?.end
  if (isTime && type.kind === "timestamp") return index
  const timeName = columns.find((candidate) => candidate.index === node.timeColumn)?.name ?? null
  throw new Refused(findings.windowTime(column, source, timeName), byte)
}

interface Source {
  readonly relation: Relation
  readonly sourceName: string
  readonly timeIndex: number
}

/** The first two arguments: what is cut, along which time. */
export function bindSource(name: string, call: FuncCall, find: FindSource): Source {
  const [source, time] = call.args ?? []
  const sourceName = source === undefined ? null : bareName(source)
  if (sourceName === null)
    throw new Refused(findings.windowSource(name), startOf(source) ?? call.location ?? null)
  const relation = find(sourceName, startOf(source))
  if (time === undefined || !("ColumnRef" in time))
    throw new Refused(findings.windowArguments(name), startOf(time))
  return { relation, sourceName, timeIndex: findTime(time.ColumnRef, sourceName, relation) }
}

type Alignment = Pick<WindowShape, "offsetUs" | "zone">

/** An offset, a time zone, or both; a text that is no interval is a zone. */
function bindAlignment(
  name: WindowFunction,
  nodes: readonly Node[],
  { sizeUs, slideUs }: Pick<WindowShape, "sizeUs" | "slideUs">,
): Alignment {
  const last = nodes.at(-1)
  const zoneText = last === undefined ? null : zoneOf(last)
  const offsets = zoneText === null ? nodes : nodes.slice(0, -1)
  const [offset, further] = offsets
  if (further !== undefined) throw new Refused(findings.windowArguments(name), startOf(further))
  const zone = zoneText === null || last === undefined ? null : bindZone(zoneText, last, [slideUs, sizeUs])
  const step = name === "cumulate" ? sizeUs : slideUs
  const given = offset === undefined ? 0n : constantLength(`the offset in ${name}`, offset)
  const offsetUs = ((given % step) + step) % step
  return { ...(offsetUs === 0n ? {} : { offsetUs }), ...(zone === null ? {} : { zone }) }
}

function zoneOf(node: Node): string | null {
  if (!("A_Const" in node)) return null
  const bound = bindConstant(node.A_Const)
  if (bound.kind !== "untyped" || bound.text === null) return null
  return "failure" in parseLiteral(bound.text, INTERVAL) ? bound.text : null
}

function bindZone(text: string, node: Node, lengths: readonly bigint[]): string {
  const zone = timeZone(text)
  if (zone === null)
    throw new Refused(findings.windowZone(text, nearestName(text, timeZoneNames())), startOf(node))
  const odd = lengths.find((length) => length % DAY_US !== 0n && DAY_US % length !== 0n)
  if (odd !== undefined) throw new Refused(findings.windowZoneSize(durationText(odd)), startOf(node))
  return zone.name
}

export function windowLength(what: string, node: Node): bigint {
  const lengthUs = constantLength(what, node)
  if (lengthUs <= 0n)
    throw new Refused(findings.windowInterval(what, "is not longer than zero"), startOf(node))
  return lengthUs
}

/** Microseconds of a constant interval. @throws Refused window-interval, bad-literal */
function constantLength(what: string, node: Node): bigint {
  const byte = startOf(node)
  const refuse = (reason: string) => new Refused(findings.windowInterval(what, reason), byte)
  const bound = constantInterval(node)
  if (bound === null) throw refuse("is not a constant interval")
  const value = bound.kind === "untyped" ? parseUntyped(bound, INTERVAL).value : constantValue(bound)
  if (!isInterval(value)) throw refuse("is not an interval")
  if (value.months !== 0) throw refuse("has months or years, whose length varies")
  const lengthUs = BigInt(value.days) * DAY_US + value.micros
  const absolute = lengthUs < 0n ? -lengthUs : lengthUs
  if (absolute > MAX_WINDOW_DAYS * DAY_US) throw refuse(`is longer than ${MAX_WINDOW_DAYS} days`)
  return lengthUs
}

function constantInterval(node: Node): Bound | null {
  if ("A_Const" in node) return bindConstant(node.A_Const)
  if (!("TypeCast" in node)) return null
  const inner = node.TypeCast.arg
  if (inner === undefined || !("A_Const" in inner)) return null
  const bindInner = () => bindConstant(inner.A_Const)
  return bindCast(node.TypeCast, bindInner)
}

function constantValue(bound: Bound): unknown {
  const expression = settle(bound)
  return expression.kind === "literal" ? expression.value : null
}

function isInterval(value: unknown): value is Interval {
  return typeof value === "object" && value !== null && "micros" in value
}

/** A row of a window stands for its last microsecond: cut by its end, it would fall into the next window. */
export function timedInput(node: PlanNode, time: number): { readonly node: PlanNode; readonly time: number } {
  if (time !== node.windowColumns?.end) return { node, time }
  const references = node.columns.map(
    ({ name, type, nullable }, index): ColumnReference => ({ kind: "column", index, name, type, nullable }),
  )
  const microsecond = literal({ months: 0, days: 0, micros: 1n }, INTERVAL)
  const last = applyOperator("-", [typed(references[time]!, null), typed(microsecond, null)], null)
  const expressions: readonly Expression[] = [...references, settle(last)]
  const columnNames = [...node.columns.map((column) => column.name), "window_time"]
  return { node: projectNode({ input: node, expressions, names: columnNames }), time: expressions.length - 1 }
}
