/**
 * tumble(source, time_column, size) and hop(source, time_column, slide, size), in Flink's and RisingWave's
 * order of arguments. Windows close by the watermark of event time, so only a source's time column can be
 * cut.
 */
import type { ColumnRef, FuncCall, Node } from "libpg-query"
import type { Interval } from "../../columns/types.ts"
import { INTERVAL } from "../../columns/types.ts"
import type { ColumnReference, Expression } from "../../expr/expression.ts"
import { nearestName } from "../../expr/nearest-name.ts"
import { assert } from "../../std/assert.ts"
import { DAY_US, durationText } from "../duration-text.ts"
import { findings, Refused } from "../errors.ts"
import { projectNode } from "../nodes/project.ts"
import { WINDOW_END, WINDOW_START, windowNode } from "../nodes/window.ts"
import type { PlanNode } from "../plan.ts"
import { names, startOf } from "../sql/tree.ts"
import { bindCast } from "./bind-cast.ts"
import { bindConstant } from "./bind-constant.ts"
import { applyOperator } from "./bind-operator.ts"
import type { Bound } from "./bound.ts"
import { literal, parseUntyped, settle, typed } from "./bound.ts"
import type { Relation } from "./context.ts"
import { NO_UNTYPED } from "./context.ts"

/** A week by the minute: a row is worked on once per window that it falls into. */
export const MAX_WINDOWS_PER_ROW = 10_080
/** Ten years: window ends stay far from the end of time, and state that old belongs into no window. */
const MAX_WINDOW_DAYS = 3_660n

type FindSource = (name: string, byte: number | null) => Relation

export function bindWindow(name: "tumble" | "hop", call: FuncCall, find: FindSource): Relation {
  const byte = call.location ?? null
  const args = call.args ?? []
  if (args.length !== (name === "hop" ? 4 : 3)) throw new Refused(findings.windowArguments(name), byte)
  const [source, time, ...intervals] = args
  const sourceName = source === undefined ? null : bareName(source)
  if (sourceName === null) throw new Refused(findings.windowSource(name), startOf(source) ?? byte)
  const relation = find(sourceName, startOf(source))
  if (time === undefined || !("ColumnRef" in time))
    throw new Refused(findings.windowArguments(name), startOf(time))
  const timeIndex = findTime(time.ColumnRef, sourceName, relation)
  const [first, second] = intervals.map((node) => windowLength(name, node))
  assert(first !== undefined, "a window has a length")
  const [slideUs, sizeUs] = second === undefined ? [first, first] : [first, second]
  if (sizeUs % slideUs !== 0n)
    throw new Refused(findings.hopSlide(durationText(slideUs), durationText(sizeUs)), byte)
  const count = sizeUs / slideUs
  if (count > BigInt(MAX_WINDOWS_PER_ROW)) {
    throw new Refused(findings.hopWindows(String(count), MAX_WINDOWS_PER_ROW), byte)
  }
  const input = timedInput(relation.node, timeIndex)
  const node = windowNode(input.node, { kind: name, timeColumn: input.time, sizeUs, slideUs })
  const start = input.node.columns.length
  const columns = [
    ...relation.columns,
    { name: WINDOW_START, index: start },
    { name: WINDOW_END, index: start + 1 },
  ]
  return { node, columns, untyped: NO_UNTYPED }
}

function bareName(node: Node): string | null {
  if (!("ColumnRef" in node)) return null
  const path = names(node.ColumnRef.fields)
  return path.length === 1 && path.length === node.ColumnRef.fields?.length ? path[0]! : null
}

/** Position of the time column that was named. @throws Refused when it is not one */
function findTime(reference: ColumnRef, source: string, relation: Relation): number {
  const byte = reference.location ?? null
  const path = names(reference.fields)
  const column = path.at(-1) ?? ""
  const { node, columns } = relation
  const found = columns.filter((candidate) => candidate.name === column)
  if (found.length > 1) throw new Refused(findings.ambiguousColumn(column), byte)
  if (found[0] === undefined || (path.length > 1 && path[0] !== source)) {
    const known = [...new Set(columns.map((candidate) => candidate.name))]
    throw new Refused(findings.unknownColumn(path.join("."), source, nearestName(column, known), known), byte)
  }
  const { index } = found[0]
  const { type } = node.columns[index]!
  const isTime = index === node.timeColumn || index === node.windowColumns?.end
  if (isTime && type.kind === "timestamp") return index
  const timeName = columns.find((candidate) => candidate.index === node.timeColumn)?.name ?? null
  throw new Refused(findings.windowTime(column, source, timeName), byte)
}

/** Microseconds of a constant interval. @throws Refused window-interval, bad-literal */
function windowLength(name: string, node: Node): bigint {
  const byte = startOf(node)
  const refuse = (reason: string) =>
    new Refused(findings.windowInterval(`the length in ${name}`, reason), byte)
  const bound = constantInterval(node)
  if (bound === null) throw refuse("is not a constant interval")
  const value = bound.kind === "untyped" ? parseUntyped(bound, INTERVAL).value : constantValue(bound)
  if (!isInterval(value)) throw refuse("is not an interval")
  if (value.months !== 0) throw refuse("has months or years, whose length varies")
  const lengthUs = BigInt(value.days) * DAY_US + value.micros
  if (lengthUs <= 0n) throw refuse("is not longer than zero")
  if (lengthUs > MAX_WINDOW_DAYS * DAY_US) throw refuse(`is longer than ${MAX_WINDOW_DAYS} days`)
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
function timedInput(node: PlanNode, time: number): { readonly node: PlanNode; readonly time: number } {
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
