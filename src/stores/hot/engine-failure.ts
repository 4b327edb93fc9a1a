/** What ClickHouse says about a query that failed, as our errors. */
import { queryFailed, queryTimeout, queryTooLarge } from "./errors.ts"
import { engineText } from "./gate/engine-text.ts"
import { queryRefused } from "./gate/errors.ts"

/** Time limits, and what is certain to exceed one. */
const TIMEOUTS: ReadonlySet<number> = new Set([159, 160])
/** Memory, rows, bytes, sets, arrays. */
const SIZES: ReadonlySet<number> = new Set([128, 131, 158, 191, 241, 307, 396])
/** ACCESS_DENIED, READONLY, DATABASE_ACCESS_DENIED, QUERY_IS_PROHIBITED */
const NO_RIGHT: ReadonlySet<number> = new Set([497, 164, 291, 392])
/** Cancelled, and too many at once: the face says both in its own words. */
const PASSED_ON: ReadonlySet<number> = new Set([394, 202])
const MAX_REASON_CHARACTERS = 2_000

/** The failure itself when it is not ClickHouse's. */
export function engineFailure(error: unknown, timeoutMs: number): unknown {
  const said = engineText(error)
  if (said === null || PASSED_ON.has(said.code)) return error
  if (TIMEOUTS.has(said.code)) return queryTimeout(timeoutMs)
  const reason = said.text.slice(0, MAX_REASON_CHARACTERS)
  if (SIZES.has(said.code)) return queryTooLarge(reason)
  if (NO_RIGHT.has(said.code)) return withoutRight(reason)
  return queryFailed(`${reason} (${said.name})`, said.name, error)
}

/** The second wall: what the gate let through is still not within a reader's rights. */
function withoutRight(reason: string) {
  return queryRefused({
    construct: "the statement",
    reason: `needs rights that queries do not have (${reason})`,
    advice: "queries read the tables of events, views and lake",
  })
}
