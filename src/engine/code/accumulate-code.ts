/**
 * Text that applies one row to its group's accumulators. Everything that can fail was evaluated before: from
 * the first statement here on, the row counts. The local `w` is the row's weight (absent for append-only
 * input, where it is 1), `p` and `a` are the group's page and slot.
 */
import type { LogicalType } from "../../columns/types.ts"
import { isVariableWidth } from "../../columns/types.ts"
import { wordsPerRow } from "../../columns/vector.ts"
import type { Expression, Failure } from "../../expr/expression.ts"
import { onlyWhere } from "../../expr/rewrite.ts"
import type { RowCode } from "../../expr/row-code.ts"
import { assert, assertNever } from "../../std/assert.ts"
import type { SketchPlace } from "../sketches/distinct-sketch.ts"
import { DistinctSketch, SECOND_SEED } from "../sketches/distinct-sketch.ts"
import type { SlotField } from "../state/slot-layout.ts"
import type { AccumulatorPlan, ArgumentState, DistinctTable, ExtremeState } from "./accumulators.ts"
import type { CodeScope } from "./code-scope.ts"
import { addLimbs, addTriple, addWords, carryWords, LIMB_CARRY } from "./exact-sums.ts"
import { compareBytes, readWideWord, replaces, writeWideWord } from "./extremes.ts"
import type { FieldLoader, LoadedField } from "./field-loader.ts"
import { addToExactPairs, addToRunningPairs } from "./pairs.ts"
import type { SlotPlace } from "./slot-code.ts"
import {
  findOrInsert,
  hashKeys,
  loadTable,
  RETAKE_VIEWS,
  STOP_WHEN_CROWDED,
  storeBytes,
} from "./slot-code.ts"
import { addSquareOfBig, addSquareOfInt32, addToExact, addToRunning } from "./squares.ts"

/** Up to this weight a 32-bit value times its weight stays far inside a double. */
const MAX_PLAIN_WEIGHT = 1_048_576
const HEAVY = `w > ${MAX_PLAIN_WEIGHT} || w < -${MAX_PLAIN_WEIGHT}`

export interface LoadedArgument {
  readonly state: ArgumentState
  /** The value as a JavaScript scalar; null where only bytes are needed. */
  readonly value: string | null
  /** Of pairs: the second value. */
  readonly other: string | null
  readonly isNull: string | null
  readonly loaded: LoadedField | null
}

export interface AccumulateContext {
  readonly scope: CodeScope
  readonly row: RowCode
  readonly loader: FieldLoader
  readonly plan: AccumulatorPlan
  readonly place: SlotPlace
  /** False: the weight is 1 and known to be. */
  readonly weighted: boolean
  /** Expressions for a distinct table and a multiset of the current window. */
  readonly distinctTable: (index: number) => string
  readonly multiset: (index: number) => string
  /** Statement that leaves the row, which failed. */
  readonly fail: (failure: Failure) => string
}

/** Evaluates all arguments; the row may fail here. */
export function loadArguments(context: AccumulateContext, lines: string[]): LoadedArgument[] {
  return context.plan.arguments.map((state) => {
    const { expression, filter } = state
    if (filter === null) return loadArgument(context, state, lines)
    const left = leftOut(context, filter, lines)
    const { pairs } = state
    const taken = {
      ...state,
      expression: where(filter, expression),
      pairs: pairs && { ...pairs, other: where(filter, pairs.other) },
    }
    const loaded = loadArgument(context, taken, lines)
    const isNull = loaded.isNull === null ? left : `${left} || ${loaded.isNull}`
    return { ...loaded, state, isNull }
  })
}

/** What costs little is evaluated for all rows: it cannot fail. */
function where(filter: Expression, expression: Expression): Expression {
  const cheap = expression.kind === "column" || expression.kind === "literal"
  return cheap ? expression : onlyWhere(filter, expression)
}

/** A local that is true for rows that FILTER leaves out. */
export function leftOut(context: AccumulateContext, filter: Expression, lines: string[]): string {
  const { value, isNull } = context.row.evaluate(filter)
  lines.push(context.row.takeStatements())
  const local = context.scope.local("out")
  lines.push(`const ${local} = ${isNull === null ? `!(${value})` : `${isNull} || !(${value})`};`)
  return local
}

