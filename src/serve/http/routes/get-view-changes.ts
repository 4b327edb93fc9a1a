/** GET /v1/views/:view/changes: a view as an event stream, first whole, then what changes. */
import { changesToken, parseChangesToken } from "../../live/resume-token.ts"
import { pumpUpdates } from "../../live/view-updates.ts"
import { findView } from "../find-status.ts"
import { onlyParameters, parseQuery } from "../query.ts"
import type { Route } from "../route.ts"
import { pathParameter, problem, VIEW_PARAMETER } from "../route.ts"
import { parseNumbers } from "../rows-query.ts"
import { lastEventId, STREAM_PARAMETERS } from "../stream-request.ts"

export const getViewChanges: Route = {
  method: "GET",
  path: "/v1/views/:view/changes",
  stream: true,
  operation: {
    id: "follow_view",
    summary: "A view as an event stream: snapshot, then the changes of each epoch; resumable.",
    parameters: [
      VIEW_PARAMETER,
      ...STREAM_PARAMETERS,
      {
        name: "numbers",
        in: "query",
        description: "How int64 and decimal are written.",
        schema: { enum: ["string", "json"], default: "string" },
      },
    ],
    responses: {
      200: {
        description:
          "Events `snapshot` ({epoch, watermark, rows, last}) and `changes` ({epoch, watermark, changes}).",
        schema: null,
        type: "text/event-stream",
      },
      400: problem("A parameter is not valid."),
      404: problem("There is no such view; near names are suggested."),
      503: problem("Too many streams are open."),
    },
  },
  handle: (context, request, reply) => {
    const { runtime, streams } = context
    const { plan } = findView(runtime, pathParameter(request, "view"))
    const given = onlyParameters(parseQuery(request.raw.url ?? ""), ["last_event_id", "numbers"])
    const numbers = parseNumbers(given.get("numbers"))
    const origin = { logId: runtime.logId, fingerprint: plan.fingerprint }
    const afterEpoch = parseChangesToken(lastEventId(request, given), origin)
    streams.assertRoom()
    const subscription = runtime.subscribe(plan.name, afterEpoch)
    context.reads.noteStream(plan.name)
    const stream = streams.open(reply)
    const token = (epoch: number) => changesToken(origin, epoch)
    const pump = pumpUpdates(stream, subscription, { columns: plan.columns, numbers, token })
    pump.catch((error: unknown) => {
      context.onFailure(error, `changes of ${plan.name}`)
      stream.close()
    })
    return reply
  },
}
