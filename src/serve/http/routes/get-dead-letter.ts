/** GET /v1/dead-letters/:id: one row that did not fit, with every byte of it. */
import { unknownLetter } from "../../../quality/errors.ts"
import { describeLetter } from "../describe-dead-letter.ts"
import { qualityOf } from "../quality-of.ts"
import { type Parameter, pathParameter, problem, type Route } from "../route.ts"
import { sendJson } from "../send-json.ts"

export const LETTER_PARAMETER: Parameter = {
  name: "id",
  in: "path",
  description: "Id of a dead letter.",
  schema: { type: "string" },
}

export const getDeadLetter: Route = {
  method: "GET",
  path: "/v1/dead-letters/:id",
  operation: {
    id: "describe_dead_letter",
    summary: "One dead letter, with its bytes.",
    parameters: [LETTER_PARAMETER],
    responses: {
      200: { description: "The letter, its reason, its state.", schema: "DeadLetter" },
      404: problem("There is no such dead letter."),
      503: problem("Dead letters cannot be read now."),
    },
  },
  handle: async (context, request, reply) => {
    const id = pathParameter(request, "id")
    const letter = await qualityOf(context).letters.letter(id)
    if (letter === null) throw unknownLetter(id)
    return sendJson(reply, 200, describeLetter(letter, { whole: true }))
  },
}
