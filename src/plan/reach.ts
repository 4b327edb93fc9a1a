/** What a view is made of, through all views below it. */

import { assert } from "../std/assert.ts"
import { inputsOf } from "./nodes/rebuild.ts"
import type { PlanNode, ViewPlan } from "./plan.ts"

export interface Reach {
  /** The view itself first. */
  readonly views: readonly string[]
  readonly events: readonly string[]
}

export function behindView(view: string, plans: ReadonlyMap<string, ViewPlan>): Reach {
  const views = new Set<string>()
  const events = new Set<string>()
  const visit = (name: string) => {
    if (views.has(name)) return
    views.add(name)
    const plan = plans.get(name)
    assert(plan !== undefined, `${name} is a view of the project`)
    for (const event of plan.events) events.add(event)
    for (const below of plan.views) visit(below)
  }
  visit(view)
  return { views: [...views], events: [...events] }
}

/** Columns of each event that the view and the views below it read. */
export function columnsBehindView(
  view: string,
  plans: ReadonlyMap<string, ViewPlan>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const { views, events } = behindView(view, plans)
  const columns = new Map(events.map((event) => [event, new Set<string>()]))
  const visit = (node: PlanNode): void => {
    if (node.kind === "scan" && node.source === "event") {
      for (const { name } of node.columns) columns.get(node.name)!.add(name)
    }
    inputsOf(node).forEach(visit)
  }
  for (const name of views) visit(plans.get(name)!.root)
  return columns
}
