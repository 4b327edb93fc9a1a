/** Failures of the HTTP door; each factory is one code. Statuses are in http/problem.ts. */
import { PlatformError } from "../std/errors.ts"
import { HEADERS_TIMEOUT_MS, MAX_HEADER_BYTES, REQUEST_TIMEOUT_MS } from "./limits.ts"

type Details = Readonly<Record<string, unknown>>

function user(code: string, message: string, details: Details = {}): PlatformError {
  return new PlatformError({ code, domain: "user", message, details })
}

export function bindRefused(host: string): PlatformError {
  return user(
    "bind-refused",
    `the address "${host}" would open the server to other machines, and there is no ` +
      "authentication yet; use 127.0.0.1, localhost or ::1",
    { host },
  )
}

export function portTaken(host: string, port: number, cause: unknown): PlatformError {
  return new PlatformError({
    code: "port-taken",
    domain: "external",
    message: `port ${port} of ${host} is taken by another program; stop it or choose another with --port`,
    retry: true,
    details: { host, port },
    cause,
  })
}

export function portRefused(host: string, port: number, cause: unknown): PlatformError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new PlatformError({
    code: "port-refused",
    domain: "external",
    message: `listening on ${host} port ${port} is not permitted: ${reason}; choose another port`,
    details: { host, port },
    cause,
  })
}

export function noBackups(): PlatformError {
  return new PlatformError({
    code: "no-backups",
    domain: "external",
    message: "this platform takes no backups: its data is not on a disk of its own",
  })
}

/** Where no store was started; one that is down says so itself, under the same code. */
export function noStore(): PlatformError {
  return new PlatformError({
    code: "store-unavailable",
    domain: "external",
    message:
      "this platform runs without a store, so there is nothing to query; views are read at " +
      "/v1/views/:view/rows",
  })
}

export function unknownQuery(id: string): PlatformError {
  return user(
    "unknown-query",
    `no query with the id "${id}" is running; GET /v1/queries lists those that are`,
  )
}

export function noLake(): PlatformError {
  return new PlatformError({
    code: "no-lake",
    domain: "external",
    message: "this project has no lake: take `lake: false` out of millrace.config.ts and start again",
  })
}

export function hostRefused(host: string | undefined): PlatformError {
  return user(
    "host-refused",
    `the Host header is ${host === undefined ? "missing" : `"${host}"`}; this server answers only ` +
      "under the names of this machine: localhost, 127.0.0.1, [::1]",
  )
}

export function originRefused(origin: string): PlatformError {
  return user(
    "origin-refused",
    `a page of "${origin}" may not call this server; only its own pages may until there is authentication`,
  )
}

export function malformedRequest(detail: string): PlatformError {
  return user("malformed-request", detail)
}

export function headersTooLarge(): PlatformError {
  return user("headers-too-large", `the request's headers are larger than ${MAX_HEADER_BYTES} bytes together`)
}

export function requestTimeout(): PlatformError {
  return user(
    "request-timeout",
    `the request did not arrive in time: its headers within ${HEADERS_TIMEOUT_MS} ms, all of it within ` +
      `${REQUEST_TIMEOUT_MS} ms`,
  )
}

export function malformedQuery(detail: string): PlatformError {
  return user("malformed-query", detail)
}

export function routeNotFound(path: string): PlatformError {
  return user("not-found", `there is nothing at ${path}; GET /openapi.json lists what there is`)
}

export function methodNotAllowed(method: string, path: string, allow: readonly string[]): PlatformError {
  return user("method-not-allowed", `${path} does not take ${method}; use ${allow.join(" or ")}`, { allow })
}

const ROWS = "application/json (one object or an array) or application/x-ndjson (one object a line)"

/** @param wanted what the route takes */
export function unsupportedMediaType(given: string | undefined, wanted = ROWS): PlatformError {
  const what = given === undefined ? "there is no Content-Type" : `the Content-Type is "${given}"`
  return user("unsupported-media-type", `${what}; send ${wanted}, in UTF-8`)
}