function loadArgument(context: AccumulateContext, state: ArgumentState, lines: string[]): LoadedArgument {
  if (state.pairs !== null) return loadPair(context, state, state.pairs.other, lines)
  const { expression, distinct, sum, extremes, squares, truesAt, sketch } = state
  const inPlace = extremes.some((extreme) => extreme.multiset === null)
  const inMultiset = extremes.length > 0 && !inPlace
  const byHalves = hasHalves(expression.type) && (sum !== null || inPlace)
  const byBytes = isVariableWidth(expression.type) && inPlace
  const wantsScalar =
    inMultiset || squares !== null || truesAt !== null || ((sum !== null || inPlace) && !byHalves && !byBytes)
  const loaded =
    distinct !== null || sketch !== null || byHalves || byBytes
      ? context.loader.load(expression, lines)
      : null
  if (!wantsScalar && loaded !== null) {
    return { state, value: null, other: null, isNull: loaded.isNull, loaded }
  }
  const code = context.row.evaluate(expression)
  lines.push(context.row.takeStatements())
  return { state, value: code.value, other: null, isNull: code.isNull, loaded }
}

function loadPair(
  { row }: AccumulateContext,
  state: ArgumentState,
  second: Expression,
  lines: string[],
): LoadedArgument {
  const [value, other] = [row.evaluate(state.expression), row.evaluate(second)]
  lines.push(row.takeStatements())
  const nulls = [value.isNull, other.isNull].filter((isNull) => isNull !== null)
  const isNull = nulls.length === 0 ? null : nulls.join(" || ")
  return { state, value: value.value, other: other.value, isNull, loaded: null }
}

/**
 * 64-bit integers are added and compared as halves, never as BigInt. Slots hold them as they are, where other
 * values of one word are doubles.
 */
export function hasHalves(type: LogicalType): boolean {
  return ["int64", "timestamp", "decimal"].includes(type.kind) && wordsPerRow(type) === 1
}

export function accumulate(context: AccumulateContext, args: readonly LoadedArgument[]): string {
  const lines = args.map((arg) => {
    const { distinct } = arg.state
    if (distinct === null) return onlyWhereTaken(arg, updateArgument(context, arg))
    const sharing = args.filter(({ state }) => state.distinct?.table === distinct.table)
    return sharing[0] === arg ? updateDistinct(context, distinct.table, sharing) : ""
  })
  lines.push(`f64[${context.place.address} + ${context.plan.rowsAt}] += ${context.weighted ? "w" : "1"};`)
  return lines.join("\n")
}

function onlyWhereTaken({ isNull }: LoadedArgument, update: string): string {
  if (update.trim() === "") return ""
  return isNull === null ? `{\n${update}\n}` : `if (!(${isNull})) {\n${update}\n}`
}

function updateArgument(context: AccumulateContext, arg: LoadedArgument): string {
  const { state } = arg
  const a = context.place.address
  const lines: string[] = []
  const weight = state.distinct !== null ? "dw" : context.weighted ? "w" : "1"
  for (const extreme of state.extremes) lines.push(updateExtreme(context, arg, extreme))
  if (state.sum !== null) lines.push(updateSum(context, arg, weight))
  if (state.squares !== null) lines.push(updateSquares(context, arg, weight))
  if (state.pairs !== null) lines.push(updatePairs(context, arg, weight))
  if (state.sketch !== null) lines.push(updateSketch(context, arg, state.sketch))
  if (state.truesAt !== null) lines.push(`if (${arg.value}) f64[${a} + ${state.truesAt}] += ${weight};`)
  if (state.countAt !== context.plan.rowsAt) lines.push(`f64[${a} + ${state.countAt}] += ${weight};`)
  lines.push(resetFloat(context, state, weight))
  return lines.join("\n")
}

/**
 * Finds the value of arguments that share a table, and updates those that take the row. Each has its `dw`: +1
 * when the value is new in its group, -1 when its last occurrence went, else 0.
 */
