/**
 * The one error type that crosses rooms.
 * A programmer's mistake is an assertion; everything that can happen to a correct program is a PlatformError
 * whose message says what was wrong, where, and what to do. Codes live in each room's errors.ts, are
 * documented in docs/errors.md, and are never reused.
 */

/** Who can mend it: the caller, a system outside, or we. */
export type ErrorDomain = "user" | "external" | "internal"

export interface PlatformErrorInit {
  /** Stable, kebab-case, listed in docs/errors.md. */
  readonly code: string
  readonly domain: ErrorDomain
  readonly message: string
  /** True when the same call may succeed later without a change. @default false */
  readonly retry?: boolean
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

export class PlatformError extends Error {
  readonly code: string
  readonly domain: ErrorDomain
  readonly retry: boolean
  readonly details: Readonly<Record<string, unknown>>

  constructor(init: PlatformErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause })
    this.name = "PlatformError"
    this.code = init.code
    this.domain = init.domain
    this.retry = init.retry ?? false
    this.details = init.details ?? {}
  }
}

/** Narrows an unknown failure; codes narrow it further. */
export function isPlatformError(error: unknown, code?: string): error is PlatformError {
  return error instanceof PlatformError && (code === undefined || error.code === code)
}
