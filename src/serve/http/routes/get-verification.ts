/** GET /v1/verifications/:id: how far a check is that was asked for, and what it found. */
import { unknownVerification } from "../../../runners/clickhouse/errors.ts"
import { storeUnavailable } from "../../../stores/errors.ts"
import { describeRun } from "../describe-verification.ts"
import type { Route } from "../route.ts"
import { pathParameter, problem } from "../route.ts"
import { sendJson } from "../send-json.ts"

export const getVerification: Route = {
  method: "GET",
  path: "/v1/verifications/:id",
  operation: {
    id: "describe_verification",
    summary: "How far a check of a view is, and what it found.",
    parameters: [
      { name: "id", in: "path", description: "Id that verify_view gave.", schema: { type: "string" } },
    ],
    responses: {
      200: { description: "The check.", schema: "VerificationRun" },
      404: problem("There is no such check, or it is long over."),
      503: problem("There is no store."),
    },
  },
  handle: (context, request, reply) => {
    if (context.checks === null) throw storeUnavailable("this platform has none")
    const id = pathParameter(request, "id")
    const run = context.checks.runs.run(id)
    if (run === null) throw unknownVerification(id)
    return sendJson(reply, 200, describeRun(run))
  },
}
