/** How a view of a project would be computed, without running anything: what `millrace explain` shows. */
import { bindProject } from "../plan/bind-project.ts"
import type { Problem } from "../plan/plan.ts"
import { describePlan } from "../serve/describe-plan.ts"
import { loadProject } from "./load-project.ts"

export type PlanDescription = ReturnType<typeof describePlan>

export interface ExplainedProject {
  /** The names of all views that could be bound. */
  readonly views: readonly string[]
  readonly problems: readonly Problem[]
  /** Null: there is no such view. */
  readonly explained: PlanDescription | null
}

/** @throws PlatformError project-not-found, project-too-large */
export async function explainView(directory: string, view: string): Promise<ExplainedProject> {
  const project = await loadProject(directory)
  const { plans, problems } = await bindProject(project)
  const plan = plans.find(({ name }) => name === view)
  return {
    views: plans.map(({ name }) => name),
    problems: [...project.problems, ...problems],
    explained: plan === undefined ? null : describePlan(plan, plans),
  }
}
