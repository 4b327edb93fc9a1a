/**
 * The semantic fingerprint of a view: its bound plan before any rewriting, its emission, and the fingerprints
 * of what it reads. What is derived (keys, change kinds, nullability) stays out, so that a planner that
 * proves more rebuilds no view.
 */
import type { Column } from "../columns/types.ts"
import { typeName } from "../columns/types.ts"
import { assertNever } from "../std/assert.ts"
import { fingerprint } from "../std/fingerprint.ts"
import { timeZone } from "../std/time-zone.ts"
import {
  canonical,
  canonicalAggregate,
  canonicalOver,
  canonicalPatternValue,
} from "./expressions/canonical.ts"
import { inputsOf } from "./nodes/rebuild.ts"
import type { Emit, JoinBound, OrderTerm, PatternNode, PlanNode, ProcessNode, WindowShape } from "./plan.ts"

export interface FingerprintParts {
  readonly root: PlanNode
  readonly emit: Emit
  readonly allowedLatenessMs: number
  /** Of the events and views that are read, by name. */
  readonly inputs: ReadonlyMap<string, string>
}

/** 16 hex digits. */
export function fingerprintPlan({ root, emit, allowedLatenessMs, inputs }: FingerprintParts): string {
  const reads = [...inputs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, print]) => `${name}=${print}`)
  const names = root.columns.map(columnText)
  return fingerprint([textOf(root), names.join(), emit, String(allowedLatenessMs), ...reads].join("\n"))
}

/** A zone with other rules cuts other windows. */
function alignmentText({ offsetUs = 0n, zone = null }: WindowShape): string {
  const rules = zone === null ? "" : ` in ${zone.toLowerCase()}/${timeZone(zone)?.rules}`
  return `${offsetUs === 0n ? "" : ` from ${offsetUs}`}${rules}`
}

const columnText = ({ name, type }: Column): string => `${JSON.stringify(name)}:${typeName(type)}`

const textOf = (node: PlanNode): string => nodeText(node, inputsOf(node).map(textOf))

/**
 * What a node means, over inputs that are given as texts. Names of columns are left out: what reads a node
 * counts its columns.
 */
export function nodeText(node: PlanNode, inputs: readonly string[]): string {
  const over = `(${inputs.join()})`
  switch (node.kind) {
    case "scan":
      return `scan ${node.source} ${node.name}${sideText(node.side)}(${node.columns.map(columnText).join()})`
    case "filter":
      return `filter ${canonical(node.predicate)}${over}`
    case "project":
      return `project ${node.expressions.map(canonical).join()}${over}`
    case "window": {
      const { kind, timeColumn, sizeUs, slideUs } = node.window
      const aligned = alignmentText(node.window)
      return `${kind} #${timeColumn} ${slideUs} ${sizeUs}${aligned}${over}`
    }
    case "session": {
      const { timeColumn, gapUs, keys } = node.session
      return `session #${timeColumn} ${gapUs} ${keys.join()}${over}`
    }
    case "aggregate": {
      const keys = node.keys.map(canonical).join()
      return `aggregate ${keys};${node.aggregates.map(canonicalAggregate).join()}${over}`
    }
    case "union-all":
      return `union-all${over}`
    case "join": {
      const keys = node.keys.map(({ left, right }) => `${canonical(left)}=${canonical(right)}`).join()
      const on = node.condition === null ? "" : canonical(node.condition)
      return `${node.type}-join ${keys};${on};${boundText(node.bound)}${over}`
    }
    case "rank": {
      const { partition, offset, limit, ranked } = node
      const kept = `${node.function} ${offset} ${limit ?? "all"} ${ranked}`
      return `rank ${kept};${partition.join()};${node.order.map(orderText).join()}${over}`
    }
    case "over": {
      const order = `${node.order.map(orderText).join()}/${node.peerTerms}`
      const calls = node.calls.map(canonicalOver).join()
      return `over ${calls};${node.partition.join()};${order}${over}`
    }
    case "pattern":
      return `pattern ${patternText(node)}${over}`
    case "process":
      return `process ${processText(node)}${over}`
    case "repeat":
      return `repeat ${canonical(node.times)}${over}`
    default:
      return assertNever(node)
  }
}

const orderText = ({ column, descending, nullsFirst }: OrderTerm): string =>
  `#${column}${descending ? "-" : "+"}${nullsFirst ? "n" : ""}`

const sideText = (side: number | undefined): string => (side === undefined ? "" : ` side ${side}`)

/** Only what is declared: bounds that follow from the condition are derived. */
const boundText = (bound: JoinBound | null): string =>
  bound?.kind === "time-to-live" ? String(bound.timeToLiveUs) : ""

/** Names of steps say nothing. */
function patternText(node: PatternNode): string {
  const { partition, order, steps, withinUs, afterMatch, timeouts, outputs } = node
  const stepText = steps.map(({ condition, values, ...step }) => {
    const { negated, least, most, greedy, relaxed } = step
    const asks = `${canonical(condition)}[${values.map(canonicalPatternValue).join()}]`
    return `${negated ? "!" : ""}${relaxed ? "~" : ""}{${least},${most ?? ""}}${greedy ? "" : "?"}${asks}`
  })
  const to = "step" in afterMatch ? afterMatch.step : ""
  const skip = `${afterMatch.kind}${to}${timeouts ? " timeouts" : ""}`
  const rows = `${partition.join()};${order.map(orderText).join()}`
  return `${stepText.join()};${withinUs};${skip};${rows};${outputs.map(canonicalPatternValue).join()}`
}

/** The handlers' own text says nothing: what they mean has a version. */
function processText(node: ProcessNode): string {
  const { partition, process, latenessUs, timeToLiveUs, sides, columns } = node
  const { version, initialState, outputNames, description, onEventTimer, onProcessingTimer } = node.function
  const handlers = `${onEventTimer === null ? "" : "e"}${onProcessingTimer === null ? "" : "p"}`
  const outputs = [columns, ...sides].map(
    (list, k) => `${outputNames[k] ?? ""}:${list.map(columnText).join()}`,
  )
  const state = `${initialState} ${timeToLiveUs} ${description}`
  return `${process} ${version} ${partition.join()};${latenessUs};${handlers};${outputs.join(";")};${state}`
}
