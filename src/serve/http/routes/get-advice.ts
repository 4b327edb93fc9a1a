/** GET /v1/advice: what could be left out or added, from what was really asked since the start. */
import { adviceOf } from "../../advice.ts"
import { instantOfMs } from "../../instant-text.ts"
import type { Route } from "../route.ts"
import { sendJson } from "../send-json.ts"

export const getAdvice: Route = {
  method: "GET",
  path: "/v1/advice",
  operation: {
    id: "advise",
    summary: "Views and columns that nobody has read since the start, and queries that a view would answer.",
    responses: {
      200: { description: "Only what is certain, with the figures that it rests on.", schema: "AdviceList" },
    },
  },
  handle: ({ runtime, reads }, _request, reply) => {
    const plans = runtime.views().map(({ plan }) => plan)
    return sendJson(reply, 200, {
      since: instantOfMs(runtime.startedAtMs),
      advice: adviceOf(plans, reads),
    })
  },
}
