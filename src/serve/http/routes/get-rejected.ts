/** GET /v1/rejected: the newest refused rows, with their reasons. */
import { instantOfMs } from "../../instant-text.ts"
import type { Route } from "../route.ts"
import { sendJson } from "../send-json.ts"

export const getRejected: Route = {
  method: "GET",
  path: "/v1/rejected",
  operation: {
    id: "list_rejected",
    summary: "The newest refused rows, newest first.",
    responses: { 200: { description: "A sample of what was refused.", schema: "RejectedList" } },
  },
  handle: (context, _request, reply) => {
    const rejected = context.runtime.rejectedSamples().map((sample) => ({
      event: sample.event,
      at: instantOfMs(sample.atMs),
      index: sample.index,
      field: sample.field,
      code: sample.code,
      message: sample.message,
      text: sample.text,
    }))
    return sendJson(reply, 200, { rejected })
  },
}
