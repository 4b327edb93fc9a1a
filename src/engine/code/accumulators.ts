/**
 * What a GROUP BY keeps per group, and the code that updates it. Aggregates over the same argument share
 * their count and sum; a DISTINCT argument counts its values in a table and passes on only what appears or
 * disappears. Arguments that differ by their FILTER alone share the table: a value is looked up once.
 *
 *   (group, value) -> count for the first argument | for the second | ...
 */
import type { LogicalType } from "../../columns/types.ts"
import { BOOLEAN, FLOAT64, isVariableWidth } from "../../columns/types.ts"
import { wordsPerRow } from "../../columns/vector.ts"
import type { AggregateCall, AggregateName, Expression } from "../../expr/expression.ts"
import { assert } from "../../std/assert.ts"
import type { SketchPlace } from "../sketches/distinct-sketch.ts"
import type { MultisetItem } from "../state/ordered-multiset.ts"
import type { SlotField } from "../state/slot-layout.ts"
import { SlotLayout } from "../state/slot-layout.ts"
import { SUM_WORDS, sumKind } from "./aggregate-output.ts"
import type { CollectionState } from "./collections.ts"
import { collectionKey, heldItems, isCollected, planCollection } from "./collections.ts"
import type { SumKind } from "./exact-sums.ts"
import type { PairsKind } from "./pairs.ts"
import { PAIRS_WORDS } from "./pairs.ts"
import type { SquaresKind } from "./squares.ts"
import { SQUARES_WORDS, squaresKind } from "./squares.ts"
import { structuralKey } from "./structural-key.ts"

export interface ArgumentState {
  readonly expression: Expression
  /** Rows for which it is not true are not taken. */
  readonly filter: Expression | null
  readonly distinct: DistinctCount | null
  /** Word with the count of values that are not NULL. */
  readonly countAt: number
  readonly sum: { readonly kind: SumKind; readonly at: number } | null
  readonly extremes: readonly ExtremeState[]
  /** For variances. */
  readonly squares: { readonly kind: SquaresKind; readonly at: number } | null
  /** For statistics over pairs: x, where `expression` is y; rows where either is NULL are not taken. */
  readonly pairs: { readonly other: Expression; readonly kind: PairsKind; readonly at: number } | null
  /** Word with the count of values that are true. */
  readonly truesAt: number | null
  /** For the approximate count of different values. */
  readonly sketch: SketchPlace | null
}

export interface DistinctTable {
  readonly index: number
  readonly layout: SlotLayout
  readonly group: SlotField
  readonly value: SlotField
  /** Word with the count of each argument that shares it. */
  readonly countsAt: number[]
}

/** Where an argument counts how often each of its values is there. */
export interface DistinctCount {
  readonly table: DistinctTable
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
  readonly collections: readonly CollectionState[]
  /** What each multiset of a group has in order. */
  readonly multisets: readonly (readonly MultisetItem[])[]
  /** Where each aggregate finds its state. */
  readonly outputs: readonly AggregateState[]
}

export interface AggregateState {
  readonly call: AggregateCall
  /** Null for a count(*) of all rows. */
  readonly argument: ArgumentState | null
  /** Of aggregates that have an order; those have no argument here. */
  readonly collection: CollectionState | null
}

interface Draft {
  expression: Expression
  other: Expression | null
  filter: Expression | null
  distinct: boolean
  needsSum: boolean
  extremes: Set<"min" | "max">
  needsSquares: boolean
  needsTrues: boolean
  needsSketch: boolean
}

export function planAccumulators(
  calls: readonly AggregateCall[],
  layout: SlotLayout,
  options: { readonly retracting: boolean },
): AccumulatorPlan {
  const drafts = draftArguments(calls.filter((call) => !isCollected(call)))
  const rowsAt = layout.addWords(1)
  const distinctTables = new Map<string, DistinctTable>()
  const multisets: (readonly MultisetItem[])[] = []
  const planned = new Map<string, ArgumentState>()
  const needsGroup =
    calls.some(isCollected) ||
    [...drafts.values()].some((draft) => draft.distinct || (options.retracting && draft.extremes.size > 0))
  const groupAt = needsGroup ? layout.addWords(1) : null
  for (const [key, draft] of drafts) {
    const { expression, other, filter } = draft
    const { type } = expression
    const distinct = draft.distinct ? distinctCount(draft, key, distinctTables) : null
    const kind = sumKind(type)
    const multiset = options.retracting && draft.extremes.size > 0 ? multisets.push([itemOf(type)]) - 1 : null
    const mayBeNull = expression.nullable || other?.nullable === true
    const takesAll = !mayBeNull && !draft.distinct && filter === null
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
      squares: draft.needsSquares ? addSquares(layout, type, options.retracting) : null,
      pairs: other === null ? null : addPairs(layout, other, options.retracting),
      truesAt: draft.needsTrues ? layout.addWords(1) : null,
      sketch: draft.needsSketch ? addSketch(layout, options.retracting) : null,
    })
  }
  const collections = planCollections(calls, multisets, options.retracting)
  return {
    rowsAt,
    groupAt,
    arguments: [...planned.values()],
    distinctTables: [...distinctTables.values()],
    collections: [...collections.values()],
    multisets,
    outputs: calls.map((call) => {
      if (!isCollected(call)) {
        return { call, argument: planned.get(argumentKey(call)) ?? null, collection: null }
      }
      return { call, argument: null, collection: collections.get(collectionKey(call, options.retracting))! }
    }),
  }
}

