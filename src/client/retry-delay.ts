/**
 * How long to wait before the next attempt: full jitter over a doubling bound, or what the server asks for.
 */

const FIRST_BOUND_MS = 100
/** A server that restarts is back within seconds; waiting longer would only lengthen the outage. */
const LARGEST_BOUND_MS = 10_000
/** Even the luckiest draw leaves the server a moment. */
const SHORTEST_MS = 20

/**
 * `attempt` from 1; `random` uniform in [0, 1). Retry-After is a lower bound, spread so that not all come at
 * once.
 */
export function retryDelayMs(attempt: number, retryAfterMs: number | null, random: number): number {
  const bound = Math.min(LARGEST_BOUND_MS, FIRST_BOUND_MS * 2 ** Math.min(attempt - 1, 20))
  const jitter = Math.max(SHORTEST_MS, Math.floor(random * bound))
  return retryAfterMs === null ? jitter : retryAfterMs + Math.min(jitter, FIRST_BOUND_MS)
}
