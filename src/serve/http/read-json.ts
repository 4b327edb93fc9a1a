/** A request's body as one JSON object, for routes that are asked to do something. */
import type { FastifyRequest } from "fastify"
import { parseExactJson } from "../../std/exact-json.ts"
import { objectWanted } from "../errors.ts"
import { isGzip, requireJson } from "./media-type.ts"
import { readBody } from "./read-body.ts"
import type { DoorContext } from "./route.ts"

export type JsonObject = Readonly<Record<string, unknown>>

/** @throws unsupported-media-type, unsupported-encoding, body-not-json, body-too-large, overloaded */
export async function readJsonObject(context: DoorContext, request: FastifyRequest): Promise<JsonObject> {
  requireJson(request.headers)
  using lease = context.bodies.lease()
  const { bytes } = await readBody(request.raw, lease, { gzip: isGzip(request.headers) })
  const value = parse(bytes)
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject
  throw objectWanted("it is no object")
}

function parse(bytes: Uint8Array): unknown {
  try {
    return parseExactJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes))
  } catch (cause) {
    throw objectWanted(cause instanceof Error ? cause.message : String(cause), cause)
  }
}
