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
import type { EngineWindow, OperatorSpec, SessionWindow } from "../../engine/dataflow.ts"
import type { AggregateCall, Expression } from "../../expr/expression.ts"
import { someColumn, substituteColumns } from "../../expr/rewrite.ts"
import { conjunction } from "../../plan/expressions/conjunction.ts"
import type { AggregateNode, PlanNode, SessionNode, ViewPlan, WindowNode } from "../../plan/plan.ts"
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
  readonly session: SessionWindow | null
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
      case "session":
        return this.#sessionPipe(node)
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
    const { timeColumn, ...shape } = node.window
    const time = pipe.outputs[timeColumn]
    assert(time !== undefined, `the time column of ${node.window.kind} is a column of its input`)
    return {
      ...pipe,
      window: { ...shape, time },
      outputs: [...pipe.outputs, ...boundColumns(pipe.inputColumns.length)],
      identity: false,
    }
  }

  /** Its rows go into a GROUP BY by their sessions, and nowhere else. */
  #sessionPipe(node: SessionNode): Pipe {
    const before = this.#pipeOf(node.input)
    const { columns } = node.input
    const pipe = before.window === null ? before : identityPipe(this.#operatorOf(before, columns), columns)
    const { timeColumn, gapUs, keys } = node.session
    const [time, ...keyed] = [timeColumn, ...keys].map((column) => pipe.outputs[column])
    assert(time !== undefined, "the time column of a session is a column of its input")
    return {
      ...pipe,
      session: { time, gapUs, keys: keyed.map((key) => key!) },
      outputs: [...pipe.outputs, ...boundColumns(pipe.inputColumns.length)],
      identity: false,
    }
  }

  #aggregate(node: AggregateNode): string {
    const pipe = this.#pipeOf(node.input)
    const argumentOf = (call: AggregateCall): AggregateCall =>
      call.argument === null ? call : { ...call, argument: substituteColumns(call.argument, pipe.outputs) }
    const windowed = node.windowKeys !== null
    // Groups that do not belong to the window see it as columns of their input.
    const input =
      pipe.window !== null && !windowed
        ? identityPipe(this.#operatorOf(pipe, node.input.columns), node.input.columns)
        : pipe
    const aggregates = input === pipe ? node.aggregates.map(argumentOf) : node.aggregates
    const keys = input === pipe ? node.keys.map((key) => substituteColumns(key, pipe.outputs)) : node.keys
    assert(input.session === null || windowed, "the rows of sessions are grouped by them")
    const assigned = input.window !== null || input.session !== null
    const carried = windowed && !assigned ? node.input.windowColumns : null
    const varying = carried?.varying ?? null
    const id = this.#nextId("aggregate")
    this.#specs.push({
      kind: "aggregate",
      id,
      input: input.input,
      filter: input.filter,
      window: input.window,
      keys,
      aggregates,
      windowKeys: varying === null ? node.windowKeys : endOf(node.windowKeys),
      windowSizeUs: varying === null ? (carried?.sizeUs ?? null) : null,
      ...(varying === null || varying === "sessions" ? {} : { windowShape: varying }),
      ...(input.session === null ? {} : { session: input.session }),
      emit: this.#plan.emit,
      allowedLatenessUs: BigInt(this.#plan.allowedLatenessMs) * 1000n,
      columns: node.columns,
    })
    return id
  }

  /** Makes an operator of the pipe, unless it is one already. */
  #operatorOf(pipe: Pipe, columns: readonly Column[]): string {
    if (pipe.identity && pipe.filter === null && pipe.window === null) return pipe.input
    assert(pipe.session === null, "the rows of sessions are grouped, and read by nothing else")
    const id = this.#nextId("stage")
    const { input, filter, window, outputs } = pipe
    this.#specs.push({ kind: "stage", id, input, filter, window, outputs, columns })
    return id
  }
}

/** Of a window or session, behind the columns of the input. */
function boundColumns(width: number): readonly Expression[] {
  return ["window_start", "window_end"].map((name, k) => {
    return { kind: "column", index: width + k, name, type: TIMESTAMP, nullable: false }
  })
}

/** Where windows vary in length, a start that rows carry beside the end is a key like any other. */
function endOf(keys: AggregateNode["windowKeys"]): AggregateNode["windowKeys"] {
  return keys === null || keys.end === null ? keys : { start: null, end: keys.end }
}

function identityPipe(input: string, columns: readonly Column[]): Pipe {
  return {
    input,
    inputColumns: columns,
    filter: null,
    window: null,
    session: null,
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
    session: null,
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
