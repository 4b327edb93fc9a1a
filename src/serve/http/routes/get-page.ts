/**
 * GET / and its files: the page. Files under /assets/ carry a hash in their names and may be kept for ever.
 */
import type { FastifyReply, FastifyRequest } from "fastify"
import type { DoorContext, Operation, Route } from "../route.ts"
import { problem } from "../route.ts"
import { unbuiltPage } from "../unbuilt-page.ts"
import { unmatched } from "../unmatched.ts"

/** The page loads nothing from elsewhere and nobody frames it; uPlot and React set styles through the DOM. */
const POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; connect-src 'self'; " +
  "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

const OPERATION: Omit<Operation, "id"> = {
  summary: "The page, and the files it needs.",
  responses: {
    200: { description: "A file.", schema: null, type: "text/html" },
    304: { description: "The file is the one that the browser has.", schema: null },
    404: problem("There is no such file."),
  },
}

export const getPage: Route = {
  method: "GET",
  path: "/",
  operation: {
    ...OPERATION,
    id: "page",
    responses: { 200: OPERATION.responses[200]!, 304: OPERATION.responses[304]! },
  },
  handle: (context, request, reply) => sendFile(context, request, reply, "/index.html"),
}

export const getPageFile: Route = {
  method: "GET",
  path: "/*",
  operation: {
    ...OPERATION,
    id: "page_file",
    parameters: [{ name: "path", in: "path", description: "Path of the file.", schema: { type: "string" } }],
  },
  handle: (context, request, reply) =>
    sendFile(context, request, reply, `/${(request.params as { "*": string })["*"]}`),
}

function sendFile({ page, routes }: DoorContext, request: FastifyRequest, reply: FastifyReply, path: string) {
  if (page === null && path === "/index.html") {
    reply.header("content-security-policy", POLICY).header("content-type", "text/html; charset=utf-8")
    return reply.code(200).send(unbuiltPage())
  }
  const file = page?.get(path)
  if (file === undefined) throw unmatched(routes, request.method, path)
  reply.header("content-security-policy", POLICY)
  reply.header(
    "cache-control",
    path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
  )
  reply.header("etag", file.etag)
  if (matches(request.headers["if-none-match"], file.etag)) return reply.code(304).send()
  return reply.code(200).header("content-type", file.contentType).send(file.bytes)
}

function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === etag)
}
