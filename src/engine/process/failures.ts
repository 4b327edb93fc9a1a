/** Calls of a process that failed, as rows of its last output. */
import type { Scalar } from "../../columns/types.ts"

/** Longer messages carry data, not reasons. */
const MAX_REASON_LENGTH = 500

export function failureRow(kind: string, key: unknown, error: unknown): Scalar[] {
  return [kind, JSON.stringify(key, writeBigint) ?? "null", reasonOf(error)]
}

/**
 * Only what the function threw decides it, not where it stood: a call that runs again has the same reason.
 */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : `threw ${describe(error)}`
  return text.length <= MAX_REASON_LENGTH ? text : `${text.slice(0, MAX_REASON_LENGTH - 1)}…`
}

function describe(thrown: unknown): string {
  try {
    return JSON.stringify(thrown, writeBigint) ?? String(thrown)
  } catch {
    return typeof thrown // a circle, or a toJSON that throws: that it was thrown is all that can be said
  }
}

function writeBigint(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value
}

const NO_PROMISES = "the handler returned a promise; a process waits for nothing, so write it without async"

/** @throws TypeError when what a handler returned is one */
export function refusePromise(returned: unknown): void {
  if (typeof returned !== "object" || returned === null || !("then" in returned)) return
  if (typeof returned.then === "function") throw new TypeError(NO_PROMISES)
}
