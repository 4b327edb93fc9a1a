/** What requests for event streams have in common. */
import type { FastifyRequest } from "fastify"
import type { Parameter } from "./route.ts"

export const STREAM_PARAMETERS: readonly Parameter[] = [
  {
    name: "Last-Event-ID",
    in: "header",
    description: "The id of the last event that was read: continues behind it where that is possible.",
    schema: { type: "string" },
  },
  {
    name: "last_event_id",
    in: "query",
    description: "The same, for clients that cannot set headers; the header wins.",
    schema: { type: "string" },
  },
]

/** Null or a token that nobody gave out begin the stream anew. */
export function lastEventId(request: FastifyRequest, query: ReadonlyMap<string, string>): string | null {
  const header = request.headers["last-event-id"]
  return (typeof header === "string" ? header : undefined) ?? query.get("last_event_id") ?? null
}
