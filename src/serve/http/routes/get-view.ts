/** GET /v1/views/:view: one view. */
import { describeView } from "../describe-view.ts"
import { findView } from "../find-status.ts"
import type { Route } from "../route.ts"
import { pathParameter, problem, VIEW_PARAMETER } from "../route.ts"
import { sendJson } from "../send-json.ts"

export const getView: Route = {
  method: "GET",
  path: "/v1/views/:view",
  operation: {
    id: "get_view",
    summary: "One view: columns, watermark, lag, epoch, verdicts, SQL.",
    parameters: [VIEW_PARAMETER],
    responses: {
      200: { description: "The view.", schema: "View" },
      404: problem("There is no such view; near names are suggested."),
    },
  },
  handle: (context, request, reply) => {
    const status = findView(context.runtime, pathParameter(request, "view"))
    const last = context.checks?.verifier.lastResult(status.plan.name) ?? null
    return sendJson(reply, 200, describeView(status, context.clock.nowMs(), last))
  },
}
