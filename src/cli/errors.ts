/** Why a command could not run. All of them end with exit code 2. */
import { PlatformError } from "../std/errors.ts"

export function wrongUsage(message: string): PlatformError {
  return new PlatformError({ code: "wrong-usage", domain: "user", message })
}

export function inputUnreadable(source: string, reason: string, cause?: unknown): PlatformError {
  return new PlatformError({
    code: "input-unreadable",
    domain: "user",
    message: `${source} cannot be read: ${reason}`,
    ...(cause === undefined ? {} : { cause }),
  })
}

export function serverUnreachable(url: string, reason: string, cause: unknown): PlatformError {
  return new PlatformError({
    code: "server-unreachable",
    domain: "external",
    retry: true,
    message: `no platform answers at ${url} (${reason}); start one (millrace start), or give its --url`,
    details: { url },
    cause,
  })
}

/**
 * What the platform answered instead of the thing asked for, in the platform's own words where it gave some.
 */
export function serverRefused(
  status: number,
  { code, detail }: { readonly code: string | null; readonly detail: string | null },
): PlatformError {
  return new PlatformError({
    code: "server-refused",
    domain: status >= 500 ? "external" : "user",
    message: `${detail ?? "the server gave no reason"} (HTTP ${status}${code === null ? "" : `, ${code}`})`,
    details: { status, problem: code },
  })
}

export function answerBrokeOff(url: string, cause: unknown): PlatformError {
  return new PlatformError({
    code: "answer-broke-off",
    domain: "external",
    retry: true,
    message:
      `${url} broke off in the middle of its answer, so what came is not all of it: the query failed, was ` +
      "cancelled or ran out of time (--timeout), or the platform ended; try again, or ask for less",
    details: { url },
    cause,
  })
}

export function answerUnreadable(url: string, reason: string): PlatformError {
  return new PlatformError({
    code: "answer-unreadable",
    domain: "external",
    message: `${url} answers, but not as a Millrace platform does: ${reason}; check --url and both versions`,
    details: { url },
  })
}
