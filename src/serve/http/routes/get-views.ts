/** GET /v1/views: all views. */
import { describeView } from "../describe-view.ts"
import type { Route } from "../route.ts"
import { sendJson } from "../send-json.ts"

export const getViews: Route = {
  method: "GET",
  path: "/v1/views",
  operation: {
    id: "list_views",
    summary: "All views: columns, watermark, lag, epoch, verdicts.",
    responses: { 200: { description: "The views.", schema: "ViewList" } },
  },
  handle: (context, _request, reply) => {
    const nowMs = context.clock.nowMs()
    return sendJson(reply, 200, {
      views: context.runtime.views().map((status) => {
        const last = context.checks?.verifier.lastResult(status.plan.name) ?? null
        return describeView(status, nowMs, last)
      }),
    })
  },
}