function updateDistinct(
  context: AccumulateContext,
  table: DistinctTable,
  sharing: readonly LoadedArgument[],
): string {
  const { scope, plan, place, weighted } = context
  const loaded = sharing[0]?.loaded
  assert(loaded && plan.groupAt !== null, "a distinct argument has a value and a group")
  const [group0, group1] = [scope.local("g"), scope.local("g")]
  const names = { page: scope.local("dp"), address: scope.local("da"), hash: scope.local("dh") }
  const [tableName, mirror] = [scope.local("dt"), scope.local("m")]
  const group: LoadedField = {
    type: table.group.type,
    isNull: null,
    halves: [group0, group1],
    bytes: null,
  }
  const find = findOrInsert(scope, {
    table: tableName,
    mirror,
    layout: table.layout,
    keys: [
      { field: table.group, loaded: group },
      { field: table.value, loaded: { ...loaded, isNull: null } },
    ],
    ...names,
    onInsert: "",
  })
  const countAt = (at: number) => `f64[${names.address} + ${at}]`
  const updates = sharing.map((arg) => {
    const count = countAt(arg.state.distinct!.countAt)
    const update = `const before = ${count}, after = before + ${weighted ? "w" : "1"};
      ${count} = after;
      const dw = (after > 0 ? 1 : 0) - (before > 0 ? 1 : 0);
      if (dw !== 0) {\n${updateArgument(context, arg)}\n}`
    return onlyWhereTaken(arg, update)
  })
  const isGone = table.countsAt.map((at) => `${countAt(at)} === 0`).join(" && ")
  const isTaken = sharing.some(({ isNull }) => isNull === null)
    ? "true"
    : sharing.map(({ isNull }) => `!(${isNull})`).join(" || ")
  return `if (${isTaken}) {
    const ${tableName} = ${context.distinctTable(table.index)};
    let ${mirror}_dir, ${mirror}_shift, ${mirror}_gen; ${loadTable(mirror, tableName)}
    const ${group0} = i32[(${place.address} + ${plan.groupAt}) * 2];
    const ${group1} = i32[(${place.address} + ${plan.groupAt}) * 2 + 1];
    ${find}
    ${updates.join("\n")}
    ${weighted ? `if (${isGone}) ${tableName}.remove(${names.page}, ${names.address});` : ""}
  }`
}

function updateSum(context: AccumulateContext, arg: LoadedArgument, weight: string): string {
  const { sum } = arg.state
  assert(sum !== null, "a sum has its words")
  const a = context.place.address
  const at = `${a} + ${sum.at}`
  const { scope } = context
  const once = weight === "1"
  switch (sum.kind) {
    case "limbs": {
      const add = `{ const s = f64[${at}] + ${once ? arg.value : `(${arg.value}) * ${weight}`};
        if (s > ${LIMB_CARRY} || s < -${LIMB_CARRY}) {
          const c = Math.trunc(s / 4294967296); f64[${at} + 1] += c; f64[${at}] = s - c * 4294967296;
        } else f64[${at}] = s; }`
      if (once || weight === "dw") return add
      const helper = scope.bind(addLimbs, "addLimbs")
      return `if (${HEAVY}) ${helper}(S, ${at}, ${arg.value}, w); else ${add}`
    }
    case "words": {
      const [low, high] = arg.loaded!.halves
      const times = once ? "" : ` * ${weight}`
      const add = `{ const s = f64[${at}] + (${low} >>> 0)${times}, m = f64[${at} + 1] + ${high}${times};
        f64[${at}] = s; f64[${at} + 1] = m;
        if (s > ${LIMB_CARRY} || s < -${LIMB_CARRY} || m > ${LIMB_CARRY} || m < -${LIMB_CARRY})
          ${scope.bind(carryWords, "carry")}(S, ${at}); }`
      if (once || weight === "dw") return add
      const helper = scope.bind(addWords, "addWords")
      return `if (${HEAVY}) ${helper}(S, ${at}, ${low}, ${high}, w); else ${add}`
    }
    case "wide":
      return `${scope.bind(addTriple, "addWide")}(S, ${at}, ${arg.value}, ${weight});`
    case "float":
      return `{ const x = ${arg.value};
        if (x - x === 0) {
          const y = ${once ? "x" : `x * ${weight}`}, s = f64[${at}], t = s + y;
          f64[${at} + 1] += Math.abs(s) >= Math.abs(y) ? (s - t) + y : (y - t) + s;
          f64[${at}] = t;
        } else f64[${at} + (x !== x ? 2 : x > 0 ? 3 : 4)] += ${weight}; }`
  }
}

function updateSquares(context: AccumulateContext, arg: LoadedArgument, weight: string): string {
  const { squares, countAt } = arg.state
  assert(squares !== null && arg.value !== null, "squares have their words and a value")
  const { scope } = context
  const { value } = arg
  const at = `${context.place.address} + ${squares.at}`
  switch (squares.kind) {
    case "int32":
      return `${scope.bind(addSquareOfInt32, "addSquare")}(S, ${at}, ${value}, ${weight});`
    case "narrow":
    case "wide":
      return `${scope.bind(addSquareOfBig, "addSquare")}(S, ${at}, "${squares.kind}", ${value}, ${weight});`
    case "running": {
      // The count does not have this value yet.
      const count = `f64[${context.place.address} + ${countAt}]`
      return `${scope.bind(addToRunning, "addFloat")}(S, ${at}, ${value}, ${count});`
    }
    case "exact":
      return `${scope.bind(addToExact, "addFloat")}(S, ${at}, ${value}, ${weight});`
    default:
      return assertNever(squares.kind)
  }
}

