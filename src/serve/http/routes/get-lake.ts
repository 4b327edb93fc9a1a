/** GET /v1/lake: the tables of the lake, their snapshots, and how far the archiver is. */
import { noLake } from "../../errors.ts"
import { instantOfMs } from "../../instant-text.ts"
import { problem, type Route } from "../route.ts"
import { sendJson } from "../send-json.ts"

export const getLake: Route = {
  method: "GET",
  path: "/v1/lake",
  operation: {
    id: "lake",
    summary: "Tables of the lake, their snapshots, and what the log has that the lake does not yet.",
    responses: {
      200: { description: "The lake.", schema: "Lake" },
      503: problem("The project has no lake."),
    },
  },
  handle: ({ lake }, _request, reply) => {
    if (lake === null) throw noLake()
    const status = lake.status()
    return sendJson(reply, 200, {
      archived_rows: status.archivedRows,
      archived_bytes: status.archivedBytes,
      waiting_records: status.waitingRecords,
      last_commit_at: status.lastCommitMs === null ? null : instantOfMs(status.lastCommitMs),
      last_error:
        status.lastError === null
          ? null
          : {
              code: status.lastError.code,
              message: status.lastError.message,
              at: instantOfMs(status.lastError.atMs),
            },
      tables: status.tables.map(({ event, location, rows, files, bytes, snapshots, archived, columns }) => ({
        event,
        location,
        rows,
        files,
        bytes,
        columns,
        archived,
        snapshots: snapshots.map(({ id, atMs, operation }) => ({ id, at: instantOfMs(atMs), operation })),
      })),
    })
  },
}
