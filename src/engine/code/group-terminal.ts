/**
 * Ends a route at a GROUP BY: assigns the window, finds the group and updates its accumulators, in the same
 * loop that decoded and filtered the row. In judging mode it evaluates all of that and changes nothing.
 *
 * Locals: W the window's state (null when it is gone), T its key table mirrored as m_*, p and a the group's
 * page and slot.
 */

import type { Expression, Failure } from "../../expr/expression.ts"
import { substituteColumns } from "../../expr/rewrite.ts"
import { assert } from "../../std/assert.ts"
import type { AggregateSpec } from "../dataflow.ts"
import type { Share } from "../exchange/share.ts"
import type { SlotField, SlotLayout } from "../state/slot-layout.ts"
import { accumulate, loadArguments } from "./accumulate-code.ts"
import type { AccumulatorPlan } from "./accumulators.ts"
import { collect, loadTuples } from "./collect-code.ts"
import type { RouteShape, RouteWriter, Terminal } from "./route-writer.ts"
import type { KeyedField, SlotPlace } from "./slot-code.ts"
import { declareTable, findOrInsert, loadTable, RETAKE_VIEWS, STOP_WHEN_CROWDED } from "./slot-code.ts"

export interface GroupPlan {
  readonly spec: AggregateSpec
  readonly layout: SlotLayout
  /** Fields of the keys that are not the window's; null for those that are. */
  readonly keyFields: readonly (SlotField | null)[]
  readonly accumulators: AccumulatorPlan
  /** Groups of others are left out; of sessions that is done before. */
  readonly share: Share
  /** The last key is the number of the row's session, which the operator finds. @default false */
  readonly bySession?: boolean
}

/** apply: update. judge: evaluate, change nothing. touch: the group's row goes out again, nothing changes. */
export type GroupMode = "apply" | "judge" | "touch"

const PLACE: SlotPlace = { table: "T", mirror: "m", page: "p", address: "a" }

export class GroupTerminal implements Terminal {
  readonly name: string
  readonly shape: RouteShape
  readonly windows: 0 | 1
  readonly begin = ""
  readonly undo = ""
  readonly #plan: GroupPlan
  readonly #operator: object
  readonly #judging: boolean
  readonly #touching: boolean

  constructor(shape: RouteShape, plan: GroupPlan, operator: object, mode: GroupMode) {
    this.shape = shape
    this.#plan = plan
    this.#operator = operator
    this.#judging = mode === "judge"
    this.#touching = mode === "touch"
    this.name = mode === "judge" ? "judgeGroups" : "routeGroups"
    this.windows = plan.spec.window === null ? 0 : 1
  }

