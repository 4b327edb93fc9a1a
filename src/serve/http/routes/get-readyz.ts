/** GET /readyz: the platform takes events. */
import { notReady } from "../../errors.ts"
import type { Route } from "../route.ts"
import { problem } from "../route.ts"
import { sendJson } from "../send-json.ts"

export const getReadyz: Route = {
  method: "GET",
  path: "/readyz",
  operation: {
    id: "readiness",
    summary: "Whether the platform takes events: recovered and caught up.",
    responses: {
      200: { description: "It does.", schema: "Readiness" },
      503: problem("Not yet, or no longer; `reason` says why."),
    },
  },
  handle: ({ project, runtime }, _request, reply) => {
    const { ready, reason } = runtime.ready()
    if (!ready) throw notReady(reason ?? "it is starting")
    return sendJson(reply, 200, { ready, project })
  },
}
