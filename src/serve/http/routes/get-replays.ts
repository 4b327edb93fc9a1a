/** GET /v1/replays: what was sent back, newest first. */
import { describeReplay } from "../describe-dead-letter.ts"
import { qualityOf } from "../quality-of.ts"
import { problem, type Route } from "../route.ts"
import { sendJson } from "../send-json.ts"

export const getReplays: Route = {
  method: "GET",
  path: "/v1/replays",
  operation: {
    id: "list_replays",
    summary: "Replays, newest first.",
    responses: {
      200: { description: "The newest thousand.", schema: "ReplayList" },
      503: problem("Replays cannot be read now."),
    },
  },
  handle: (context, _request, reply) => {
    return sendJson(reply, 200, { replays: qualityOf(context).replays().map(describeReplay) })
  },
}
