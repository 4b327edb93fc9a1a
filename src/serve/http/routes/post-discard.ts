/** POST /v1/dead-letters/:id/discard: puts a dead letter aside for good. It stays readable. */
import { describeLetter } from "../describe-dead-letter.ts"
import { qualityOf } from "../quality-of.ts"
import { pathParameter, problem, type Route } from "../route.ts"
import { sendJson } from "../send-json.ts"
import { LETTER_PARAMETER } from "./get-dead-letter.ts"

export const postDiscard: Route = {
  method: "POST",
  path: "/v1/dead-letters/:id/discard",
  operation: {
    id: "discard_dead_letter",
    summary: "Put a dead letter aside for good; it can still be read.",
    parameters: [LETTER_PARAMETER],
    responses: {
      200: { description: "The letter as it is now.", schema: "DeadLetter" },
      404: problem("There is no such dead letter."),
      409: problem("It was replayed or discarded before."),
      503: problem("Dead letters cannot be written now."),
    },
  },
  handle: async (context, request, reply) => {
    const letter = await qualityOf(context).discard(pathParameter(request, "id"))
    return sendJson(reply, 200, describeLetter(letter, { whole: true }))
  },
}
