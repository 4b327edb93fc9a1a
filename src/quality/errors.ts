/** Errors of ledger, dead letters and replays. Documented in docs/errors.md. */
import { PlatformError } from "../std/errors.ts"

export function ledgerBroken(why: string): PlatformError {
  return new PlatformError({
    code: "ledger-broken",
    domain: "internal",
    message: `The ledger of verdicts cannot be read: ${why}. Keep the data directory and report this.`,
  })
}

export function ledgerStopped(cause: unknown): PlatformError {
  const reason = cause instanceof Error ? cause.message.replace(/\.$/, "") : String(cause)
  return new PlatformError({
    code: "ledger-stopped",
    domain: "external",
    message:
      `Verdicts cannot be written, so no further epoch is run: ${reason}. ` +
      "Acknowledged events are safe in the log; mend the disk and restart.",
    cause,
  })
}

export function cursorInvalid(cursor: string): PlatformError {
  return new PlatformError({
    code: "cursor-invalid",
    domain: "user",
    message:
      `The cursor "${cursor.slice(0, 80)}" was not made by this list with this query; ` +
      "leave it out to begin again.",
  })
}
