/** What an answer other than 200 says: an RFC 9457 problem, or whatever a proxy in between has written. */

export interface ProblemAnswer {
  readonly status: number
  readonly code: string
  readonly detail: string
  /** From Retry-After; null when it is not there. */
  readonly retryAfterMs: number | null
  /** The whole body; null when it is no JSON object. */
  readonly body: Readonly<Record<string, unknown>> | null
}

export async function readProblem(response: Response, nowMs: number): Promise<ProblemAnswer> {
  const body = parseObject(await response.text())
  const { code, detail } = body ?? {}
  return {
    status: response.status,
    code: typeof code === "string" ? code : `http-${response.status}`,
    detail: typeof detail === "string" ? detail : `the answer was HTTP ${response.status}`,
    retryAfterMs: parseRetryAfter(response.headers.get("retry-after"), nowMs),
    body,
  }
}

/** Seconds or an HTTP date. */
export function parseRetryAfter(header: string | null, nowMs: number): number | null {
  if (header === null) return null
  if (/^\s*\d{1,9}\s*$/.test(header)) return Number(header) * 1_000
  const at = Date.parse(header)
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs)
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    // Not JSON: the status alone speaks.
    return null
  }
}
