/** GET /v1/events/:event/tail: the newest records of an event as they were sent. */
import { parseTailToken } from "../../live/resume-token.ts"
import { pumpTail } from "../../live/tail-events.ts"
import { findEvent } from "../find-status.ts"
import { onlyParameters, parseQuery } from "../query.ts"
import type { Route } from "../route.ts"
import { EVENT_PARAMETER, pathParameter, problem } from "../route.ts"
import { lastEventId, STREAM_PARAMETERS } from "../stream-request.ts"

export const getEventTail: Route = {
  method: "GET",
  path: "/v1/events/:event/tail",
  stream: true,
  operation: {
    id: "tail_event",
    summary: "The newest records of an event as an event stream; resumable.",
    parameters: [EVENT_PARAMETER, ...STREAM_PARAMETERS],
    responses: {
      200: {
        description: "Events `records`: {records: [{partition, offset, appended_at, value}]}.",
        schema: null,
        type: "text/event-stream",
      },
      400: problem("A parameter is not valid."),
      404: problem("There is no such event; near names are suggested."),
      503: problem("Too many streams are open."),
    },
  },
  handle: (context, request, reply) => {
    const { runtime, streams } = context
    const { contract } = findEvent(runtime, pathParameter(request, "event"))
    const given = onlyParameters(parseQuery(request.raw.url ?? ""), ["last_event_id"])
    const { logId } = runtime
    const fromOffsets = parseTailToken(lastEventId(request, given), {
      logId,
      partitions: contract.partitions,
    })
    streams.assertRoom()
    const tail = runtime.tail(contract.name, fromOffsets)
    const stream = streams.open(reply)
    pumpTail(stream, tail, { logId, fromOffsets }).catch((error: unknown) => {
      context.onFailure(error, `tail of ${contract.name}`)
      stream.close()
    })
    return reply
  },
}
