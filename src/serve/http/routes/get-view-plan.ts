/** GET /v1/views/:view/plan: how a view is computed, and what its operators have done. */
import type { Work } from "../../../engine/dataflow.ts"
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
    const plans = runtime.views().map((status) => status.plan)
    const works = runtime.work(plan.name)
    const busyMs = works.reduce((sum, { total }) => sum + total.busyMs, 0)
    const slowest = works.toSorted((a, b) => b.total.busyMs - a.total.busyMs)[0]
    return sendJson(reply, 200, {
      ...describePlan(plan, plans),
      since: instantOfMs(runtime.startedAtMs),
      operators: works.map((work) => describeOperatorWork(work, busyMs)),
      slowest: slowest === undefined || busyMs === 0 ? null : describeSlowest(slowest, busyMs),
    })
  },
}

function describeOperatorWork({ what, steps, total, recent, state }: OperatorWork, allMs: number) {
  return {
    operator: what,
    steps,
    total: describeWork(total),
    last_minute: describeWork(recent),
    share: shareOf(total.busyMs, allMs),
    state_rows: state.rows,
    state_bytes: state.bytes,
  }
}

function describeWork({ rowsIn, rowsOut, busyMs }: Work) {
  return { rows_in: rowsIn, rows_out: rowsOut, busy_ms: thousandths(busyMs) }
}

function describeSlowest({ what, total }: OperatorWork, allMs: number) {
  return { operator: what, busy_ms: thousandths(total.busyMs), share: shareOf(total.busyMs, allMs) }
}

const shareOf = (ms: number, allMs: number) => (allMs === 0 ? 0 : thousandths(ms / allMs))

const thousandths = (value: number) => Math.round(value * 1_000) / 1_000
