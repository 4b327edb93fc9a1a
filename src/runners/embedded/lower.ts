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
import type { JoinSide, OperatorSpec, OverSpec, StageSpec } from "../../engine/dataflow.ts"
import type { Expression } from "../../expr/expression.ts"
import { mapColumns, substituteColumns } from "../../expr/rewrite.ts"
import { joinExpiry, partitionExpiry } from "../../plan/expiry.ts"
import type { StatefulNode } from "../../plan/explain.ts"
import { conjunction } from "../../plan/expressions/conjunction.ts"
import { keepsLeftOnly } from "../../plan/nodes/join.ts"
import type {
  AggregateNode,
  JoinNode,
  OverNode,
  PatternNode,
  PlanNode,
  ProcessNode,
  RankNode,
  RepeatNode,
  ScanNode,
  SessionNode,
  ViewPlan,
  WindowNode,
} from "../../plan/plan.ts"
import { normalize } from "../../plan/rules/normalize.ts"
import { type SharedSubplan, SharedSubplans } from "../../plan/subplans.ts"
import { assert, assertNever } from "../../std/assert.ts"
import { aggregateSpec, isPadded, patternSpec, processSpec, sideSpec } from "./node-specs.ts"
import type { Pipe } from "./pipe.ts"
import { boundColumns, identityPipe, readsWindow, references, selectScanned } from "./pipe.ts"

/** Columns that views see of an event: its fields, then processed_at. */
export function eventColumns(contract: EventContract): readonly Column[] {
  return [...contract.fields, { name: PROCESSED_AT, type: TIMESTAMP, nullable: false }]
}

export const sourceId = (event: string) => `event:${event}`
export const viewId = (view: string) => `view:${view}`
/** No view of a project has such a name. */
const sharedName = (number: number) => `shared:${number}`

/**
 * @param plans in dependency order
 * @param note told of each operator with state, and of each view's last node
 */
export function lowerViews(
  contracts: readonly EventContract[],
  plans: readonly ViewPlan[],
  note: (id: string, node: PlanNode) => void = () => {},
): readonly OperatorSpec[] {
  const specs: OperatorSpec[] = contracts.map((contract) => ({
    kind: "source",
    id: sourceId(contract.name),
    columns: eventColumns(contract),
  }))
  const columnsOf = new Map(specs.map((spec) => [spec.id, spec.columns]))
  const normal = plans.map((plan) => normalize(plan).plan)
  const shared = new SharedSubplans(normal)
  const lowered: Lowered = { specs, columnsOf, processes: new Map(), shared, sharedIds: new Map(), note }
  for (const plan of normal) {
    new ViewLowering(plan, lowered).lower()
    columnsOf.set(viewId(plan.name), plan.columns)
  }
  return specs
}

/** What was lowered before. */
interface Lowered {
  /** Inputs before those that read them. */
  readonly specs: OperatorSpec[]
  /** By operator id. */
  readonly columnsOf: ReadonlyMap<string, readonly Column[]>
  /** Operator ids by the names of processes. */
  readonly processes: Map<string, string>
  readonly shared: SharedSubplans
  /** Ids of the internal views that subplans of several views became. */
  readonly sharedIds: Map<SharedSubplan, string>
  /** Told of each operator with state, and of the view's last node. */
  readonly note: (id: string, node: PlanNode) => void
}

class ViewLowering {
  readonly #plan: ViewPlan
  readonly #lowered: Lowered
  readonly #specs: OperatorSpec[] = []
  /** A subtree that the query uses twice (WITH) becomes operators once. */
  readonly #pipes = new Map<PlanNode, Pipe>()

  constructor(plan: ViewPlan, lowered: Lowered) {
    this.#plan = plan
    this.#lowered = lowered
  }

  lower(): void {
    const { name, columns, key, root } = this.#plan
    const input = this.#operatorOf(this.#pipeOf(root), columns)
    this.#specs.push({ kind: "view", id: viewId(name), input, name, columns, key })
    this.#lowered.note(viewId(name), root)
    this.#lowered.specs.push(...this.#specs)
  }