function planCollections(
  calls: readonly AggregateCall[],
  multisets: (readonly MultisetItem[])[],
  retracting: boolean,
): ReadonlyMap<string, CollectionState> {
  const collections = new Map<string, CollectionState>()
  for (const call of calls.filter(isCollected)) {
    const key = collectionKey(call, retracting)
    if (collections.has(key)) continue
    const collection = planCollection(call, { multiset: multisets.length, retracting })
    collections.set(key, collection)
    multisets.push(heldItems(collection))
  }
  return collections
}

/** NULL is no extreme. */
function itemOf(type: LogicalType): MultisetItem {
  return { type, nullable: false, descending: false, nullsFirst: false }
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
      other: call.other ?? null,
      filter: call.filter ?? null,
      distinct: isDistinct(call),
      needsSum: false,
      extremes: new Set<"min" | "max">(),
      needsSquares: false,
      needsTrues: false,
      needsSketch: false,
    }
    if (call.name === "sum" || call.name === "avg") draft.needsSum = true
    if (call.name === "min" || call.name === "max") draft.extremes.add(call.name)
    if (call.name === "bool_and" || call.name === "bool_or") draft.needsTrues = true
    if (call.name === "approx_count_distinct") draft.needsSketch = true
    if (isSpread(call)) {
      draft.needsSquares = true
      // Floats have their sum beside the squares.
      if (expression.type.kind !== "float64") draft.needsSum = true
    }
    drafts.set(key, draft)
  }
  return drafts
}

function addSquares(layout: SlotLayout, type: LogicalType, retracting: boolean) {
  const kind = squaresKind(type, retracting)
  return { kind, at: layout.addWords(SQUARES_WORDS[kind]) }
}

function addPairs(layout: SlotLayout, other: Expression, retracting: boolean) {
  const kind: PairsKind = retracting ? "exact" : "running"
  return { other, kind, at: layout.addWords(PAIRS_WORDS[kind]) }
}

function addSketch(layout: SlotLayout, retracting: boolean): SketchPlace {
  assert(!retracting, "what is counted approximately is not taken back")
  return { at: layout.addBytes(), entriesAt: layout.addWords(1) }
}

const ONCE_IS_ENOUGH: ReadonlySet<AggregateName> = new Set([
  "min",
  "max",
  "bool_and",
  "bool_or",
  "approx_count_distinct",
])

/** DISTINCT does not change a minimum. */
function isDistinct(call: AggregateCall): boolean {
  return call.distinct && !ONCE_IS_ENOUGH.has(call.name)
}

const isSpread = ({ name }: AggregateCall) => name.startsWith("var_") || name.startsWith("stddev_")

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
  const beside = call.other === undefined ? "" : ` and ${structuralKey(call.other)}`
  return `${isDistinct(call) ? "distinct " : ""}${structuralKey(argument)}${beside}${where}`
}

function checkArgument(call: AggregateCall, type: LogicalType): void {
  if (call.name === "count" || call.name === "approx_count_distinct") return
  const inPairs = call.other === undefined || call.other.type.kind === "float64"
  assert(inPairs && !(call.other !== undefined && call.distinct), `${call.name} takes pairs of floats`)
  const numeric = ["int32", "int64", "float64", "decimal"].includes(type.kind)
  const ordered = numeric || ["timestamp", "date", "string", "bytes", "json"].includes(type.kind)
  const truth = call.name === "bool_and" || call.name === "bool_or"
  const fits = truth ? type.kind === "boolean" : ONCE_IS_ENOUGH.has(call.name) ? ordered : numeric
  assert(fits, `${call.name} takes a ${type.kind}`)
}

function addValue(layout: SlotLayout, type: LogicalType): number {
  return isVariableWidth(type) ? layout.addBytes() : layout.addWords(wordsPerRow(type))
}

/** Only columns share: anything else is evaluated where its own FILTER holds, and nowhere else. */
function distinctCount(
  { expression }: Draft,
  argument: string,
  tables: Map<string, DistinctTable>,
): DistinctCount {
  const key = expression.kind === "column" ? structuralKey(expression) : argument
  const table = tables.get(key) ?? distinctTable(expression.type, tables.size)
  tables.set(key, table)
  const countAt = table.layout.addWords(1)
  table.countsAt.push(countAt)
  return { table, countAt }
}

function distinctTable(type: LogicalType, index: number): DistinctTable {
  const layout = new SlotLayout(0)
  const group = layout.addField(FLOAT64, false)
  return { index, layout, group, value: layout.addField(type, false), countsAt: [] }
}
