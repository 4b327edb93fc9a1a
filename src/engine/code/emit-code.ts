/**
 * Text that turns a slot into an output row: fields as they are, windows from their table, aggregates through
 * AggregateOutput. The row goes to position `n` of a RowBuilder, which the caller has made room for.
 */
import type { LogicalType } from "../../columns/types.ts"
import { isVariableWidth } from "../../columns/types.ts"
import { wordsPerRow } from "../../columns/vector.ts"
import type { AggregateCall } from "../../expr/expression.ts"
import { assert, assertNever } from "../../std/assert.ts"
import type { RowBuilder } from "../operators/row-builder.ts"
import { setScalar } from "../operators/row-builder.ts"
import { DistinctSketch } from "../sketches/distinct-sketch.ts"
import type { PageStore } from "../state/page-store.ts"
import type { SlotField } from "../state/slot-layout.ts"
import type { AggregateState, ArgumentState } from "./accumulators.ts"
import { AggregateOutput, type OverflowCount, type SpreadState } from "./aggregate-output.ts"
import { CodeScope } from "./code-scope.ts"
import { OrderedOutput } from "./ordered-output.ts"
import { DECLARE_VIEWS, RETAKE_VIEWS } from "./slot-code.ts"

/** What a window's table knows about it. */
export interface WindowBounds {
  readonly start: bigint
  readonly end: bigint
}

export type OutputColumn =
  | { readonly kind: "field"; readonly field: SlotField }
  | { readonly kind: "window"; readonly bound: "start" | "end" }
  | {
      readonly kind: "aggregate"
      readonly state: AggregateState
      readonly rowsAt: number
      readonly groupAt: number | null
    }

/** Writes the slot's row at `builder.length` without counting it. */
export type EmitRow = (builder: RowBuilder, page: number, address: number, window: WindowBounds) => void

export function compileEmit(
  store: PageStore,
  outputs: readonly OutputColumn[],
  losses: OverflowCount,
): EmitRow {
  const scope = new CodeScope()
  const aggregateOutput = scope.bind(new AggregateOutput(store, losses), "out")
  const orderedOutput = new OrderedOutput(losses)
  const lines = outputs.map((output, k) => {
    const column = `c${k}`
    const declared = `const ${column} = builder.columns[${k}];`
    switch (output.kind) {
      case "field":
        return `${declared}\n${emitField(output.field, column)}`
      case "window":
        return `${declared}\n${column}.nulls[n] = 0; ${column}.values[n] = window.${output.bound};`
      case "aggregate":
        return output.state.collection === null
          ? `${declared}\n${emitAggregate(scope, output, column, aggregateOutput)}`
          : `${declared}\n${emitOrdered(scope, output, column, orderedOutput)}`
      default:
        return assertNever(output)
    }
  })
  const body = `${DECLARE_VIEWS} const n = builder.length;
    if (n === builder.capacity) builder.grow();
    ${lines.join("\n")}`
  return scope.compile<EmitRow>("emitRow", ["builder", "p", "a", "window"], body, {
    names: ["S"],
    values: [store],
  })
}

function emitField(field: SlotField, column: string): string {
  const { nullBit, offset, type } = field
  const isNull =
    nullBit === null ? "0" : `(i32[(a << 1) + ${2 + (nullBit >> 5)}] & ${1 << (nullBit & 31)}) === 0 ? 0 : 1`
  return `${column}.nulls[n] = ${isNull};\n${emitValue(type, `a + ${offset}`, column)}`
}

function emitValue(type: SlotField["type"], at: string, column: string): string {
  if (isVariableWidth(type)) {
    return `{ const w = (${at}) << 1, s = p * 8 + i32[w]; ${column}.setBytes(n, u8, s, s + i32[w + 1]); }`
  }
  if (wordsPerRow(type) === 2) {
    return `${column}.values[2 * n] = i64[${at}]; ${column}.values[2 * n + 1] = i64[${at} + 1];`
  }
  switch (type.kind) {
    case "boolean":
    case "int32":
    case "date":
      return `${column}.values[n] = i32[(${at}) << 1];`
    case "float64":
      return `${column}.values[n] = f64[${at}];`
    default:
      return `${column}.values[n] = i64[${at}];`
  }
}

