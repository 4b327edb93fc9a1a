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
import type { JoinSpec, OperatorSpec, SourceSpec, StageSpec, StatefulSpec, ViewSpec } from "../dataflow.ts"

export interface Route {
  readonly origin: SourceSpec | StatefulSpec | ViewSpec
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
      const pipeline = pipelineOf(view, specs, byId, sourcesOf.get(view.id)!)
      for (const operator of pipeline.operators) {
        assert(!owners.has(operator.id), `operator ${operator.id} belongs to one view`)
        owners.set(operator.id, view.id)
      }
      return pipeline
    })
  assert(new Set(pipelines.map(({ view }) => view.name)).size === pipelines.length, "view names are unique")
  return { sources: specs.filter((spec) => spec.kind === "source"), pipelines, sourcesOf, appendOnly }
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

function pipelineOf(
  view: ViewSpec,
  specs: readonly OperatorSpec[],
  byId: ReadonlyMap<string, OperatorSpec>,
  sources: ReadonlySet<string>,
): ViewPipeline {
  const routes: Route[] = []
  const operators = new Set<StatefulSpec>()
  const upstream = new Set<string>()
  const visit = (target: StatefulSpec | ViewSpec): void => {
    for (const [port, input] of inputsOf(target).entries()) {
      for (const path of pathsTo(input, byId)) {
        routes.push({ ...path, target, port })
        const { origin } = path
        if (origin.kind === "view") upstream.add(origin.name)
        if (origin.kind === "source" || origin.kind === "view" || operators.has(origin)) continue
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
