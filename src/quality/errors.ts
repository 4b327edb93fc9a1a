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

export function unknownLetter(id: string): PlatformError {
  return new PlatformError({
    code: "unknown-dead-letter",
    domain: "user",
    message: `There is no dead letter ${id.slice(0, 80)}; GET /v1/dead-letters lists what there is.`,
    details: { id },
  })
}

/** It was replayed or discarded before, or is on its way. */
export function letterClosed(
  what: string,
  {
    state,
    replay,
    receipt,
  }: { readonly state: string; readonly replay: string | null; readonly receipt: string | null },
): PlatformError {
  const by = replay === null ? "" : ` by replay ${replay}`
  return new PlatformError({
    code: "dead-letter-closed",
    domain: "user",
    message:
      `${what} is ${state}${by}; it is not sent a second time. ` +
      "Send the row as a new event if you mean it.",
    details: { state, replay, receipt },
  })
}

export function rowGone(event: string, partition: number, offset: number): PlatformError {
  return new PlatformError({
    code: "row-gone",
    domain: "user",
    message:
      `The log has no row of ${event} at partition ${partition}, offset ${offset} (any more); ` +
      "give its value.",
    details: { event, partition, offset },
  })
}

export function nothingToReplay(): PlatformError {
  return new PlatformError({
    code: "nothing-to-replay",
    domain: "user",
    message: "There is nothing to replay: name dead letters or rows, or an event that has open dead letters.",
  })
}

export function tooManyToReplay(count: number, most: number): PlatformError {
  return new PlatformError({
    code: "too-many-to-replay",
    domain: "user",
    message: `${count} rows are more than one replay takes; send at most ${most} at a time.`,
  })
}

export function unknownReplay(id: string): PlatformError {
  return new PlatformError({
    code: "unknown-replay",
    domain: "user",
    message: `There is no replay "${id.slice(0, 80)}"; GET /v1/replays lists the newest ones.`,
    details: { id },
  })
}