export function objectWanted(why: string, cause?: unknown): PlatformError {
  return new PlatformError({
    code: "body-not-json",
    domain: "user",
    message: `the body is not a JSON object: ${why}; nothing was done`,
    cause,
  })
}

export function unsupportedEncoding(given: string): PlatformError {
  return user("unsupported-encoding", `the Content-Encoding is "${given}"; send gzip, or no compression`)
}

export function bodyTooLarge(limitBytes: number, state: "received" | "decompressed"): PlatformError {
  return user(
    "body-too-large",
    `the body is larger than ${limitBytes} bytes${state === "decompressed" ? " when decompressed" : ""}; ` +
      "send the rows in several posts",
    { limitBytes },
  )
}

export function bodyNotGzip(cause: unknown): PlatformError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new PlatformError({
    code: "body-not-gzip",
    domain: "user",
    message: `the Content-Encoding is gzip, but the body is not (${reason}); nothing was taken`,
    cause,
  })
}

export function bodyAborted(): PlatformError {
  return user("body-aborted", "the connection ended in the middle of the body; nothing was taken")
}

export function tooManyBodies(limitBytes: number): PlatformError {
  return new PlatformError({
    code: "overloaded",
    domain: "external",
    message: `more than ${limitBytes} bytes of request bodies are in work; send again later`,
    retry: true,
    details: { retryAfterMs: 1_000 },
  })
}

export function tooManyStreams(limit: number): PlatformError {
  return new PlatformError({
    code: "too-many-streams",
    domain: "external",
    message: `${limit} event streams are open, which is the limit; close one or try again later`,
    retry: true,
    details: { retryAfterMs: 5_000 },
  })
}

export function notReady(reason: string): PlatformError {
  return new PlatformError({
    code: "not-ready",
    domain: "external",
    message: `the platform does not take requests yet: ${reason}`,
    retry: true,
    details: { reason, retryAfterMs: 1_000 },
  })
}

export function unknownEvent(name: string, suggestions: readonly string[]): PlatformError {
  return user("unknown-event", `there is no event "${name}"${didYouMean(suggestions)}`, { suggestions })
}

export function unknownView(name: string, suggestions: readonly string[]): PlatformError {
  return user("unknown-view", `there is no view "${name}"${didYouMean(suggestions)}`, { suggestions })
}

export function unknownColumn(name: string, valid: readonly string[], suggestions: readonly string[]) {
  return user(
    "unknown-column",
    `the view has no column "${name}"${didYouMean(suggestions)}; its columns are ${valid.join(", ")}`,
    { parameter: name, suggestions, valid },
  )
}

export function unknownComparison(name: string, valid: readonly string[], suggestions: readonly string[]) {
  return user(
    "unknown-comparison",
    `there is no comparison "${name}"${didYouMean(suggestions)}; there are ${valid.join(", ")}`,
    { parameter: name, suggestions, valid },
  )
}

export function unknownParameter(name: string, valid: readonly string[], suggestions: readonly string[]) {
  return user(
    "unknown-parameter",
    `there is no parameter "${name}"${didYouMean(suggestions)}; there are ${valid.join(", ")}`,
    { parameter: name, suggestions, valid },
  )
}

export function badParameter(name: string, value: string, expected: string): PlatformError {
  return user("bad-parameter", `${name} is "${value}"; it must be ${expected}`, { parameter: name })
}

export function receiptNotProcessed(view: string, waitedMs: number): PlatformError {
  return new PlatformError({
    code: "receipt-not-processed",
    domain: "external",
    message: `"${view}" has not processed the event within ${waitedMs} ms; ask again, or read without after=`,
    retry: true,
    details: {
      receipt: { processed: false, verdicts: null, failures: null, forgotten: null },
      retryAfterMs: 1_000,
    },
  })
}

function didYouMean(suggestions: readonly string[]): string {
  return suggestions.length === 0 ? "" : `; did you mean ${suggestions.map((s) => `"${s}"`).join(" or ")}?`
}
