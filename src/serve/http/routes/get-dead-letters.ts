/** GET /v1/dead-letters: rows that did not fit and were kept, newest first. */
import type { LetterState } from "../../../quality/dead-letters/dead-letter-shelf.ts"
import { badParameter } from "../../errors.ts"
import { describeCounts, describeLetter } from "../describe-dead-letter.ts"
import { findEvent } from "../find-status.ts"
import { qualityOf } from "../quality-of.ts"
import { onlyParameters, parseQuery, wholeNumber } from "../query.ts"
import { problem, type Route } from "../route.ts"
import { sendJson } from "../send-json.ts"

const STATES: readonly LetterState[] = ["open", "replayed", "discarded"]
export const LIMIT = { least: 1, most: 1_000, absent: 100 } as const
export const LIMIT_SCHEMA = {
  type: "integer",
  minimum: LIMIT.least,
  maximum: LIMIT.most,
  default: LIMIT.absent,
}

export const getDeadLetters: Route = {
  method: "GET",
  path: "/v1/dead-letters",
  operation: {
    id: "list_dead_letters",
    summary: "Rows that did not fit their contract and were kept, newest first.",
    parameters: [
      { name: "event", in: "query", description: "Only those of one event.", schema: { type: "string" } },
      { name: "state", in: "query", description: "Only those in one state.", schema: { enum: STATES } },
      { name: "limit", in: "query", description: "Letters of a page.", schema: LIMIT_SCHEMA },
      { name: "cursor", in: "query", description: "From the page before.", schema: { type: "string" } },
    ],
    responses: {
      200: {
        description: "A page of dead letters, and how many there are by state.",
        schema: "DeadLetterList",
      },
      400: problem("A parameter or the cursor is not valid."),
      404: problem("There is no such event."),
      503: problem("Dead letters cannot be read now."),
    },
  },
  handle: async (context, request, reply) => {
    const quality = qualityOf(context)
    const given = onlyParameters(parseQuery(request.raw.url ?? ""), ["event", "state", "limit", "cursor"])
    const event = given.get("event") ?? null
    const total = event === null ? null : findEvent(context.runtime, event).deadLettered
    const page = await quality.letters.page({
      event,
      state: stateOf(given.get("state")),
      limit: wholeNumber("limit", given.get("limit"), LIMIT),
      cursor: given.get("cursor") ?? null,
    })
    const counts = await quality.letters.counts(event, total)
    return sendJson(reply, 200, {
      dead_letters: page.letters.map((letter) => describeLetter(letter, { whole: false })),
      counts: describeCounts(counts),
      cursor: page.cursor,
    })
  },
}

function stateOf(text: string | undefined): LetterState | null {
  if (text === undefined) return null
  const state = STATES.find((known) => known === text)
  if (state === undefined) throw badParameter("state", text, STATES.join(", "))
  return state
}
