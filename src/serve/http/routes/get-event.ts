/** GET /v1/events/:event: one event's contract, settings, JSON Schema and counters. */
import { describeEventFully } from "../describe-event.ts"
import { findEvent } from "../find-status.ts"
import type { Route } from "../route.ts"
import { EVENT_PARAMETER, pathParameter, problem } from "../route.ts"
import { sendJson } from "../send-json.ts"

export const getEvent: Route = {
  method: "GET",
  path: "/v1/events/:event",
  operation: {
    id: "get_event",
    summary: "One event: its contract, settings, JSON Schema, partitions and counters.",
    parameters: [EVENT_PARAMETER],
    responses: {
      200: { description: "The event.", schema: "Event" },
      404: problem("There is no such event; near names are suggested."),
    },
  },
  handle: (context, request, reply) =>
    sendJson(reply, 200, describeEventFully(findEvent(context.runtime, pathParameter(request, "event")))),
}
