/** POST /v1/query: ClickHouse SQL over what the store has, read only, answered as it comes. */
import { pipeline, Readable } from "node:stream"
import type { FastifyReply, FastifyRequest } from "fastify"
import { isPlatformError } from "../../../std/errors.ts"
import { openQueries } from "../open-queries.ts"
import { queryRequest, TYPE_BY_FORMAT } from "../query-request.ts"
import { readJsonObject } from "../read-json.ts"
import { type DoorContext, problem, type Route } from "../route.ts"

export const QUERY_ID_HEADER = "millrace-query-id"

export const postQuery: Route = {
  method: "POST",
  path: "/v1/query",
  operation: {
    id: "query",
    summary: "Ask the store: one SELECT in ClickHouse's SQL over events, views and lake.",
    takes: "QueryRequest",
    parameters: [
      {
        name: "Accept",
        in: "header",
        description:
          "The format where the body names none: JSON, NDJSON, CSV, Arrow stream, Parquet, ORC or Avro.",
        schema: { type: "string" },
      },
    ],
    responses: {
      200: { description: "The answer; header Millrace-Query-Id names the query.", schema: "QueryAnswer" },
      400: problem(
        "The SQL, a moment, a parameter or the body does not fit; `position` is the place in the SQL.",
      ),
      404: problem("There is no such table or snapshot; near names are suggested."),
      409: problem("The query was cancelled, or a query of that id runs already."),
      415: problem("The body is not JSON."),
      422: problem("The answer, or what it needs, is larger than the limits."),
      429: problem("Too many queries run."),
      503: problem("There is no store, and why."),
      504: problem("The query did not end within its time."),
    },
  },
  handle: answerQuery,
}

async function answerQuery(context: DoorContext, request: FastifyRequest, reply: FastifyReply) {
  const queries = openQueries(context)
  const asked = queryRequest(await readJsonObject(context, request), request.headers.accept)
  const gone = new AbortController()
  const leave = () => gone.abort()
  reply.raw.on("close", leave)
  const { queryId, body, reads } = await queries.run({ ...asked, signal: gone.signal })
  context.reads.noteQuery(reads)
  reply.hijack()
  reply.raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    "content-type": TYPE_BY_FORMAT[asked.format],
    [QUERY_ID_HEADER]: queryId,
  })
  // Slow readers slow the engine; a failure destroys the connection, so that no half answer looks whole.
  pipeline(Readable.from(body, { objectMode: false }), reply.raw, (error) => {
    if (error == null || gone.signal.aborted || isPlatformError(error)) return
    context.onFailure(error, `query ${queryId}`)
  })
  return reply
}
