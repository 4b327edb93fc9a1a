/**
 * Requests to the platform the page came from. A failure is always an ApiFailure with words that can be
 * shown.
 */

/** A platform that does not answer for this long is shown as lost. */
export const TIMEOUT_MS = 8_000

export class ApiFailure extends Error {
  /** Null when the platform did not answer at all. */
  readonly status: number | null
  readonly code: string | null
  /** All members of the problem: some codes bring more than words. */
  readonly fields: Readonly<Record<string, unknown>>

  constructor(
    message: string,
    status: number | null,
    code: string | null,
    fields: Readonly<Record<string, unknown>> = {},
  ) {
    super(message)
    this.name = "ApiFailure"
    this.status = status
    this.code = code
    this.fields = fields
  }
}

export function wordsOf(error: unknown): string {
  return error instanceof ApiFailure ? error.message : String(error)
}

export async function get<T>(path: string, timeoutMs = TIMEOUT_MS): Promise<T> {
  const response = await request(path, timeoutMs)
  if (!response.ok) throw problem(response, await bodyOf(response))
  return (await response.json()) as T
}

/** Sends JSON and reads JSON; an answer without a body is null. */
export async function send<T>(method: "POST" | "DELETE", path: string, sent: Sent = {}): Promise<T> {
  const response = await request(path, sent.timeoutMs ?? TIMEOUT_MS, bodyInit(method, sent))
  if (!response.ok) throw problem(response, await bodyOf(response))
  return (await bodyOf(response)) as T
}

export interface Sent {
  /** A string is JSON already: a way to send digits as they were written. */
  readonly body?: object | string
  readonly timeoutMs?: number
  readonly accept?: string
}

export function bodyInit(method: string, { body, accept }: Sent): RequestInit {
  const text = typeof body === "string" ? body : JSON.stringify(body)
  const headers = {
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...(accept === undefined ? {} : { accept }),
  }
  return { method, headers, ...(body === undefined ? {} : { body: text }) }
}

export async function request(path: string, timeoutMs: number, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(path, { ...init, signal: AbortSignal.timeout(timeoutMs), cache: "no-store" })
  } catch (cause) {
    const late = cause instanceof DOMException && cause.name === "TimeoutError"
    const why = late ? `no answer within ${timeoutMs / 1000} s` : "the platform cannot be reached"
    throw new ApiFailure(why, null, null)
  }
}

/** RFC 9457: `detail` explains this case, `title` the kind of problem. */
export function problem(response: Response, body: unknown): ApiFailure {
  const fields = isRecord(body) ? body : {}
  const words = textOf(fields["detail"]) ?? textOf(fields["title"]) ?? `HTTP ${response.status}`
  const retryAfter = response.headers.get("retry-after")
  const message = retryAfter === null ? words : `${words} (try again in ${retryAfter} s)`
  return new ApiFailure(message, response.status, textOf(fields["code"]), fields)
}

export async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text()
  try {
    return JSON.parse(text)
  } catch {
    // Plain text, such as "ok": there are no fields to read from it.
    return null
  }
}

export function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
