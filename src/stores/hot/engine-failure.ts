/** What ClickHouse says about a query that failed, as our errors. */
import { isPlatformError } from "../../std/errors.ts"
import { queryFailed, queryTimeout, queryTooLarge } from "./errors.ts"
import { queryRefused } from "./gate/errors.ts"

const EXCEPTION = /Code: (\d+)\. DB::Exception: ([\s\S]*?)(?:\. \(([A-Z][A-Z0-9_]+)\)|$)/

const TOO_LARGE: ReadonlySet<string> = new Set([
  "MEMORY_LIMIT_EXCEEDED",
  "TOO_MANY_ROWS",
  "TOO_MANY_BYTES",
  "TOO_MANY_ROWS_OR_BYTES",
  "SET_SIZE_LIMIT_EXCEEDED",
  "QUERY_IS_TOO_LARGE",
  "TOO_LARGE_ARRAY_SIZE",
])
const NO_RIGHT: ReadonlySet<string> = new Set([
  "ACCESS_DENIED",
  "READONLY",
  "DATABASE_ACCESS_DENIED",
  "QUERY_IS_PROHIBITED",
])

/** The failure itself when it is not ClickHouse's. */
export function engineFailure(error: unknown, timeoutMs: number): unknown {
  const message = error instanceof Error ? error.message : String(error)
  const match = EXCEPTION.exec(message)
  if (match === null || isRefusal(error)) return error
  const [, , text = "", name = "UNKNOWN"] = match
  if (name === "TIMEOUT_EXCEEDED" || name === "TOO_SLOW") return queryTimeout(timeoutMs)
  const reason = plainReason(text)
  if (TOO_LARGE.has(name)) return queryTooLarge(reason)
  if (NO_RIGHT.has(name)) return withoutRight(reason)
  return queryFailed(`${reason} (${name})`, name, error)
}

function isRefusal(error: unknown): boolean {
  return isPlatformError(error) && error.code.startsWith("query-")
}

/** Without the repeated prefixes and the engine's version, which tell nobody anything. */
function plainReason(text: string): string {
  return text
    .replace(/^(?:Code: \d+\. DB::Exception: )+/, "")
    .replace(/ \(version [^)]*\)/g, "")
    .slice(0, 2_000)
    .trim()
}

/** The second wall: what the gate let through is still not within a reader's rights. */
function withoutRight(reason: string) {
  return queryRefused({
    construct: "the statement",
    reason: `needs rights that queries do not have (${reason})`,
    advice: "queries read the tables of events, views and lake",
  })
}
