/**
 * Which views' rows can be made once more of state: all that the operators in front of them have put out and
 * not taken back is in what these hold. A change behind such operators leaves their state as it is.
 */
import type { StatefulSpec, ViewSpec } from "../dataflow.ts"
import type { Route, ViewPipeline } from "./routes.ts"

type Pipelines = ReadonlyMap<string, ViewPipeline>

/** By the names of views. */
export function byViewName(pipelines: readonly ViewPipeline[]): Pipelines {
  return new Map(pipelines.map((pipeline) => [pipeline.view.name, pipeline]))
}

/** True when state has what the view's rows are made of. */
export function areRowsHeld(pipeline: ViewPipeline, pipelines: Pipelines): boolean {
  return originsOfRows(pipeline).every((origin) => {
    switch (origin.kind) {
      case "source":
      case "side":
        return false
      case "view":
        return keepsRows(origin) || areRowsHeld(pipelines.get(origin.name)!, pipelines)
      default:
        return holdsOutput(origin)
    }
  })
}

/** What the routes to the view's rows begin with, each once. */
export function originsOfRows({ view, routes }: ViewPipeline): readonly Route["origin"][] {
  return [...new Set(routes.flatMap(({ origin, target }) => (target === view ? [origin] : [])))]
}

export function keepsRows({ keepsRows: keeps = true }: ViewSpec): boolean {
  return keeps
}

/** Nothing that it has put out is forgotten while it stands, and it can put it out again (`putHeld`). */
function holdsOutput(spec: StatefulSpec): boolean {
  switch (spec.kind) {
    case "aggregate":
      return spec.windowKeys === null
    case "rank":
    case "over":
      return spec.expiry === null
    default:
      return false
  }
}
