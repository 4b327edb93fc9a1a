/** GET /v1/events: all events with their fields and counters. */
import { describeEvent } from "../describe-event.ts"
import type { Route } from "../route.ts"
import { sendJson } from "../send-json.ts"

export const getEvents: Route = {
  method: "GET",
  path: "/v1/events",
  operation: {
    id: "list_events",
    summary: "All events: fields, watermark, counters.",
    responses: { 200: { description: "The events.", schema: "EventList" } },
  },
  handle: (context, _request, reply) =>
    sendJson(reply, 200, { events: context.runtime.events().map(describeEvent) }),
}
