/** Rows from a request's body to its answer; both POST routes end here. */
import type { FastifyReply, FastifyRequest } from "fastify"
import type { IngestAnswer } from "../../runners/runtime.ts"
import { isPlatformError } from "../../std/errors.ts"
import { notReady, unknownEvent } from "../errors.ts"
import { framingOf, isGzip } from "./media-type.ts"
import { PROBLEM_TYPE, problemFields } from "./problem.ts"
import { readBody } from "./read-body.ts"
import type { DoorContext } from "./route.ts"
import { problem } from "./route.ts"
import { sendJsonText } from "./send-json.ts"
import { suggest } from "./suggest.ts"

export const INGEST_RESPONSES = {
  200: { description: "At least one row is durable, now or from an earlier post.", schema: "IngestAnswer" },
  400: problem("The body is not JSON or not gzip, or the request is malformed. Nothing was taken."),
  404: problem("There is no such event. Nothing was taken."),
  413: problem("The body is larger than 16 MiB, as sent or decompressed. Nothing was taken."),
  415: problem("Content-Type, charset or Content-Encoding is not one that is understood. Nothing was taken."),
  422: { description: "No row was taken; the rows' reasons are given.", schema: "IngestProblem" },
  429: problem("Too much at a time; send again after Retry-After. Nothing was taken."),
  503: problem("The log cannot take rows, or is not ready yet. Nothing was acknowledged."),
} as const

export async function ingest(
  context: DoorContext,
  request: FastifyRequest,
  reply: FastifyReply,
  event: string | null,
): Promise<FastifyReply> {
  const { runtime } = context
  const framing = framingOf(request.headers)
  const gzip = isGzip(request.headers)
  const { ready, reason } = runtime.ready()
  if (!ready) throw notReady(reason ?? "it is starting")
  using lease = context.bodies.lease()
  const { bytes: body, isOwn: isBodyGiven } = await readBody(request.raw, lease, { gzip })
  context.metrics.countBody(body.length)
  const answer = await runtime.ingest({ event, body, framing, isBodyGiven }).catch((error: unknown) => {
    throw withSuggestions(context, error, event)
  })
  return sendIngestAnswer(reply, answer)
}

function withSuggestions(context: DoorContext, error: unknown, event: string | null): unknown {
  if (event === null || !isPlatformError(error, "unknown-event")) return error
  const names = context.runtime.events().map((status) => status.contract.name)
  return unknownEvent(event, suggest(event, names))
}

/** 200 when a row is in the log by this post or by an earlier one, or is kept as a dead letter, so that a
 *  post that is sent again gets the same status; 422 otherwise. */
function sendIngestAnswer(reply: FastifyReply, answer: IngestAnswer): FastifyReply {
  const taken = answer.accepted + answer.duplicates + answer.deadLetteredCount > 0
  const text = JSON.stringify({
    ...(taken ? {} : refusal(answer)),
    received: answer.received,
    accepted: answer.accepted,
    duplicates: answer.duplicates,
    rejected: answer.rejected,
    rejected_count: answer.rejectedCount,
    rejected_truncated: answer.rejectedCount > answer.rejected.length,
    dead_lettered: answer.deadLetteredCount,
    dead_letters: answer.deadLettered,
    receipt: answer.receipt,
  })
  if (taken) return sendJsonText(reply, 200, text)
  return reply.code(422).header("content-type", PROBLEM_TYPE).send(text)
}

function refusal({ received, rejected }: IngestAnswer) {
  if (received === 0) return problemFields("no-rows", 422, "the body holds no rows")
  const first = rejected[0]
  const why = first === undefined ? "" : `; row ${first.index}: ${first.message}`
  const detail = `none of the ${received} rows could be taken${why}`
  return problemFields("all-rows-rejected", 422, detail)
}
