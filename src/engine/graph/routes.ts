/**
 * Cuts a graph of operators into routes. A route is a chain of stages from a row's origin (a source, an
 * operator with state, another view) to where rows are kept (a port of an operator with state, a view);
 * unions are several routes to one target. Each route becomes one generated function.
 *
 *   source --stage--stage--> aggregate --stage--> view --stage--> view of views
 *   \______ a route ______/           \_ a route _/    \_ a route _/
 *
 * A join has two ports, left and right; everything else has one.
 */
import { assert } from "../../std/assert.ts"
import type {
  JoinSpec,
  OperatorSpec,
  SideSpec,
  SourceSpec,
  StageSpec,
  StatefulSpec,
  ViewSpec,
} from "../dataflow.ts"

export interface Route {
  readonly origin: SourceSpec | StatefulSpec | SideSpec | ViewSpec
  readonly stages: readonly StageSpec[]
  readonly target: StatefulSpec | ViewSpec
  /** Which of the target's inputs it is. */
  readonly port: number
}

/** A view with the operators that belong to it, in the order they run. */
export interface ViewPipeline {
  readonly view: ViewSpec
  readonly operators: readonly StatefulSpec[]
  readonly routes: readonly Route[]
  /** Every source whose rows reach the view, through other views too. */
  readonly sources: ReadonlySet<string>
  /** Views that it reads. */
  readonly upstream: readonly string[]
}

export interface DataflowGraph {
  readonly sources: readonly SourceSpec[]
  readonly pipelines: readonly ViewPipeline[]
  /** By operator id: the sources whose watermarks govern it. */
  readonly sourcesOf: ReadonlyMap<string, ReadonlySet<string>>
  /** Ids of operators whose changes never take a row back and are single rows. */
  readonly appendOnly: ReadonlySet<string>
  /** By the id of a process: for each of its sides the ids of the specs that hand it on. */
  readonly sides: ReadonlyMap<string, readonly (readonly string[])[]>
}

export function planRoutes(specs: readonly OperatorSpec[]): DataflowGraph {
  const byId = indexSpecs(specs)
  const sourcesOf = new Map<string, Set<string>>()
  const appendOnly = new Set<string>()
  for (const spec of specs) {
    const inputs = inputsOf(spec)
    sourcesOf.set(
      spec.id,
      new Set(spec.kind === "source" ? [spec.id] : inputs.flatMap((id) => [...sourcesOf.get(id)!])),
    )
    if (isAppendOnly(spec, (id) => appendOnly.has(id))) appendOnly.add(spec.id)
  }
  const owners = new Map<string, string>()
  const pipelines = specs
    .filter((spec) => spec.kind === "view")
    .map((view) => {
      const pipeline = pipelineOf(view, { specs, byId, owners, sources: sourcesOf.get(view.id)! })
      for (const operator of pipeline.operators) {
        assert(!owners.has(operator.id), `operator ${operator.id} belongs to one view`)
        owners.set(operator.id, view.name)
      }
      return pipeline
    })
  assert(new Set(pipelines.map(({ view }) => view.name)).size === pipelines.length, "view names are unique")
  const sources = specs.filter((spec) => spec.kind === "source")
  return { sources, pipelines, sourcesOf, appendOnly, sides: sidesOf(specs) }
}

function sidesOf(specs: readonly OperatorSpec[]): ReadonlyMap<string, readonly (readonly string[])[]> {
  const found = new Map(
    specs.flatMap((spec) => (spec.kind === "process" ? [[spec.id, spec.sides.map((): string[] => [])]] : [])),
  )
  for (const spec of specs) {
    if (spec.kind !== "side") continue
    const side = found.get(spec.input)?.[spec.side]
    assert(side !== undefined, `side output ${spec.id} is one of a process`)
    side.push(spec.id)
  }
  return found
}

function indexSpecs(specs: readonly OperatorSpec[]): Map<string, OperatorSpec> {
  const byId = new Map<string, OperatorSpec>()
  for (const spec of specs) {
    assert(
      !byId.has(spec.id) && !spec.id.startsWith("$"),
      `operator id ${spec.id} is unique and not reserved`,
    )
    for (const input of inputsOf(spec)) assert(byId.has(input), `${spec.id} comes behind its input ${input}`)
    byId.set(spec.id, spec)
  }
  return byId
}

export function inputsOf(spec: OperatorSpec): readonly string[] {
  switch (spec.kind) {
    case "source":
      return []
    case "union":
      return spec.inputs
    case "join":
      return [spec.left.input, spec.right.input]
    default:
      return [spec.input]
  }
}

function isAppendOnly(spec: OperatorSpec, known: (id: string) => boolean): boolean {
  switch (spec.kind) {
    case "aggregate":
      return spec.emit === "final" && spec.windowKeys !== null && spec.allowedLatenessUs === 0n
    case "join":
      return inputsOf(spec).every(known) && onlyAdds(spec)
    case "rank":
    case "over":
      return false
    case "pattern":
    case "process":
      return true
    case "stage":
      return spec.times === undefined && known(spec.input)
    default:
      return inputsOf(spec).every(known)
  }
}

/** Over rows that only come. A row without a partner may find one, unless it waits until none can come. */
function onlyAdds({ type, emit, left, right }: JoinSpec): boolean {
  if (type === "inner" || type === "semi") return true
  return emit === "final" && left.expiry !== null && right.expiry !== null
}

interface PipelineParts {
  readonly specs: readonly OperatorSpec[]
  readonly byId: ReadonlyMap<string, OperatorSpec>
  /** View names by the ids of their operators, of the views before. */
  readonly owners: ReadonlyMap<string, string>
  readonly sources: ReadonlySet<string>
}

function pipelineOf(view: ViewSpec, { specs, byId, owners, sources }: PipelineParts): ViewPipeline {
  const routes: Route[] = []
  const operators = new Set<StatefulSpec>()
  const upstream = new Set<string>()
  const visit = (target: StatefulSpec | ViewSpec): void => {
    for (const [port, input] of inputsOf(target).entries()) {
      for (const path of pathsTo(input, byId)) {
        routes.push({ ...path, target, port })
        const { origin } = path
        if (origin.kind === "view") upstream.add(origin.name)
        if (origin.kind === "side") upstream.add(ownerOf(origin, owners))
        if (origin.kind === "source" || origin.kind === "view" || origin.kind === "side") continue
        if (operators.has(origin)) continue
        operators.add(origin)
        visit(origin)
      }
    }
  }
  visit(view)
  return {
    view,
    operators: specs.filter((spec) => operators.has(spec as StatefulSpec)) as StatefulSpec[],
    routes,
    sources,
    upstream: [...upstream],
  }
}

/** The view whose process has the output. */
function ownerOf({ id, input }: SideSpec, owners: ReadonlyMap<string, string>): string {
  const owner = owners.get(input)
  assert(owner !== undefined, `side output ${id} comes behind the view of its process`)
  return owner
}

function pathsTo(id: string, byId: ReadonlyMap<string, OperatorSpec>): Pick<Route, "origin" | "stages">[] {
  const spec = byId.get(id)!
  switch (spec.kind) {
    case "stage":
      return pathsTo(spec.input, byId).map((path) => ({ ...path, stages: [...path.stages, spec] }))
    case "union":
      return spec.inputs.flatMap((input) => pathsTo(input, byId))
    default:
      return [{ origin: spec, stages: [] }]
  }
}