  /** A subplan of several views becomes an internal view that they read. */
  #sharedPipe(node: PlanNode): Pipe | null {
    const subplan = this.#lowered.shared.of(this.#plan, node)
    if (subplan === null) return null
    const { sharedIds } = this.#lowered
    const known = sharedIds.get(subplan)
    if (known !== undefined) return identityPipe(known, node.columns)
    const name = sharedName(sharedIds.size + 1)
    sharedIds.set(subplan, viewId(name))
    new ViewLowering({ ...this.#plan, name }, this.#lowered).#lowerShared(subplan.node)
    return identityPipe(viewId(name), node.columns)
  }

  #lowerShared(node: StatefulNode): void {
    const { input } = this.#newPipe(node)
    const { name } = this.#plan
    const { columns, key } = node
    const view = { kind: "view", id: viewId(name), input, name, columns, key } as const
    this.#lowered.specs.push(...this.#specs, { ...view, isInternal: true, keepsRows: false })
  }

  #nextId(kind: OperatorSpec["kind"], node: PlanNode | null = null): string {
    const id = `${this.#plan.name}/${this.#specs.length}:${kind}`
    if (node !== null) this.#lowered.note(id, node)
    return id
  }

  #pipeOf(node: PlanNode): Pipe {
    const known = this.#pipes.get(node)
    if (known !== undefined) return known
    const pipe = this.#sharedPipe(node) ?? this.#newPipe(node)
    this.#pipes.set(node, pipe)
    return pipe
  }

  #newPipe(node: PlanNode): Pipe {
    switch (node.kind) {
      case "scan": {
        if (node.side !== undefined) return identityPipe(this.#side(node), node.columns)
        const id = node.source === "event" ? sourceId(node.name) : viewId(node.name)
        const columns = this.#lowered.columnsOf.get(id)
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
      case "join":
        return identityPipe(this.#join(node), node.columns)
      case "rank": {
        const { partition, order, function: name, offset, limit, ranked, columns } = node
        const input = this.#operatorOf(this.#pipeOf(node.input), node.input.columns)
        const id = this.#nextId("rank", node)
        const parts = { partition, order, function: name, offset, limit, ranked, columns }
        this.#specs.push({ kind: "rank", id, input, ...parts, ...this.#partitionExpiry(node) })
        return identityPipe(id, columns)
      }
      case "over":
        return identityPipe(this.#over(node), node.columns)
      case "repeat":
        return identityPipe(this.#repeat(node), node.columns)
      case "pattern":
        return identityPipe(this.#pattern(node), node.columns)
      case "process":
        return identityPipe(this.#process(node), node.columns)
      default:
        return assertNever(node)
    }
  }

  /** Both sides hand on their columns, then the keys that are no columns. */
  #join(node: JoinNode): string {
    const { type, condition, columns } = node
    const [left, right] = [this.#joinSide(node, "left"), this.#joinSide(node, "right")]
    const widened =
      left.columns.length + right.columns.length > node.left.columns.length + node.right.columns.length
    const id = this.#nextId("join", node)
    const shift = left.columns.length - node.left.columns.length
    const moved =
      condition &&
      mapColumns(condition, (column) =>
        column.index < node.left.columns.length ? column : { ...column, index: column.index + shift },
      )
    const own = keepsLeftOnly(type) ? left.columns : [...left.columns, ...right.columns]
    const joined = own.map((column, i) => ({
      ...column,
      nullable: isPadded(node, i < left.columns.length) || column.nullable,
    }))
    const { emit } = this.#plan
    this.#specs.push({ kind: "join", id, type, left, right, condition: moved, emit, columns: joined })
    if (!widened) return id
    const kept = references(joined).filter((_, i) => {
      return i < left.columns.length
        ? i < node.left.columns.length
        : i - left.columns.length < node.right.columns.length
    })
    return this.#stage({ input: id, outputs: kept, columns })
  }

  #joinSide(node: JoinNode, side: "left" | "right"): JoinSide {
    const input = node[side]
    const pipe = this.#pipeOf(input)
    const added: Expression[] = []
    const keys = node.keys.map(({ [side]: key }) => {
      if (key.kind === "column") return key.index
      return input.columns.length + added.push(key) - 1
    })
    const columns = [
      ...input.columns,
      ...added.map(({ type, nullable }, i) => ({ name: `key_${i + 1}`, type, nullable })),
    ]
    const outputs = added.map((key) => substituteColumns(key, pipe.outputs))
    const keyed =
      added.length === 0 ? pipe : { ...pipe, outputs: [...pipe.outputs, ...outputs], identity: false }
    return {
      input: this.#operatorOf(keyed, columns),
      columns,
      keys,
      expiry: joinExpiry(node, side, this.#latenessUs),
    }
  }

  /** Arguments that are no columns are computed in front of it, and left out behind it. */
  #over(node: OverNode): string {
    const { partition, order, peerTerms } = node
    const pipe = this.#pipeOf(node.input)
    const width = node.input.columns.length
    const added: Expression[] = []
    const asColumn = (argument: Expression): Expression => {
      if (argument.kind === "column" || argument.kind === "literal") return argument
      const { type, nullable } = argument
      const index = width + added.push(argument) - 1
      return { kind: "column", index, name: `argument_${added.length}`, type, nullable }
    }
    const calls = node.calls.map((call) => ({
      ...call,
      args: call.args.map(asColumn),
      filter: call.filter && asColumn(call.filter),
    }))
    const inputColumns = [
      ...node.input.columns,
      ...added.map(({ type, nullable }, i) => ({ name: `argument_${i + 1}`, type, nullable })),
    ]
    const outputs = [...pipe.outputs, ...added.map((argument) => substituteColumns(argument, pipe.outputs))]
    const widened = added.length === 0 ? pipe : { ...pipe, outputs, identity: false }
    const input = this.#operatorOf(widened, inputColumns)
    const columns = [...inputColumns, ...node.columns.slice(width)]
    const id = this.#nextId("over", node)
    const order_ = { partition, order, peerTerms }
    this.#specs.push({ kind: "over", id, input, ...order_, calls, columns, ...this.#partitionExpiry(node) })
    if (added.length === 0) return id
    const kept = references(columns).filter((_, i) => i < width || i >= inputColumns.length)
    return this.#stage({ input: id, outputs: kept, columns: node.columns })
  }

  /** Partitions of windows close and go with them. */
  #partitionExpiry(node: RankNode | OverNode): Pick<OverSpec, "expiry" | "emit"> {
    const expiry = partitionExpiry(node, this.#latenessUs)
    return { expiry, emit: expiry === null ? "changes" : this.#plan.emit }
  }

  get #latenessUs(): bigint {
    return BigInt(this.#plan.allowedLatenessMs) * 1000n
  }

  #repeat(node: RepeatNode): string {
    const pipe = this.#pipeOf(node.input)
    const input = this.#operatorOf(pipe, node.input.columns)
    const { times, columns } = node
    return this.#stage({ input, outputs: references(columns), times, columns })
  }

  #pattern(node: PatternNode): string {
    const input = this.#operatorOf(this.#pipeOf(node.input), node.input.columns)
    const id = this.#nextId("pattern", node)
    this.#specs.push(patternSpec(node, { id, input }))
    return id
  }

  #process(node: ProcessNode): string {
    const input = this.#operatorOf(this.#pipeOf(node.input), node.input.columns)
    const id = this.#nextId("process", node)
    this.#specs.push(processSpec(node, { id, input }))
    this.#lowered.processes.set(node.process, id)
    return id
  }

  #side(node: ScanNode): string {
    const input = this.#lowered.processes.get(node.name)
    const id = this.#nextId("side")
    this.#specs.push(sideSpec(node, { id, input }))
    return id
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
    // Groups that do not belong to the window see it as columns of their input.
    const seesWindow = pipe.window !== null && node.windowKeys === null
    const input = seesWindow
      ? identityPipe(this.#operatorOf(pipe, node.input.columns), node.input.columns)
      : pipe
    const id = this.#nextId("aggregate", node)
    const { emit } = this.#plan
    this.#specs.push(aggregateSpec(node, input, { id, emit, allowedLatenessUs: this.#latenessUs }))
    return id
  }

  /** Makes an operator of the pipe, unless it is one already. */
  #operatorOf(pipe: Pipe, columns: readonly Column[]): string {
    if (pipe.identity && pipe.filter === null && pipe.window === null) return pipe.input
    assert(pipe.session === null, "the rows of sessions are grouped, and read by nothing else")
    const { input, filter, window, outputs } = pipe
    return this.#stage({ input, filter, window, outputs, columns })
  }

  #stage(parts: Pick<StageSpec, "input" | "outputs" | "columns"> & Partial<StageSpec>): string {
    const id = this.#nextId("stage")
    this.#specs.push({ filter: null, window: null, ...parts, kind: "stage", id })
    return id
  }
}
