/** POST /v1/replays: sends dead letters, or late and failed rows, once more, corrected or as they were. */
import type { LetterToReplay, RowToReplay } from "../../../quality/quality.ts"
import { badParameter, malformedRequest, unknownParameter } from "../../errors.ts"
import { describeReplay } from "../describe-dead-letter.ts"
import { findEvent, findView } from "../find-status.ts"
import { qualityOf } from "../quality-of.ts"
import { type JsonObject, readJsonObject } from "../read-json.ts"
import { type DoorContext, problem, type Route } from "../route.ts"
import { sendJson } from "../send-json.ts"
import { suggest } from "../suggest.ts"

const VERDICTS = ["late", "failed"]
const FORMS =
  '{"dead_letters": [{"id", "value"?}]}, {"event", "all": true} or ' +
  '{"view", "verdict", "rows": [{"event", "partition", "offset", "value"?}]}'

export const postReplays: Route = {
  method: "POST",
  path: "/v1/replays",
  operation: {
    id: "replay",
    summary: "Send dead letters, or late and failed rows, through the door once more.",
    takes: "ReplayRequest",
    responses: {
      202: { description: "It was written down and goes on; ask for its id.", schema: "Replay" },
      400: problem("The body is none of the three forms, or a member is not valid."),
      404: problem("There is no such dead letter, event, view or row."),
      409: problem("A letter or row was replayed or discarded before."),
      413: problem("The body is too large."),
      429: problem("Too many bodies at a time; send again after Retry-After."),
      503: problem("Replays cannot be written now."),
    },
  },
  handle: async (context, request, reply) => {
    const quality = qualityOf(context)
    const body = await readJsonObject(context, request)
    if ("dead_letters" in body) {
      onlyMembers(body, ["dead_letters"])
      const letters = listOf(body, "dead_letters").map(letterOf)
      return sendJson(reply, 202, describeReplay(await quality.replayLetters(letters)))
    }
    if ("rows" in body) {
      onlyMembers(body, ["view", "verdict", "rows"])
      checkView(context, body)
      const rows = listOf(body, "rows").map((row, index) => rowOf(context, row, index))
      return sendJson(reply, 202, describeReplay(await quality.replayRows(rows)))
    }
    onlyMembers(body, ["event", "all"])
    if (typeof body["event"] !== "string" || body["all"] !== true) {
      throw malformedRequest(`the body names nothing to replay; it is one of ${FORMS}`)
    }
    const { contract } = findEvent(context.runtime, body["event"])
    return sendJson(reply, 202, describeReplay(await quality.replayAll(contract.name)))
  },
}

function listOf(body: JsonObject, name: string): readonly JsonObject[] {
  const list = body[name]
  if (Array.isArray(list) && list.every(isObject)) return list
  throw malformedRequest(`${name} is not a list of objects; the body is one of ${FORMS}`)
}

function letterOf(letter: JsonObject, index: number): LetterToReplay {
  onlyMembers(letter, ["id", "value"])
  const { id } = letter
  if (typeof id !== "string")
    throw badParameter(`dead_letters[${index}].id`, textOf(id), "the id of a dead letter")
  return { id, value: correctedRow(letter, `dead_letters[${index}]`) }
}

function rowOf(context: DoorContext, row: JsonObject, index: number): RowToReplay {
  onlyMembers(row, ["event", "partition", "offset", "value"])
  const { event, partition, offset } = row
  const { contract } = findEvent(context.runtime, String(event))
  if (!isCount(partition) || partition >= contract.partitions) {
    throw badParameter(`rows[${index}].partition`, textOf(partition), `0 to ${contract.partitions - 1}`)
  }
  if (!isCount(offset)) throw badParameter(`rows[${index}].offset`, textOf(offset), "an offset")
  return { event: contract.name, partition, offset, value: correctedRow(row, `rows[${index}]`) }
}

/** Whose rows they are decides nothing; a name that does not exist is a mistake all the same. */
function checkView(context: DoorContext, { view, verdict }: JsonObject): void {
  if (view !== undefined) findView(context.runtime, String(view))
  if (verdict === undefined || VERDICTS.includes(verdict as string)) return
  throw badParameter("verdict", textOf(verdict), VERDICTS.join(" or "))
}

function correctedRow(item: JsonObject, where: string): Uint8Array | null {
  const value = item["value"]
  if (value === undefined) return null
  if (!isObject(value)) throw badParameter(`${where}.value`, textOf(value), "an object: the corrected row")
  return Buffer.from(JSON.stringify(value))
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0
}

function textOf(value: unknown): string {
  return value === undefined ? "missing" : JSON.stringify(value).slice(0, 80)
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** @throws unknown-parameter: a misspelt "value" would send the row as it was */
function onlyMembers(body: JsonObject, valid: readonly string[]): void {
  const unknown = Object.keys(body).find((name) => !valid.includes(name))
  if (unknown !== undefined) throw unknownParameter(unknown, valid, suggest(unknown, valid))
}