function updatePairs({ scope, place }: AccumulateContext, arg: LoadedArgument, weight: string): string {
  const { pairs, countAt } = arg.state
  assert(pairs !== null && arg.other !== null, "a pair has two values")
  const values = `S, ${place.address} + ${pairs.at}, ${arg.value}, ${arg.other}`
  if (pairs.kind === "exact") return `${scope.bind(addToExactPairs, "addPair")}(${values}, ${weight});`
  // The count does not have this pair yet.
  return `${scope.bind(addToRunningPairs, "addPair")}(${values}, f64[${place.address} + ${countAt}]);`
}

function updateSketch(context: AccumulateContext, arg: LoadedArgument, at: SketchPlace): string {
  const { scope, place } = context
  const { table, mirror, page, address } = place
  assert(arg.loaded !== null && !context.weighted, "a sketch takes words and bytes, and gives none back")
  const [high, low] = [scope.local("hi"), scope.local("lo")]
  const field: SlotField = { type: arg.state.expression.type, offset: 0, nullBit: null }
  const keys = [{ field, loaded: { ...arg.loaded, isNull: null } }]
  const sketch = scope.bind(new DistinctSketch(at), "sketch")
  return `${hashKeys(scope, high, keys)} ${hashKeys(scope, low, keys, SECOND_SEED)}
    ${address} = ${sketch}.add(${table}, ${page}, ${address}, ${high}, ${low});
    ${page} = ${sketch}.page; ${RETAKE_VIEWS} ${loadTable(mirror, table)}`
}

/** Over no values a float sum is exactly zero again, whatever rounding left. */
function resetFloat(context: AccumulateContext, state: ArgumentState, weight: string): string {
  if (state.sum?.kind !== "float" || weight === "1") return ""
  const a = context.place.address
  // The rows word is updated last, so it lacks this row's weight here.
  const after = state.countAt === context.plan.rowsAt ? ` + ${weight}` : ""
  const at = `${a} + ${state.sum.at}`
  return `if (f64[${a} + ${state.countAt}]${after} === 0) { f64[${at}] = 0; f64[${at} + 1] = 0; }`
}

function updateExtreme(context: AccumulateContext, arg: LoadedArgument, extreme: ExtremeState): string {
  const { scope, place, plan } = context
  const a = place.address
  if (extreme.multiset !== null) {
    // One multiset serves both minimum and maximum.
    if (arg.state.extremes[0] !== extreme) return ""
    assert(arg.value !== null && plan.groupAt !== null, "a multiset has values")
    return `${context.multiset(extreme.multiset)}.add(f64[${a} + ${plan.groupAt}], ${arg.value}, w);
      ${RETAKE_VIEWS} ${STOP_WHEN_CROWDED}`
  }
  assert(!context.weighted, "values that can be retracted are in a multiset")
  const { type } = arg.state.expression
  const at = `${a} + ${extreme.at}`
  const first = `f64[${a} + ${arg.state.countAt}] === 0`
  if (arg.loaded !== null && arg.loaded.bytes !== null) {
    const { data, start, end } = arg.loaded.bytes
    const stored = `u8, ${place.page} * 8 + i32[(${at}) * 2], i32[(${at}) * 2 + 1]`
    const order = `${scope.bind(compareBytes, "compare")}(${stored}, ${data}, ${start}, ${end} - ${start})`
    const worse = `${order} ${extreme.name === "min" ? ">" : "<"} 0`
    return `if (${first} || ${worse}) { ${storeBytes(place, extreme.at!, data, start, end)} }`
  }
  if (hasHalves(type)) return extremeOfHalves(arg.loaded!.halves, extreme, `${at}`, first)
  assert(arg.value !== null, "an extreme has a value")
  if (wordsPerRow(type) === 2) {
    const read = scope.bind(readWideWord, "readWide")
    const write = scope.bind(writeWideWord, "writeWide")
    const better = replaces(type, extreme.name, arg.value, `${read}(S, ${at})`)
    return `if (${first} || ${better}) ${write}(S, ${at}, ${arg.value});`
  }
  const stored = type.kind === "float64" ? "(x === 0 ? 0 : x === x ? x : NaN)" : "x"
  return `{ const x = ${arg.value}, c = f64[${at}];
    if (${first} || ${replaces(type, extreme.name, "x", "c")}) f64[${at}] = ${stored}; }`
}

function extremeOfHalves(
  halves: readonly string[],
  extreme: ExtremeState,
  at: string,
  first: string,
): string {
  const [low, high] = halves
  const order = extreme.name === "min" ? "<" : ">"
  return `{ const s = (${at}) << 1, ch = i32[s + 1];
    if (${first} || ${high} ${order} ch || (${high} === ch && (${low} >>> 0) ${order} (i32[s] >>> 0))) {
      i32[s] = ${low}; i32[s + 1] = ${high};
    } }`
}
