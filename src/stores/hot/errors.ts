/** Failures of queries that the gate has let through. The gate's own are in gate/errors.ts. */
import { PlatformError } from "../../std/errors.ts"
import { lineAndColumn } from "./gate/parser-failure.ts"

export function queryParameter(name: string, message: string): PlatformError {
  return new PlatformError({
    code: "query-parameter",
    domain: "user",
    message,
    details: { parameter: name },
  })
}

/** ClickHouse's own words; `engineCode` is its name for the failure, such as UNKNOWN_IDENTIFIER. */
export function queryFailed(reason: string, engineCode: string | null, cause?: unknown): PlatformError {
  return new PlatformError({
    code: "query-failed",
    domain: "user",
    message: reason,
    details: { engineCode },
    cause,
  })
}

/** `start` is the index of the character in the SQL; `position` counts from 1, as the parser's. */
export function queryMoment(reason: string, sql: string, start: number): PlatformError {
  return new PlatformError({
    code: "query-moment",
    domain: "user",
    message: `${lineAndColumn(sql, start + 1)}: ${reason}`,
    details: { position: start + 1 },
  })
}

export function queryTimeout(timeoutMs: number): PlatformError {
  return new PlatformError({
    code: "query-timeout",
    domain: "user",
    message:
      `the query did not end within ${timeoutMs} ms; ask for less, or for more time with timeout_ms, or ` +
      "declare a view, which has its answer ready",
    details: { timeoutMs },
  })
}

export function queryTooLarge(reason: string): PlatformError {
  return new PlatformError({
    code: "query-too-large",
    domain: "user",
    message: `${reason}; ask for fewer rows or columns, or in a format that streams, such as ndjson`,
  })
}

export function queryCancelled(id: string): PlatformError {
  return new PlatformError({
    code: "query-cancelled",
    domain: "user",
    message: `the query ${id} was cancelled`,
    details: { queryId: id },
  })
}

export function queryIdTaken(id: string): PlatformError {
  return new PlatformError({
    code: "query-id-taken",
    domain: "user",
    message: `a query with the id ${id} is running; choose another, or give none`,
    details: { queryId: id },
  })
}

export function tooManyQueries(limit: number, retryAfterMs: number): PlatformError {
  return new PlatformError({
    code: "too-many-queries",
    domain: "external",
    message: `${limit} queries are running, which is the limit; try again later, or cancel one`,
    retry: true,
    details: { limit, retryAfterMs },
  })
}
