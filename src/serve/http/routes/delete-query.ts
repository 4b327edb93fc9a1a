/** DELETE /v1/queries/:id: stops a running query in the engine; its caller hears query-cancelled. */
import { unknownQuery } from "../../errors.ts"
import { openQueries } from "../open-queries.ts"
import { pathParameter, problem, type Route } from "../route.ts"
import { sendJson } from "../send-json.ts"

export const deleteQuery: Route = {
  method: "DELETE",
  path: "/v1/queries/:id",
  operation: {
    id: "cancel_query",
    summary: "Stop a running query.",
    parameters: [
      {
        name: "id",
        in: "path",
        description: "The query's id: the one given with it, or of the header Millrace-Query-Id.",
        schema: { type: "string" },
      },
    ],
    responses: {
      200: { description: "The query was stopped.", schema: "QueryCancelled" },
      404: problem("No query of that id runs."),
      503: problem("There is no store, and why."),
    },
  },
  handle: (context, request, reply) => {
    const id = pathParameter(request, "id")
    if (!openQueries(context).cancel(id)) throw unknownQuery(id)
    return sendJson(reply, 200, { id, cancelled: true })
  },
}
