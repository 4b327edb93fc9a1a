/**
 * Bound plans -> the engine's operators. Stateless steps (filter, project, window assignment) are composed
 * into one expression each over their input, so that a chain and the GROUP BY behind it become one generated
 * function.
 *
 *   scan -> filter -> project -> window -> filter -> aggregate -> filter -> project
 *   [source]  [------------- one aggregate operator ---------]   [-- one stage --]   [view]
 */
import type { Column } from "../../columns/types.ts"
import { TIMESTAMP } from "../../columns/types.ts"
import type { EventContract } from "../../contracts/contract.ts"
import { PROCESSED_AT } from "../../contracts/contract.ts"
import type { EngineWindow, OperatorSpec } from "../../engine/dataflow.ts"
import type { AggregateCall, Expression } from "../../expr/expression.ts"
import { mapAggregate, someColumn, substituteColumns } from "../../expr/rewrite.ts"
import { conjunction } from "../../plan/expressions/conjunction.ts"
import type { AggregateNode, PlanNode, ViewPlan, WindowNode } from "../../plan/plan.ts"
import { normalize } from "../../plan/rules/normalize.ts"
import { assert, assertNever } from "../../std/assert.ts"

/** Columns that views see of an event: its fields, then processed_at. */
export function eventColumns(contract: EventContract): readonly Column[] {
  return [...contract.fields, { name: PROCESSED_AT, type: TIMESTAMP, nullable: false }]
}

export const sourceId = (event: string) => `event:${event}`
export const viewId = (view: string) => `view:${view}`

/** @param plans in dependency order. */
export function lowerViews(
  contracts: readonly EventContract[],
  plans: readonly ViewPlan[],
): readonly OperatorSpec[] {
  const specs: OperatorSpec[] = contracts.map((contract) => ({
    kind: "source",
    id: sourceId(contract.name),
    columns: eventColumns(contract),
  }))
  const columnsOf = new Map(specs.map((spec) => [spec.id, spec.columns]))
  for (const plan of plans) {
    specs.push(...new ViewLowering(normalize(plan).plan, columnsOf).lower())
    columnsOf.set(viewId(plan.name), plan.columns)
  }
  return specs
}

/** Stateless steps that are not an operator yet, as expressions over the rows of operator `input`. */
interface Pipe {
  readonly input: string
  readonly inputColumns: readonly Column[]
  readonly filter: Expression | null
  readonly window: EngineWindow | null
  readonly outputs: readonly Expression[]
  /** True when `outputs` are the input's columns, unchanged. */
  readonly identity: boolean
}

class ViewLowering {
  readonly #plan: ViewPlan
  readonly #columnsOf: ReadonlyMap<string, readonly Column[]>
  readonly #specs: OperatorSpec[] = []
  /** A subtree that the query uses twice (WITH) becomes operators once. */
  readonly #pipes = new Map<PlanNode, Pipe>()

  constructor(plan: ViewPlan, columnsOf: ReadonlyMap<string, readonly Column[]>) {
    this.#plan = plan
    this.#columnsOf = columnsOf
  }

  lower(): readonly OperatorSpec[] {
    const { name, columns, key, root } = this.#plan
    const input = this.#operatorOf(this.#pipeOf(root), columns)
    this.#specs.push({ kind: "view", id: viewId(name), input, name, columns, key })
    return this.#specs
  }

