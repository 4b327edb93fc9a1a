/** GET /v1/views/:view/plan: how a view is computed, what the planner did, what its operators have done. */
import type { OperatorWork } from "../../../runners/runtime.ts"
import { describePlan } from "../../describe-plan.ts"
import { instantOfMs } from "../../instant-text.ts"
import { findView } from "../find-status.ts"
import { pathParameter, problem, type Route, VIEW_PARAMETER } from "../route.ts"
import { sendJson } from "../send-json.ts"

export const getViewPlan: Route = {
  method: "GET",
  path: "/v1/views/:view/plan",
  operation: {
    id: "explain_view",
    summary: "How a view is computed, what each rule of the planner did, and what its operators have done.",
    parameters: [VIEW_PARAMETER],
    responses: {
      200: { description: "The plan as it runs, with the work of each operator.", schema: "ViewPlan" },
      404: problem("There is no such view; near names are suggested."),
    },
  },
  handle: ({ runtime }, request, reply) => {
    const { plan } = findView(runtime, pathParameter(request, "view"))
    const work = runtime.work(plan.name)
    const busyMs = work.reduce((sum, operator) => sum + operator.busyMs, 0)
    const slowest = work.toSorted((a, b) => b.busyMs - a.busyMs)[0]
    return sendJson(reply, 200, {
      ...describePlan(plan),
      since: instantOfMs(runtime.startedAtMs),
      operators: work.map((operator) => describeWork(operator, busyMs)),
      slowest: slowest === undefined || busyMs === 0 ? null : slowest.what,
    })
  },
}

function describeWork({ what, steps, rowsIn, rowsOut, busyMs }: OperatorWork, allMs: number) {
  return {
    operator: what,
    steps,
    rows_in: rowsIn,
    rows_out: rowsOut,
    busy_ms: Math.round(busyMs * 1_000) / 1_000,
    share: allMs === 0 ? 0 : Math.round((1_000 * busyMs) / allMs) / 1_000,
  }
}
