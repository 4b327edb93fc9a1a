/** POST /v1/views/:view/verify: compares a view with its query over history. */
import { checksStopped } from "../../../runners/clickhouse/errors.ts"
import { storeUnavailable } from "../../../stores/errors.ts"
import { describeRun, describeVerification } from "../describe-verification.ts"
import { findView } from "../find-status.ts"
import { onlyParameters, parseQuery, wholeNumber } from "../query.ts"
import type { Route } from "../route.ts"
import { pathParameter, problem, VIEW_PARAMETER } from "../route.ts"
import { sendJson } from "../send-json.ts"

/** Most views are compared by then. */
const WAIT_MS = 5_000
/** Well below what clients and proxies wait for headers. */
const LONGEST_WAIT_MS = 30_000

export const postVerify: Route = {
  method: "POST",
  path: "/v1/views/:view/verify",
  operation: {
    id: "verify_view",
    summary: "Let ClickHouse compute a view again from the events as they were sent, and compare the rows.",
    parameters: [
      VIEW_PARAMETER,
      {
        name: "wait_ms",
        in: "query",
        description:
          "How long to wait for the result; a check that takes longer goes on, and is told of by its id.",
        schema: { type: "integer", minimum: 0, maximum: LONGEST_WAIT_MS, default: WAIT_MS },
      },
    ],
    responses: {
      200: { description: "What was compared, and what differs.", schema: "Verification" },
      202: {
        description: "The check goes on; `Location` is where to ask for it.",
        schema: "VerificationRun",
      },
      400: problem("A parameter is not valid."),
      404: problem("There is no such view; near names are suggested."),
      503: problem("There is no store, or the ledger is behind."),
    },
  },
  handle: async (context, request, reply) => {
    const { plan } = findView(context.runtime, pathParameter(request, "view"))
    const parameters = onlyParameters(parseQuery(request.raw.url ?? ""), ["wait_ms"])
    const range = { least: 0, most: LONGEST_WAIT_MS, absent: WAIT_MS }
    const waitMs = wholeNumber("wait_ms", parameters.get("wait_ms"), range)
    if (context.checks === null) throw storeUnavailable("this platform has none")
    const run = await context.checks.runs.ask(plan.name, waitMs)
    if (run.result !== null) return sendJson(reply, 200, describeVerification(run.result))
    if (run.state === "failed") throw run.error
    if (run.state === "stopped") throw checksStopped(plan.name)
    return sendJson(reply.header("location", `/v1/verifications/${run.id}`), 202, describeRun(run))
  },
}
