/** POST /v1/backups: a consistent copy of everything, taken while the platform goes on. */
import { badParameter, noBackups } from "../../errors.ts"
import { instantOfMs } from "../../instant-text.ts"
import { type JsonObject, readJsonObject } from "../read-json.ts"
import { problem, type Route } from "../route.ts"
import { sendJson } from "../send-json.ts"

const MOST_KEPT = 10_000

export const postBackup: Route = {
  method: "POST",
  path: "/v1/backups",
  operation: {
    id: "take_backup",
    summary: "Copy everything as of now into a folder; answers when the copy is durable.",
    takes: "BackupRequest",
    responses: {
      201: { description: "The backup is taken.", schema: "BackupAnswer" },
      400: problem("The folder cannot take it, or the body does not fit."),
      409: problem("Another backup is being taken."),
      415: problem("The body is not JSON."),
      503: problem("The log or the disk fails, or this platform has no backups."),
    },
  },
  handle: async (context, request, reply) => {
    const { backups } = context
    if (backups === null) throw noBackups()
    const body = await readJsonObject(context, request)
    const answer = await backups.take(folderOf(body), { keep: keepOf(body) })
    return sendJson(reply, 201, {
      id: answer.id,
      taken_at: instantOfMs(answer.takenAtMs),
      duration_ms: answer.durationMs,
      files: answer.files,
      bytes: answer.bytes,
      new_bytes: answer.newBytes,
      removed: answer.removed,
    })
  },
}

function folderOf({ to }: JsonObject): string {
  if (typeof to === "string" && to !== "" && !to.includes("\0")) return to
  throw badParameter("to", String(to), "the absolute path of a folder")
}

function keepOf({ keep }: JsonObject): number | null {
  if (keep === undefined || keep === null) return null
  if (Number.isInteger(keep) && (keep as number) >= 1 && (keep as number) <= MOST_KEPT) return keep as number
  throw badParameter("keep", String(keep), `a whole number from 1 to ${MOST_KEPT}`)
}
