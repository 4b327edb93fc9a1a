/**
 * One batch of rows on its way: sent again after network failures, 429 and 5xx until it is answered or its
 * time is over. Says what became of each row; sends nothing back to callers itself.
 */
import { deadLettered, deliveryTimeout, outcomeUnknown, ProducerError } from "./errors.ts"
import type { ProblemAnswer } from "./problem-answer.ts"
import { readProblem } from "./problem-answer.ts"
import { retryDelayMs } from "./retry-delay.ts"
import type { Surroundings } from "./surroundings.ts"

/** Row by row: taken, refused, or unknown because the server's list of refusals was cut. */
export type RowOutcome =
  | { readonly kind: "taken"; readonly receipt: string }
  | { readonly kind: "refused"; readonly error: ProducerError }
  | { readonly kind: "unknown"; readonly error: ProducerError }

export type BatchOutcome =
  | { readonly kind: "answered"; readonly rows: readonly RowOutcome[] }
  /** More than the server takes at once: to be sent in halves. */
  | { readonly kind: "too-large"; readonly error: ProducerError }
  | { readonly kind: "failed"; readonly error: ProducerError }

export interface BatchRequest {
  readonly url: string
  readonly event: string
  /** NDJSON. */
  readonly body: string
  readonly count: number
  readonly requestTimeoutMs: number
  readonly deliveryTimeoutMs: number
  /** Given up at once when it fires; its reason is a ProducerError. */
  readonly signal: AbortSignal
}

interface Attempt {
  readonly outcome: BatchOutcome | null
  readonly retryAfterMs: number | null
  readonly cause: unknown
}

export async function sendBatch(request: BatchRequest, given: Surroundings): Promise<BatchOutcome> {
  const startMs = given.monotonicMs()
  for (let attempt = 1; ; attempt++) {
    const { outcome, retryAfterMs, cause } = await tryOnce(request, given)
    if (outcome !== null) return outcome
    const delayMs = retryDelayMs(attempt, retryAfterMs, given.random())
    const waitedMs = Math.round(given.monotonicMs() - startMs)
    if (request.signal.aborted) return { kind: "failed", error: request.signal.reason as ProducerError }
    if (waitedMs + delayMs > request.deliveryTimeoutMs) {
      return { kind: "failed", error: deliveryTimeout(request.event, waitedMs, cause) }
    }
    await pause(delayMs, request.signal, given)
    if (request.signal.aborted) return { kind: "failed", error: request.signal.reason as ProducerError }
  }
}

async function tryOnce(request: BatchRequest, given: Surroundings): Promise<Attempt> {
  const abort = new AbortController()
  const timer = given.after(request.requestTimeoutMs, () =>
    abort.abort(new Error(`no answer within ${request.requestTimeoutMs} ms`)),
  )
  const give = () => abort.abort(request.signal.reason)
  request.signal.addEventListener("abort", give)
  if (request.signal.aborted) give()
  try {
    const response = await given.request(`${request.url}/v1/events/${encodeURIComponent(request.event)}`, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body: request.body,
      signal: abort.signal,
    })
    if (response.status === 200) {
      const rows = rowOutcomes(await response.json(), request)
      return { outcome: { kind: "answered", rows }, retryAfterMs: null, cause: null }
    }
    return fromProblem(await readProblem(response, given.nowMs()), request)
  } catch (cause) {
    return { outcome: null, retryAfterMs: null, cause }
  } finally {
    timer.cancel()
    request.signal.removeEventListener("abort", give)
  }
}

function fromProblem(problem: ProblemAnswer, request: BatchRequest): Attempt {
  const { status, code, detail, retryAfterMs, body } = problem
  if (status === 422 && body !== null && Array.isArray(body["rejected"])) {
    return {
      outcome: { kind: "answered", rows: rowOutcomes(body, request) },
      retryAfterMs: null,
      cause: null,
    }
  }
  const retry = status === 429 || status === 408 || status >= 500
  const error = new ProducerError({
    code,
    domain: status >= 500 || status === 429 ? "external" : "user",
    retry,
    message: detail,
    details: { status },
  })
  if (retry) return { outcome: null, retryAfterMs, cause: error }
  const kind = status === 413 && request.count > 1 ? "too-large" : "failed"
  return { outcome: { kind, error }, retryAfterMs: null, cause: null }
}

interface IngestBody {
  readonly receipt: string | null
  readonly rejected: readonly {
    readonly index: number
    readonly field: string | null
    readonly code: string
    readonly message: string
  }[]
  readonly rejected_truncated?: boolean
  readonly dead_lettered?: number
  /** Kept by the server; the first hundred. */
  readonly dead_letters?: readonly (IngestBody["rejected"][number] & { readonly id: string })[]
}

/** @throws TypeError when the answer is not one of this platform, which counts as a failed attempt. */
function rowOutcomes(value: unknown, { count, event }: BatchRequest): RowOutcome[] {
  const body = value as IngestBody
  const { receipt, rejected, rejected_truncated: cut = false } = body
  const { dead_letters: kept = [], dead_lettered: keptCount = 0 } = body
  const taken: RowOutcome =
    receipt === null ? { kind: "unknown", error: outcomeUnknown(event) } : { kind: "taken", receipt }
  const rows: RowOutcome[] = Array.from({ length: count }, () => taken)
  for (const { index, field, code, message } of rejected) {
    const error = new ProducerError({ code, domain: "user", message, field, details: { event } })
    if (index < count) rows[index] = { kind: "refused", error }
  }
  for (const { index, field, code, message, id } of kept) {
    if (index < count)
      rows[index] = { kind: "refused", error: deadLettered({ event, id, field, code, message }) }
  }
  if (!cut && keptCount <= kept.length) return rows
  const named = Math.min(lastNamed(rejected, cut), lastNamed(kept, keptCount > kept.length))
  return rows.map((row, i) => (i > named ? { kind: "unknown", error: outcomeUnknown(event) } : row))
}

/** Behind it rows may be at fault that the answer does not name. */
function lastNamed(rows: readonly { readonly index: number }[], isCut: boolean): number {
  return isCut ? (rows.at(-1)?.index ?? -1) : Number.POSITIVE_INFINITY
}

function pause(delayMs: number, signal: AbortSignal, given: Surroundings): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      timer.cancel()
      signal.removeEventListener("abort", done)
      resolve()
    }
    const timer = given.after(delayMs, done)
    signal.addEventListener("abort", done)
  })
}
