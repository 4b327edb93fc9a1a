/** GET /v1/replays/:id: how far a replay is, and what became of each row. */
import { unknownReplay } from "../../../quality/errors.ts"
import { describeMark, describeReplay } from "../describe-dead-letter.ts"
import { qualityOf } from "../quality-of.ts"
import { pathParameter, problem, type Route } from "../route.ts"
import { sendJson } from "../send-json.ts"

/** Rows that one answer names. */
const MAX_NAMED = 1_000

export const getReplay: Route = {
  method: "GET",
  path: "/v1/replays/:id",
  operation: {
    id: "describe_replay",
    summary: "How far a replay is, and what became of its rows.",
    parameters: [{ name: "id", in: "path", description: "Id of a replay.", schema: { type: "string" } }],
    responses: {
      200: { description: "The replay.", schema: "ReplayWithRows" },
      404: problem("There is no such replay."),
      503: problem("Replays cannot be read now."),
    },
  },
  handle: (context, request, reply) => {
    const quality = qualityOf(context)
    const id = pathParameter(request, "id")
    const replay = quality.replay(id)
    if (replay === null) throw unknownReplay(id)
    const marks = quality.marksOf(id)
    const rows = marks.slice(0, MAX_NAMED).map(([key, mark]) => ({ of: key, ...describeMark(mark) }))
    return sendJson(reply, 200, { ...describeReplay(replay), rows, rows_truncated: marks.length > MAX_NAMED })
  },
}
