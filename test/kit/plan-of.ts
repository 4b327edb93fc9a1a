/** One view's SQL bound against the sample events: its plan, or the problems found. */
import { bindProject } from "../../src/plan/bind-project.ts"
import type { Problem, ViewPlan } from "../../src/plan/plan.ts"
import type { ViewOptions } from "../../src/plan/view.ts"
import { view } from "../../src/plan/view.ts"
import { flight, sample } from "./plan-events.ts"

type Options = Omit<ViewOptions, "sql">

/** @throws Error listing the problems, when there are any */
export async function planOf(sql: string, options: Options = {}): Promise<ViewPlan> {
  const { plans, problems } = await bindProject({
    events: [flight, sample],
    views: [view("v", { sql, ...options })],
  })
  if (problems.length > 0)
    throw new Error(problems.map(({ code, message }) => `${code}: ${message}`).join("\n"))
  return plans[0]!
}

export async function problemsOf(sql: string, options: Options = {}): Promise<readonly Problem[]> {
  const bound = await bindProject({ events: [flight, sample], views: [view("v", { sql, ...options })] })
  return bound.problems
}
