/** Why a statement does not pass the gate. Every refusal names the construct, the reason, and what to do. */
import { PlatformError } from "../../../std/errors.ts"

export interface Refusal {
  /** As a user would call it: "the table function file()". */
  readonly construct: string
  /** Completes the construct to a sentence: "reads files of the server". */
  readonly reason: string
  /** What to do instead. */
  readonly advice: string
}

export function queryRefused({ construct, reason, advice }: Refusal): PlatformError {
  return new PlatformError({
    code: "query-refused",
    domain: "user",
    message: `${construct} ${reason}; ${advice}`,
    details: { construct },
  })
}

/** The engine's parser does not take the text; `position` counts characters from 1. */
export function querySyntax(reason: string, position: number | null): PlatformError {
  return new PlatformError({
    code: "query-syntax",
    domain: "user",
    message: `this is not ClickHouse SQL: ${reason}; correct it there`,
    details: { position },
  })
}

export function queryTooLong(limit: number, length: number): PlatformError {
  return new PlatformError({
    code: "query-too-long",
    domain: "user",
    message: `the SQL has ${length} characters, of which ${limit} are taken; send values as params`,
    details: { limit, length },
  })
}

export function unknownTable(name: string, suggestions: readonly string[]): PlatformError {
  const hint =
    suggestions.length === 0 ? "GET /v1/store lists all" : `did you mean ${suggestions.join(" or ")}?`
  return new PlatformError({
    code: "unknown-table",
    domain: "user",
    message: `there is no table ${name}; ${hint}`,
    details: { table: name, suggestions },
  })
}
