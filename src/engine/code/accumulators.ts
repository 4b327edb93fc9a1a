/**
 * What a GROUP BY keeps per group, and the code that updates it. Aggregates over the same argument share
 * their count and sum; a DISTINCT argument has a table of (group, value) -> count of its own and passes on
 * only what appears or disappears.
 */
import type { LogicalType } from "../../columns/types.ts"
import { BOOLEAN, FLOAT64, isVariableWidth } from "../../columns/types.ts"
import { wordsPerRow } from "../../columns/vector.ts"
import type { AggregateCall, Expression } from "../../expr/expression.ts"
import { assert } from "../../std/assert.ts"
import type { SlotField } from "../state/slot-layout.ts"
import { SlotLayout } from "../state/slot-layout.ts"
import type { SumKind } from "./aggregate-output.ts"
import { SUM_WORDS, sumKind } from "./aggregate-output.ts"
import { structuralKey } from "./structural-key.ts"

export interface ArgumentState {
  readonly expression: Expression
  /** Rows for which it is not true are not taken. */
  readonly filter: Expression | null
  /** Position among the distinct tables, or null. */
  readonly distinct: DistinctTable | null
  /** Word with the count of values that are not NULL. */
  readonly countAt: number
  readonly sum: { readonly kind: SumKind; readonly at: number } | null
  readonly extremes: readonly ExtremeState[]
}

export interface DistinctTable {
  readonly index: number
  readonly layout: SlotLayout
  readonly group: SlotField
  readonly value: SlotField
  readonly countAt: number
}

export interface ExtremeState {
  readonly name: "min" | "max"
  /** Word of the value; null when an ordered multiset holds the values. */
  readonly at: number | null
  readonly multiset: number | null
}

export interface AccumulatorPlan {
  /** Word with the number of rows in the group. */
  readonly rowsAt: number
  /** Word with the group's number, where distinct tables or multisets need one. */
  readonly groupAt: number | null
  readonly arguments: readonly ArgumentState[]
  readonly distinctTables: readonly DistinctTable[]
  readonly multisets: number
  /** Where each aggregate finds its state. */
  readonly outputs: readonly AggregateState[]
}

export interface AggregateState {
  readonly call: AggregateCall
  /** Null for a count(*) of all rows. */
  readonly argument: ArgumentState | null
}

interface Draft {
  expression: Expression
  filter: Expression | null
  distinct: boolean
  needsSum: boolean
  extremes: Set<"min" | "max">
}

export function planAccumulators(
  calls: readonly AggregateCall[],
  layout: SlotLayout,
  options: { readonly retracting: boolean },
): AccumulatorPlan {
  const drafts = draftArguments(calls)
  const rowsAt = layout.addWords(1)
  const distinctTables: DistinctTable[] = []
  const state = { multisets: 0 }
  const planned = new Map<string, ArgumentState>()
  const needsGroup = [...drafts.values()].some(
    (draft) => draft.distinct || (options.retracting && draft.extremes.size > 0),
  )
  const groupAt = needsGroup ? layout.addWords(1) : null
  for (const [key, draft] of drafts) {
    const { expression, filter } = draft
    const { type } = expression
    const distinct = draft.distinct ? distinctTable(type, distinctTables) : null
    const kind = sumKind(type)
    const multiset = options.retracting && draft.extremes.size > 0 ? state.multisets++ : null
    const takesAll = !expression.nullable && !draft.distinct && filter === null
    planned.set(key, {
      expression,
      filter,
      distinct,
      countAt: takesAll ? rowsAt : layout.addWords(1),
      sum: draft.needsSum ? { kind, at: layout.addWords(SUM_WORDS[kind]) } : null,
      extremes: [...draft.extremes].map((name) => ({
        name,
        multiset,
        at: multiset === null ? addValue(layout, type) : null,
      })),
    })
  }
  return {
    rowsAt,
    groupAt,
    arguments: [...planned.values()],
    distinctTables,
    multisets: state.multisets,
    outputs: calls.map((call) => ({ call, argument: planned.get(argumentKey(call)) ?? null })),
  }
}

function draftArguments(calls: readonly AggregateCall[]): Map<string, Draft> {
  const drafts = new Map<string, Draft>()
  for (const call of calls) {
    const expression = argumentOf(call)
    if (expression === null) continue
    checkArgument(call, expression.type)
    const key = argumentKey(call)
    const draft = drafts.get(key) ?? {
      expression,
      filter: call.filter ?? null,
      distinct: isDistinct(call),
      needsSum: false,
      extremes: new Set<"min" | "max">(),
    }
    if (call.name === "sum" || call.name === "avg") draft.needsSum = true
    if (call.name === "min" || call.name === "max") draft.extremes.add(call.name)
    drafts.set(key, draft)
  }
  return drafts
}

/** DISTINCT does not change a minimum. */
function isDistinct(call: AggregateCall): boolean {
  return call.distinct && call.name !== "min" && call.name !== "max"
}

/** What count(*) FILTER counts. */
const ONE_FOR_EACH: Expression = { kind: "literal", value: true, type: BOOLEAN, nullable: false }

/** Null where the rows of the group are counted anyway. */
function argumentOf({ name, argument, filter }: AggregateCall): Expression | null {
  if (argument !== null) return argument
  assert(name === "count", `${name} has an argument`)
  return filter === undefined ? null : ONE_FOR_EACH
}

function argumentKey(call: AggregateCall): string {
  const argument = argumentOf(call)
  if (argument === null) return ""
  const where = call.filter === undefined ? "" : ` where ${structuralKey(call.filter)}`
  return `${isDistinct(call) ? "distinct " : ""}${structuralKey(argument)}${where}`
}

function checkArgument(call: AggregateCall, type: LogicalType): void {
  if (call.name === "count") return
  const numeric = ["int32", "int64", "float64", "decimal"].includes(type.kind)
  const ordered = numeric || ["timestamp", "date", "string", "bytes", "json"].includes(type.kind)
  const summed = call.name === "sum" || call.name === "avg"
  assert(summed ? numeric : ordered, `${call.name} takes a ${type.kind}`)
}

function addValue(layout: SlotLayout, type: LogicalType): number {
  return isVariableWidth(type) ? layout.addBytes() : layout.addWords(wordsPerRow(type))
}

function distinctTable(type: LogicalType, tables: DistinctTable[]): DistinctTable {
  const layout = new SlotLayout(0)
  const table: DistinctTable = {
    index: tables.length,
    layout,
    group: layout.addField(FLOAT64, false),
    value: layout.addField(type, false),
    countAt: layout.addWords(1),
  }
  tables.push(table)
  return table
}
