/**
 * Cuts a graph of operators into routes. A route is a chain of stages from a row's origin (a source, an
 * aggregate, another view) to where rows are kept (an aggregate, a view); unions are several routes to one
 * target. Each route becomes one generated function.
 *
 *   source --stage--stage--> aggregate --stage--> view --stage--> view of views
 *   \______ a route ______/           \_ a route _/    \_ a route _/
 */
import { assert } from "../../std/assert.ts"
import type { AggregateSpec, OperatorSpec, SourceSpec, StageSpec, ViewSpec } from "../dataflow.ts"

export interface Route {
  readonly origin: SourceSpec | AggregateSpec | ViewSpec
  readonly stages: readonly StageSpec[]
  readonly target: AggregateSpec | ViewSpec
}

/** A view with the aggregates that belong to it, in the order they run. */
export interface ViewPipeline {
  readonly view: ViewSpec
  readonly aggregates: readonly AggregateSpec[]
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
  /** Ids of operators whose changes never take a row back. */
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
      for (const aggregate of pipeline.aggregates) {
        assert(!owners.has(aggregate.id), `aggregate ${aggregate.id} belongs to one view`)
        owners.set(aggregate.id, view.id)
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
  if (spec.kind === "source") return []
  return spec.kind === "union" ? spec.inputs : [spec.input]
}

function isAppendOnly(spec: OperatorSpec, known: (id: string) => boolean): boolean {
  if (spec.kind === "aggregate") {
    return spec.emit === "final" && spec.windowKeys !== null && spec.allowedLatenessUs === 0n
  }
  return inputsOf(spec).every(known)
}

function pipelineOf(
  view: ViewSpec,
  specs: readonly OperatorSpec[],
  byId: ReadonlyMap<string, OperatorSpec>,
  sources: ReadonlySet<string>,
): ViewPipeline {
  const routes: Route[] = []
  const aggregates = new Set<AggregateSpec>()
  const upstream = new Set<string>()
  const visit = (target: AggregateSpec | ViewSpec): void => {
    for (const path of pathsTo(target.input, byId)) {
      routes.push({ ...path, target })
      if (path.origin.kind === "view") upstream.add(path.origin.name)
      if (path.origin.kind !== "aggregate" || aggregates.has(path.origin)) continue
      aggregates.add(path.origin)
      visit(path.origin)
    }
  }
  visit(view)
  return {
    view,
    aggregates: specs.filter((spec) => spec.kind === "aggregate").filter((spec) => aggregates.has(spec)),
    routes,
    sources,
    upstream: [...upstream],
  }
}

function pathsTo(id: string, byId: ReadonlyMap<string, OperatorSpec>): Omit<Route, "target">[] {
  const spec = byId.get(id)!
  switch (spec.kind) {
    case "source":
    case "aggregate":
    case "view":
      return [{ origin: spec, stages: [] }]
    case "stage":
      return pathsTo(spec.input, byId).map((path) => ({ ...path, stages: [...path.stages, spec] }))
    case "union":
      return spec.inputs.flatMap((input) => pathsTo(input, byId))
  }
}
