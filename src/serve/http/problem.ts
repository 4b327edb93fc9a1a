/**
 * Every failure as an RFC 9457 problem: {type, title, status, detail, code, instance, ...}, keys in
 * snake_case. A failure that is not a PlatformError is a bug of ours: the caller learns that it happened and
 * nothing else.
 */
import type { ErrorDomain } from "../../std/errors.ts"
import { isPlatformError, PlatformError } from "../../std/errors.ts"

export const PROBLEM_TYPE = "application/problem+json; charset=utf-8"

const STATUS_BY_CODE: ReadonlyMap<string, number> = new Map([
  ["body-not-json", 400],
  ["body-not-gzip", 400],
  ["body-aborted", 400],
  ["malformed-request", 400],
  ["malformed-query", 400],
  ["unknown-column", 400],
  ["unknown-comparison", 400],
  ["unknown-parameter", 400],
  ["bad-parameter", 400],
  ["cursor-invalid", 400],
  ["receipt-invalid", 400],
  ["query-refused", 403],
  ["host-refused", 403],
  ["origin-refused", 403],
  ["not-found", 404],
  ["unknown-event", 404],
  ["unknown-view", 404],
  ["unknown-dead-letter", 404],
  ["unknown-replay", 404],
  ["row-gone", 404],
  ["unknown-record", 404],
  ["unknown-verification", 404],
  ["unknown-backup", 404],
  ["unknown-table", 404],
  ["unknown-lake-table", 404],
  ["unknown-snapshot", 404],
  ["unknown-query", 404],
  ["method-not-allowed", 405],
  ["request-timeout", 408],
  ["backup-under-way", 409],
  ["dead-letter-closed", 409],
  ["query-cancelled", 409],
  ["query-id-taken", 409],
  ["cursor-expired", 410],
  ["body-too-large", 413],
  ["unsupported-media-type", 415],
  ["unsupported-encoding", 415],
  ["all-rows-rejected", 422],
  ["no-rows", 422],
  ["query-too-large", 422],
  ["overloaded", 429],
  ["too-many-queries", 429],
  ["headers-too-large", 431],
  ["internal-error", 500],
  ["epoch-failed", 503],
  ["log-failed", 503],
  ["ledger-stopped", 503],
  ["not-ready", 503],
  ["store-unavailable", 503],
  ["too-many-streams", 503],
  ["query-timeout", 504],
  ["receipt-not-processed", 504],
])

const STATUS_BY_DOMAIN: Readonly<Record<ErrorDomain, number>> = { user: 400, external: 503, internal: 500 }

export interface Problem {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Fields in the order in which they are written. */
  readonly body: Readonly<Record<string, unknown>>
}

export function problemOf(error: unknown, instance: string | null): Problem {
  const failure = isPlatformError(error) ? error : internalError(error)
  const status = STATUS_BY_CODE.get(failure.code) ?? STATUS_BY_DOMAIN[failure.domain]
  const headers: Record<string, string> = {}
  const { allow, retryAfterMs, ...details } = failure.details
  if (Array.isArray(allow)) headers["allow"] = allow.join(", ")
  if (failure.code === "unsupported-encoding") headers["accept-encoding"] = "gzip"
  if (typeof retryAfterMs === "number") headers["retry-after"] = retryAfterSeconds(retryAfterMs)
  const body = {
    ...problemFields(failure.code, status, failure.message),
    ...(instance === null ? {} : { instance }),
    ...(typeof retryAfterMs === "number" ? { retry_after_ms: retryAfterMs } : {}),
    ...snakeKeys(details),
  }
  return { status, headers, body }
}

/** The members that every problem has. */
export function problemFields(code: string, status: number, detail: string) {
  return { type: `urn:millrace:error:${code}`, title: titleOf(code), status, detail, code }
}

export function problemText(problem: Problem): string {
  return JSON.stringify(problem.body, (_key, value) => (typeof value === "bigint" ? `${value}` : value))
}

/** Whole seconds, never 0, which clients take for "at once". */
export function retryAfterSeconds(ms: number): string {
  return String(Math.max(1, Math.ceil(ms / 1_000)))
}

function titleOf(code: string): string {
  const words = code.replaceAll("-", " ")
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function internalError(cause: unknown): PlatformError {
  return new PlatformError({
    code: "internal-error",
    domain: "internal",
    message: "the server failed; the reason is in its own output",
    cause,
  })
}

const RESERVED = new Set(["type", "title", "status", "detail", "code", "instance"])

function snakeKeys(details: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(details).map(([key, value]) => [snakeCase(key), value] as const)
  return Object.fromEntries(entries.filter(([key]) => !RESERVED.has(key)))
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