  declare(writer: RouteWriter): string {
    const operator = writer.scope.bind(this.#operator, "op")
    const { windowKeys, window } = this.#plan.spec
    const isWhole = windowKeys === null || this.#plan.bySession === true
    const whole = isWhole ? `W = ${operator}.whole; ${this.#enterWindow()}` : ""
    const range = window === null ? "let current = null;" : "let from = NaN, until = NaN;"
    return `let W = null, T = null, emitting = false; ${declareTable("m")} ${range}
      let touched = ${operator}.touched, slots = touched.slots, touchedCount = touched.count;
      ${whole}`
  }

  write(writer: RouteWriter, columns: readonly Expression[]): void {
    const { spec } = this.#plan
    writer.filter(spec.filter, columns)
    const input = spec.window === null ? columns : this.#assignWindow(writer, columns)
    const numbered = this.#plan.bySession === true
    const ownKeys = numbered && this.#judging ? spec.keys.slice(0, -1) : spec.keys
    const keys = ownKeys.map((key) => substituteColumns(key, input))
    if (numbered) this.#sessionOfKeys(writer, keys)
    else if (spec.window === null && spec.windowKeys !== null) this.#windowOfKeys(writer, keys)
    const loadedKeys: KeyedField[] = []
    this.#plan.keyFields.slice(0, keys.length).forEach((field, k) => {
      if (field !== null) loadedKeys.push({ field, loaded: writer.loader.load(keys[k]!, writer.lines) })
    })
    const context = {
      scope: writer.scope,
      row: writer.row,
      loader: writer.loader,
      plan: this.#argumentsOver(input),
      place: PLACE,
      weighted: this.shape.weighted,
      distinctTable: (index: number) => `W.distinct[${index}]`,
      multiset: (index: number) => `W.multisets[${index}]`,
      fail: (failure: Failure) => writer.failure(failure),
    }
    const args = this.#touching ? [] : loadArguments(context, writer.lines)
    const tuples = this.#touching ? [] : loadTuples(context, writer.lines)
    writer.push("hits++;")
    if (this.#judging) return
    writer.push(this.#findGroup(writer, loadedKeys))
    if (this.#touching) return
    writer.push(collect(context, tuples))
    writer.push(accumulate(context, args))
  }

  readonly finish = (): string => ""

  #findGroup(writer: RouteWriter, keys: readonly KeyedField[]): string {
    const { layout, accumulators, share, bySession } = this.#plan
    const operator = writer.scope.bind(this.#operator, "op")
    const { groupAt } = accumulators
    const next = `${operator}.nextGroup`
    const onInsert = groupAt === null ? "" : `f64[a + ${groupAt}] = ${next}; ${next} += ${share.count};`
    const onHash = bySession === true ? "" : share.skipOthers("h", writer.leave)
    const lookup = { ...PLACE, keys, layout, hash: "h", onInsert, onHash }
    return `${findOrInsert(writer.scope, lookup)}
      if (emitting) {
        const u = i32[(a << 1) + 1];
        if (u >= touchedCount || slots[u] !== a) {
          ${operator}.touch(p, a, W); slots = touched.slots; touchedCount = touched.count;
          ${accumulators.multisets.length === 0 ? "" : `${RETAKE_VIEWS} ${STOP_WHEN_CROWDED}`}
        }
      }`
  }

  /** The window's table becomes the current one. */
  #enterWindow(): string {
    if (this.#judging) return ""
    return `if (W !== null) { T = W.table; emitting = W.emitting; ${loadTable("m", "T")} }`
  }

  #assignWindow(writer: RouteWriter, columns: readonly Expression[]): readonly Expression[] {
    const { spec } = this.#plan
    const window = spec.window!
    const assigner = writer.scope.bind((this.#operator as { assigner: unknown }).assigner, "win")
    const { start, end, columns: added } = writer.windowColumns()
    const time = writer.scope.local("t")
    const exact = writer.time(window, columns, time)
    const whole = spec.windowKeys === null
    const seek = `if (!${assigner}.assign(${exact})) { ${writer.windowFailure()} }
      from = ${assigner}.from; until = ${assigner}.until;`
    const outside = `!(${time} >= from && ${time} < until)`
    if (window.sizeUs === window.slideUs && !whole) {
      writer.push(`if (${outside}) { ${seek} W = ${assigner}.live.length === 0 ? null : ${assigner}.live[0];
        ${this.#enterWindow()} }
        if (W === null) { ${writer.skip("late")} }
        const ${start} = W.start, ${end} = W.end;`)
    } else {
      const [label, j] = [writer.scope.local("w"), writer.scope.local("j")]
      const windows = whole ? `${assigner}.starts` : `${assigner}.live`
      writer.push(`if (${outside}) { ${seek} }`)
      if (!whole) {
        const isSomeGone = `${windows}.length < ${assigner}.starts.length`
        writer.push(`if (${isSomeGone}) { lates++; goneEnd = ${assigner}.goneEnd; }`)
      }
      writer.openLoop(label, `for (let ${j} = 0; ${j} < ${windows}.length; ${j}++)`, end)
      if (whole) {
        writer.push(`const ${start} = ${assigner}.starts[${j}], ${end} = ${assigner}.ends[${j}];`)
      } else {
        writer.push(`W = ${windows}[${j}]; ${this.#enterWindow()} const ${start} = W.start, ${end} = W.end;`)
      }
    }
    return [...columns, ...added]
  }

  /** Rows that carry window columns: the group's window is the one they name. */
  #windowOfKeys(writer: RouteWriter, keys: readonly Expression[]): void {
    const { windowKeys } = this.#plan.spec
    assert(windowKeys !== null, "rows with window columns have windows")
    const position = windowKeys.end ?? windowKeys.start
    assert(position !== null, "a key holds the window that rows carry")
    const { value, isNull } = writer.evaluate(keys[position]!)
    if (isNull !== null) writer.push(`if (${isNull}) { ${writer.skip("filtered")} }`)
    const operator = writer.scope.bind(this.#operator, "op")
    writer.push(`{ const bound = ${value}; if (bound !== current) {
        W = ${operator}.windowNamed(bound); current = bound; ${this.#enterWindow()} } }
      if (W === null) { ${writer.skip("late")} }`)
  }

  /** All sessions share one table; their bounds are the operator's to know. */
  #sessionOfKeys(writer: RouteWriter, keys: readonly Expression[]): void {
    if (this.#judging) return
    const { value } = writer.evaluate(keys.at(-1)!)
    const operator = writer.scope.bind(this.#operator, "op")
    writer.push(`{ const number = ${value};
      if (number !== current) { W = ${operator}.session(number); current = number; } }`)
  }

  /** The accumulators with their arguments as expressions over the route's origin. */
  #argumentsOver(columns: readonly Expression[]): AccumulatorPlan {
    const { accumulators } = this.#plan
    return {
      ...accumulators,
      arguments: accumulators.arguments.map((argument) => ({
        ...argument,
        expression: substituteColumns(argument.expression, columns),
        pairs: argument.pairs && {
          ...argument.pairs,
          other: substituteColumns(argument.pairs.other, columns),
        },
        filter: argument.filter && substituteColumns(argument.filter, columns),
      })),
      collections: accumulators.collections.map((collection) => ({
        ...collection,
        filter: collection.filter && substituteColumns(collection.filter, columns),
        items: collection.items.map((item) => ({
          ...item,
          expression: substituteColumns(item.expression, columns),
        })),
      })),
    }
  }
}
