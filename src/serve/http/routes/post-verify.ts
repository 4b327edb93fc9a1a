/** POST /v1/views/:view/verify: compares a view with its query over history. */
import { storeUnavailable } from "../../../stores/errors.ts"
import { describeVerification } from "../describe-verification.ts"
import { findView } from "../find-status.ts"
import type { Route } from "../route.ts"
import { pathParameter, problem, VIEW_PARAMETER } from "../route.ts"
import { sendJson } from "../send-json.ts"

export const postVerify: Route = {
  method: "POST",
  path: "/v1/views/:view/verify",
  operation: {
    id: "verify_view",
    summary: "Let ClickHouse compute a view again from the events as they were sent, and compare the rows.",
    parameters: [VIEW_PARAMETER],
    responses: {
      200: { description: "What was compared, and what differs.", schema: "Verification" },
      404: problem("There is no such view; near names are suggested."),
      503: problem("There is no store, or the ledger is behind."),
    },
  },
  handle: async (context, request, reply) => {
    const { plan } = findView(context.runtime, pathParameter(request, "view"))
    if (context.checks === null) throw storeUnavailable("this platform has none")
    return sendJson(reply, 200, describeVerification(await context.checks.verifier.verify(plan.name)))
  },
}
