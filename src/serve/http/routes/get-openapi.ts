/** GET /openapi.json: this interface, with the contracts' schemas. */
import { openapiDocument } from "../openapi.ts"
import type { Route } from "../route.ts"
import { sendJson } from "../send-json.ts"

export const getOpenapi: Route = {
  method: "GET",
  path: "/openapi.json",
  operation: {
    id: "openapi",
    summary: "This interface as OpenAPI 3.1.",
    responses: { 200: { description: "The document.", schema: "Document" } },
  },
  handle: ({ routes, runtime, version }, _request, reply) => {
    const contracts = runtime.events().map((status) => status.contract)
    return sendJson(reply, 200, openapiDocument({ routes, contracts, version }))
  },
}