function emitOrdered(
  scope: CodeScope,
  { state, groupAt }: Extract<OutputColumn, { kind: "aggregate" }>,
  column: string,
  orderedOutput: OrderedOutput,
): string {
  const { call, collection } = state
  assert(collection !== null && groupAt !== null, "an ordered aggregate has its values")
  const [output, bound] = [scope.bind(orderedOutput, "ordered"), scope.bind({ call, collection }, "state")]
  const values = `window.multisets[${collection.multiset}]`
  return `${output}.write(${column}, n, ${bound}, ${values}, f64[a + ${groupAt}]); ${RETAKE_VIEWS}`
}

function emitAggregate(
  scope: CodeScope,
  output: Extract<OutputColumn, { kind: "aggregate" }>,
  column: string,
  aggregateOutput: string,
): string {
  const { call, argument } = output.state
  const rows = `f64[a + ${argument === null ? output.rowsAt : argument.countAt}]`
  if (argument === null || call.name === "count") return `${aggregateOutput}.count(${column}, n, ${rows});`
  const { type } = argument.expression
  if (call.name === "sum" || call.name === "avg") {
    const { kind, at } = argument.sum!
    const head = `${column}, n, "${kind}", a + ${at}, ${rows}`
    if (call.name === "sum") return `${aggregateOutput}.sum(${head});`
    const scale = type.kind === "decimal" ? type.scale : 0
    const shift = call.type.kind === "decimal" ? call.type.scale - scale : 0
    return `${aggregateOutput}.average(${head}, ${shift});`
  }
  if (call.name === "approx_count_distinct") {
    const sketch = scope.bind(new DistinctSketch(argument.sketch!), "sketch")
    return `${aggregateOutput}.count(${column}, n, ${sketch}.estimate(S, p, a));`
  }
  if (call.name === "bool_and" || call.name === "bool_or") {
    const trues = `f64[a + ${argument.truesAt}]`
    const holds = call.name === "bool_and" ? `${trues} === ${rows}` : `${trues} > 0`
    return `${aggregateOutput}.truth(${column}, n, ${rows}, ${holds});`
  }
  if (argument.pairs !== null) {
    const state = scope.bind({ name: call.name, pairs: argument.pairs }, "pairs")
    return `${aggregateOutput}.statistic(${column}, n, ${state}, a, ${rows});`
  }
  if (argument.squares !== null && call.name !== "min" && call.name !== "max") {
    const state = scope.bind(spreadState(call, argument), "spread")
    return `${aggregateOutput}.spread(${column}, n, ${state}, a, ${rows});`
  }
  const extreme = argument.extremes.find((candidate) => candidate.name === call.name)!
  if (extreme.multiset !== null) {
    const write = scope.bind(setScalar, "set")
    const found = `window.multisets[${extreme.multiset}].extreme(f64[a + ${output.groupAt}], "${call.name}")`
    return `if (${rows} === 0) ${column}.nulls[n] = 1;
      else { ${write}(${column}, n, ${found}[0]); ${RETAKE_VIEWS} }`
  }
  const numbers = type.kind === "int32" || type.kind === "date"
  const emit = numbers
    ? `${column}.values[n] = f64[a + ${extreme.at}];`
    : emitValue(type, `a + ${extreme.at}`, column)
  return `if (${rows} === 0) ${column}.nulls[n] = 1; else { ${column}.nulls[n] = 0; ${emit} }`
}

function spreadState(call: AggregateCall, { squares, sum, expression }: ArgumentState): SpreadState {
  assert(squares !== null, "a variance has squares")
  const scaleOf = (type: LogicalType) => (type.kind === "decimal" ? type.scale : 0)
  return {
    squares,
    sum,
    of: call.name.endsWith("_pop") ? "pop" : "samp",
    root: call.name.startsWith("stddev"),
    scale: scaleOf(expression.type),
    result: scaleOf(call.type),
  }
}
