/** What a store can answer besides success. One factory per code; docs/errors.md lists them. */
import { PlatformError } from "../std/errors.ts"

/** @param reason a clause: "its process is starting", "no build of chDB for win32-x64". */
export function storeUnavailable(reason: string, cause?: unknown): PlatformError {
  return new PlatformError({
    code: "store-unavailable",
    domain: "external",
    retry: true,
    message: `the store cannot answer: ${reason}; events and views go on without it, try again later`,
    details: { reason },
    cause,
  })
}

/** @param table "events.flight" */
export function storeTableTaken(table: string): PlatformError {
  return new PlatformError({
    code: "store-table-taken",
    domain: "user",
    message:
      `the store has a table ${table} that Millrace did not make, and leaves it alone; ` +
      "rename or drop it there, or give the event or view another name",
    details: { table },
  })
}

/** What ClickHouse said about a statement. */
export interface ClickHouseFailure {
  /** ClickHouse's own number: 47 is an unknown column. 0 when it gave none. */
  readonly clickhouseCode: number
  /** Its message, without the stack. */
  readonly text: string
  readonly queryId: string
}

export function queryFailed(failure: ClickHouseFailure): PlatformError {
  return new PlatformError({
    code: "query-failed",
    domain: "user",
    message: `ClickHouse refused the statement: ${failure.text}; correct it and send it again`,
    details: { ...failure },
  })
}

export function queryCancelled(failure: ClickHouseFailure): PlatformError {
  return new PlatformError({
    code: "query-cancelled",
    domain: "user",
    message: `the query ${failure.queryId} was cancelled; send it again if that was not meant`,
    details: { ...failure },
  })
}

export function queryTimeout(failure: ClickHouseFailure): PlatformError {
  return new PlatformError({
    code: "query-timeout",
    domain: "user",
    message: `the query ran out of time: ${failure.text}; ask for less, or allow more time`,
    details: { ...failure },
  })
}

export function queryTooLarge(failure: ClickHouseFailure): PlatformError {
  return new PlatformError({
    code: "query-too-large",
    domain: "user",
    message: `the query needs more than it may have: ${failure.text}; ask for less, or add a LIMIT`,
    details: { ...failure },
  })
}

export function storeBusy(failure: ClickHouseFailure): PlatformError {
  return new PlatformError({
    code: "store-busy",
    domain: "external",
    retry: true,
    message: `the store runs as many queries as it may: ${failure.text}; try again in a moment`,
    details: { ...failure },
  })
}

const TIMEOUT_CODES: ReadonlySet<number> = new Set([159, 160])
/** Memory, rows, bytes, and the result's rows or bytes. */
const SIZE_CODES: ReadonlySet<number> = new Set([158, 241, 307, 396])

/** The error of a statement, by ClickHouse's code. */
export function statementError(failure: ClickHouseFailure): PlatformError {
  const { clickhouseCode: code } = failure
  if (code === 394) return queryCancelled(failure)
  if (code === 202) return storeBusy(failure)
  if (TIMEOUT_CODES.has(code)) return queryTimeout(failure)
  return SIZE_CODES.has(code) ? queryTooLarge(failure) : queryFailed(failure)
}