  #nextId(kind: OperatorSpec["kind"]): string {
    return `${this.#plan.name}/${this.#specs.length}:${kind}`
  }

  #pipeOf(node: PlanNode): Pipe {
    const known = this.#pipes.get(node)
    if (known !== undefined) return known
    const pipe = this.#newPipe(node)
    this.#pipes.set(node, pipe)
    return pipe
  }

  #newPipe(node: PlanNode): Pipe {
    switch (node.kind) {
      case "scan": {
        const id = node.source === "event" ? sourceId(node.name) : viewId(node.name)
        const columns = this.#columnsOf.get(id)
        assert(columns !== undefined, `${id} is lowered before ${this.#plan.name} reads it`)
        return selectScanned(id, columns, node.columns)
      }
      case "filter": {
        const pipe = this.#pipeOf(node.input)
        const predicate = substituteColumns(node.predicate, pipe.outputs)
        // A predicate over window bounds is asked per window, behind the assignment.
        if (readsWindow(pipe, predicate)) {
          return this.#filterBehind(pipe, node.input.columns, node.predicate)
        }
        return { ...pipe, filter: pipe.filter === null ? predicate : conjunction([pipe.filter, predicate]) }
      }
      case "project": {
        const pipe = this.#pipeOf(node.input)
        const outputs = node.expressions.map((expression) => substituteColumns(expression, pipe.outputs))
        return { ...pipe, outputs, identity: false }
      }
      case "window":
        return this.#windowPipe(node)
      case "aggregate":
        return identityPipe(this.#aggregate(node), node.columns)
      case "union-all": {
        const inputs = node.inputs.map((input) => this.#operatorOf(this.#pipeOf(input), node.columns))
        const id = this.#nextId("union")
        this.#specs.push({ kind: "union", id, inputs, columns: node.columns })
        return identityPipe(id, node.columns)
      }
      default:
        return assertNever(node)
    }
  }

  #filterBehind(pipe: Pipe, columns: readonly Column[], predicate: Expression): Pipe {
    return { ...identityPipe(this.#operatorOf(pipe, columns), columns), filter: predicate }
  }

  #windowPipe(node: WindowNode): Pipe {
    const before = this.#pipeOf(node.input)
    const pipe =
      before.window === null
        ? before
        : identityPipe(this.#operatorOf(before, node.input.columns), node.input.columns)
    const { kind, timeColumn, sizeUs, slideUs } = node.window
    const time = pipe.outputs[timeColumn]
    assert(time !== undefined, `the time column of ${node.window.kind} is a column of its input`)
    const bound = (name: string, index: number): Expression => {
      return { kind: "column", index, name, type: TIMESTAMP, nullable: false }
    }
    const width = pipe.inputColumns.length
    return {
      ...pipe,
      window: { kind, time, sizeUs, slideUs },
      outputs: [...pipe.outputs, bound("window_start", width), bound("window_end", width + 1)],
      identity: false,
    }
  }

  #aggregate(node: AggregateNode): string {
    const pipe = this.#pipeOf(node.input)
    const overPipe = (call: AggregateCall): AggregateCall =>
      mapAggregate(call, (part) => substituteColumns(part, pipe.outputs))
    const windowed = node.windowKeys !== null
    // Groups that do not belong to the window see it as columns of their input.
    const input =
      pipe.window !== null && !windowed
        ? identityPipe(this.#operatorOf(pipe, node.input.columns), node.input.columns)
        : pipe
    const aggregates = input === pipe ? node.aggregates.map(overPipe) : node.aggregates
    const keys = input === pipe ? node.keys.map((key) => substituteColumns(key, pipe.outputs)) : node.keys
    const id = this.#nextId("aggregate")
    this.#specs.push({
      kind: "aggregate",
      id,
      input: input.input,
      filter: input.filter,
      window: input.window,
      keys,
      aggregates,
      windowKeys: node.windowKeys,
      windowSizeUs: windowed && input.window === null ? (node.input.windowColumns?.sizeUs ?? null) : null,
      emit: this.#plan.emit,
      allowedLatenessUs: BigInt(this.#plan.allowedLatenessMs) * 1000n,
      columns: node.columns,
    })
    return id
  }

  /** Makes an operator of the pipe, unless it is one already. */
  #operatorOf(pipe: Pipe, columns: readonly Column[]): string {
    if (pipe.identity && pipe.filter === null && pipe.window === null) return pipe.input
    const id = this.#nextId("stage")
    const { input, filter, window, outputs } = pipe
    this.#specs.push({ kind: "stage", id, input, filter, window, outputs, columns })
    return id
  }
}

function identityPipe(input: string, columns: readonly Column[]): Pipe {
  return {
    input,
    inputColumns: columns,
    filter: null,
    window: null,
    outputs: references(columns),
    identity: true,
  }
}

/** A scan may have had unread columns pruned: find the others by name. */
function selectScanned(input: string, all: readonly Column[], scanned: readonly Column[]): Pipe {
  const everything = references(all)
  const outputs = scanned.map((column) => {
    const found = everything.find(
      (reference) => reference.kind === "column" && reference.name === column.name,
    )
    assert(found !== undefined, `${column.name} is a column of ${input}`)
    return found
  })
  return {
    input,
    inputColumns: all,
    filter: null,
    window: null,
    outputs,
    identity: all.length === scanned.length,
  }
}

function references(columns: readonly Column[]): readonly Expression[] {
  return columns.map(({ name, type, nullable }, index) => ({ kind: "column", index, name, type, nullable }))
}

function readsWindow(pipe: Pipe, expression: Expression): boolean {
  return pipe.window !== null && someColumn(expression, (column) => column.index >= pipe.inputColumns.length)
}
