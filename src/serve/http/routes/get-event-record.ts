/** GET /v1/events/:event/records/:partition/:offset: one event of the log, and where it went. */
import { badParameter, notReady } from "../../errors.ts"
import { instantOfMs } from "../../instant-text.ts"
import { describeMark } from "../describe-dead-letter.ts"
import { findEvent } from "../find-status.ts"
import { onlyParameters, parseQuery } from "../query.ts"
import { EVENT_PARAMETER, pathParameter, problem, type Route } from "../route.ts"
import { sendJson } from "../send-json.ts"

const WHOLE = { type: "integer", minimum: 0 }

export const getEventRecord: Route = {
  method: "GET",
  path: "/v1/events/:event/records/:partition/:offset",
  operation: {
    id: "follow_event",
    summary: "One event as it was sent, and what every view that it reaches made of it.",
    parameters: [
      EVENT_PARAMETER,
      { name: "partition", in: "path", description: "Partition of the event's topic.", schema: WHOLE },
      { name: "offset", in: "path", description: "Offset in the partition.", schema: WHOLE },
    ],
    responses: {
      200: { description: "The event, and one verdict a view.", schema: "EventRecord" },
      400: problem("Partition or offset is no whole number."),
      404: problem("There is no such event, or no record of it there; what exists is said."),
      503: problem("The ledger cannot be read now."),
    },
  },
  handle: async (context, request, reply) => {
    const { contract } = findEvent(context.runtime, pathParameter(request, "event"))
    onlyParameters(parseQuery(request.raw.url ?? ""), [])
    const partition = position("partition", pathParameter(request, "partition"))
    const offset = position("offset", pathParameter(request, "offset"))
    if (context.trail === null) throw notReady("the ledger is not open")
    const trail = await context.trail.follow({ event: contract.name, partition, offset })
    const mark = context.quality?.markOf(trail) ?? null
    return sendJson(reply, 200, {
      ...{ event: trail.event, partition, offset, appended_at: instantOfMs(trail.appendedMs) },
      value: Buffer.from(trail.value).toString("utf8"),
      replay: mark === null ? null : describeMark(mark),
      views: trail.views,
    })
  },
}

function position(name: string, text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw badParameter(name, text, "a whole number")
  return value
}
