/** GET /v1/views/:view/late and /failed: rows of the view's events that are not in it, with the reason. */
import type { ExcludedVerdict } from "../../../ports/verdict-ledger.ts"
import { describeLeftOut } from "../describe-dead-letter.ts"
import { findView } from "../find-status.ts"
import { qualityOf } from "../quality-of.ts"
import { onlyParameters, parseQuery, wholeNumber } from "../query.ts"
import { pathParameter, problem, type Route, VIEW_PARAMETER } from "../route.ts"
import { sendJson } from "../send-json.ts"
import { LIMIT, LIMIT_SCHEMA } from "./get-dead-letters.ts"

export const getViewLate: Route = leftOut(
  "late",
  "Rows that came after all their windows were gone, newest first.",
)
export const getViewFailed: Route = leftOut(
  "failed",
  "Rows whose expressions could not be evaluated, newest first.",
)

function leftOut(verdict: ExcludedVerdict, summary: string): Route {
  return {
    method: "GET",
    path: `/v1/views/:view/${verdict}`,
    operation: {
      id: `list_${verdict}_rows`,
      summary,
      parameters: [
        VIEW_PARAMETER,
        { name: "limit", in: "query", description: "Rows of a page.", schema: LIMIT_SCHEMA },
        { name: "cursor", in: "query", description: "From the page before.", schema: { type: "string" } },
      ],
      responses: {
        200: { description: "A page of rows.", schema: "LeftOutRows" },
        400: problem("A parameter or the cursor is not valid."),
        404: problem("There is no such view; near names are suggested."),
        503: problem("The ledger cannot be read now."),
      },
    },
    handle: async (context, request, reply) => {
      const { plan, epoch } = findView(context.runtime, pathParameter(request, "view"))
      const given = onlyParameters(parseQuery(request.raw.url ?? ""), ["limit", "cursor"])
      const page = {
        view: plan.name,
        verdict,
        limit: wholeNumber("limit", given.get("limit"), LIMIT),
        order: "newest" as const,
        cursor: given.get("cursor") ?? null,
      }
      const { rows, cursor } = await qualityOf(context).leftOut(page, epoch)
      return sendJson(reply, 200, { rows: rows.map(describeLeftOut), cursor })
    },
  }
}
