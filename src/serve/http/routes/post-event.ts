/** POST /v1/events/:event: rows of one event. */
import { INGEST_RESPONSES, ingest } from "../ingest.ts"
import type { Route } from "../route.ts"
import { EVENT_PARAMETER, pathParameter } from "../route.ts"

export const postEvent: Route = {
  method: "POST",
  path: "/v1/events/:event",
  operation: {
    id: "send_event",
    summary: "Send rows of one event; answers when the good ones are durable.",
    parameters: [EVENT_PARAMETER],
    takesRows: true,
    responses: INGEST_RESPONSES,
  },
  handle: (context, request, reply) => ingest(context, request, reply, pathParameter(request, "event")),
}
