/** GET /v1/queries: what runs now. */
import { instantOfMs } from "../../instant-text.ts"
import { openQueries } from "../open-queries.ts"
import { problem, type Route } from "../route.ts"
import { sendJson } from "../send-json.ts"

export const getQueries: Route = {
  method: "GET",
  path: "/v1/queries",
  operation: {
    id: "list_queries",
    summary: "The queries that run now.",
    responses: {
      200: { description: "Running queries, the oldest first.", schema: "QueryList" },
      503: problem("There is no store, and why."),
    },
  },
  handle: (context, _request, reply) => {
    const nowMs = context.clock.nowMs()
    const queries = openQueries(context)
      .running()
      .map(({ id, sql, format, startedAtMs }) => ({
        id,
        sql,
        format,
        started_at: instantOfMs(startedAtMs),
        elapsed_ms: Math.max(0, nowMs - startedAtMs),
      }))
    return sendJson(reply, 200, { queries })
  },
}
