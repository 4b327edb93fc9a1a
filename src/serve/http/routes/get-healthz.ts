/** GET /healthz: the process answers. */
import { instantOfMs } from "../../instant-text.ts"
import type { Route } from "../route.ts"
import { sendJson } from "../send-json.ts"

export const getHealthz: Route = {
  method: "GET",
  path: "/healthz",
  operation: {
    id: "health",
    summary: "Whether the process is alive.",
    responses: { 200: { description: "It is.", schema: "Health" } },
  },
  handle: ({ clock, runtime, version }, _request, reply) =>
    sendJson(reply, 200, {
      status: "ok",
      version,
      started_at: instantOfMs(runtime.startedAtMs),
      uptime_ms: Math.max(0, clock.nowMs() - runtime.startedAtMs),
    }),
}
