/** GET /v1/store: whether the store answers, and how far behind each of its tables is. */
import type { Route } from "../route.ts"
import { sendJson } from "../send-json.ts"

export const getStore: Route = {
  method: "GET",
  path: "/v1/store",
  operation: {
    id: "getStore",
    summary: "Whether the store answers, why not, and how far behind its tables are.",
    responses: { 200: { description: "Its state.", schema: "Store" } },
  },
  handle: ({ store }, _request, reply) => {
    if (store === null) {
      const reason = "the project goes without a store"
      return sendJson(reply, 200, { state: "off", reason, version: null, crashes: 0, tables: [] })
    }
    const { state, reason, version, crashes, tables } = store.status()
    return sendJson(reply, 200, {
      ...{ state, reason, version, crashes },
      tables: tables.map((table) => ({
        table: table.table,
        state: table.state,
        reason: table.reason,
        lag: { rows: table.lagRows, ms: table.lagMs },
        written_rows: table.writtenRows,
      })),
    })
  },
}
