/** Answers as JSON. int64 values outside of rows are counts well below 2^53 and go out as numbers. */
import type { FastifyReply } from "fastify"

export const JSON_TYPE = "application/json; charset=utf-8"

export function sendJson(reply: FastifyReply, status: number, value: unknown): FastifyReply {
  return sendJsonText(reply, status, JSON.stringify(value))
}

/** For answers whose rows were written as text already. */
export function sendJsonText(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).header("content-type", JSON_TYPE).send(text)
}
