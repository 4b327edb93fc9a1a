/** POST /v1/events: rows that name their event in `event_type`. */
import { INGEST_RESPONSES, ingest } from "../ingest.ts"
import type { Route } from "../route.ts"

export const postEvents: Route = {
  method: "POST",
  path: "/v1/events",
  operation: {
    id: "send_events",
    summary: "Send rows of any events; each row names its event in event_type.",
    takesRows: true,
    responses: INGEST_RESPONSES,
  },
  handle: (context, request, reply) => ingest(context, request, reply, null),
}
