/**
 * How a runtime function tells generated code that it failed, without an exception and without a second
 * return type: it returns `raise(failure, standIn)`, generated code looks at the register right after the
 * call and clears it. Everything here is synchronous, so one register per thread is enough.
 */
import type { Failure } from "../expression.ts"
import { FAILURES } from "../expression.ts"

/** Index into FAILURES of what was raised since the last look; 0 is none. */
export const register = { failure: 0 }

const INDEX = new Map<Failure, number>(FAILURES.map((failure, index) => [failure, index]))

export function failureIndex(failure: Failure): number {
  return INDEX.get(failure) ?? 0
}

/**
 * Records the failure and returns `standIn`, a value of the function's ordinary type that nobody will read.
 */
export function raise<T>(failure: Failure, standIn: T): T {
  register.failure = failureIndex(failure)
  return standIn
}

/** What was raised since the last look, and clears it. */
export function takeFailure(): Failure {
  const failure = FAILURES[register.failure] ?? "none"
  register.failure = 0
  return failure
}
