/** Errors of the embedded runner. Documented in docs/errors.md. */
import { PlatformError } from "../../std/errors.ts"

export function unknownEvent(name: string, known: readonly string[]): PlatformError {
  const list = known.length === 0 ? "the project declares none" : `known are ${known.join(", ")}`
  return new PlatformError({
    code: "unknown-event",
    domain: "user",
    message: `There is no event "${name}"; ${list}.`,
    details: { name, known },
  })
}

export function unknownView(name: string, known: readonly string[]): PlatformError {
  const list = known.length === 0 ? "the project declares none" : `known are ${known.join(", ")}`
  return new PlatformError({
    code: "unknown-view",
    domain: "user",
    message: `There is no view "${name}"; ${list}.`,
    details: { name, known },
  })
}

export function overloaded(what: string, retryAfterMs: number): PlatformError {
  return new PlatformError({
    code: "overloaded",
    domain: "external",
    retry: true,
    message: `${what}; nothing of this request was taken, send it again in ${retryAfterMs} ms.`,
    details: { retryAfterMs },
  })
}

export function receiptInvalid(receipt: string, why: string): PlatformError {
  return new PlatformError({
    code: "receipt-invalid",
    domain: "user",
    message: `The receipt "${receipt.slice(0, 80)}" ${why}; use one that this server answered to a POST.`,
  })
}

export function cursorInvalid(cursor: string): PlatformError {
  return new PlatformError({
    code: "cursor-invalid",
    domain: "user",
    message:
      `The cursor "${cursor.slice(0, 80)}" was not made by this view with this query; ` +
      "leave it out to begin again.",
  })
}

export function cursorExpired(): PlatformError {
  return new PlatformError({
    code: "cursor-expired",
    domain: "user",
    message: "The cursor's epoch is no longer kept; leave the cursor out to begin again at the newest epoch.",
  })
}

export function historyUnreadable(place: string, why: string): PlatformError {
  return new PlatformError({
    code: "history-unreadable",
    domain: "user",
    message:
      `The record at ${place} was accepted once but does not fit today's contract: ${why}. ` +
      "Make the contract accept it again (`millrace check` compares with millrace.lock.json), then start.",
  })
}

export function journalBroken(why: string): PlatformError {
  return new PlatformError({
    code: "journal-broken",
    domain: "internal",
    message: `The epoch journal cannot be replayed: ${why}. Keep the data directory and report this.`,
  })
}

export function checkpointCorrupt(path: string, why: string): PlatformError {
  return new PlatformError({
    code: "checkpoint-corrupt",
    domain: "external",
    message: `The checkpoint ${path} is damaged (${why}); an older one or the log itself is used instead.`,
  })
}

export function idsDamaged(path: string, why: string): PlatformError {
  return new PlatformError({
    code: "ids-damaged",
    domain: "external",
    message:
      `The file ${path} of remembered ids is damaged (${why}), so no ruling on duplicates is made with it. ` +
      "At the next start the ids are read from the log again.",
    details: { path },
  })
}

/** @param worker counted from 0, which is the engine's own thread */
export function workerFailed(worker: number, cause: unknown): PlatformError {
  return new PlatformError({
    code: "worker-failed",
    domain: "internal",
    message:
      `Worker ${worker + 1} of the engine failed: ${reasonOf(cause)}. ` +
      "Restart to go on from the last checkpoint; `workers: 1` in the config does without other threads.",
    cause,
  })
}

export function stateBroken(cause: unknown): PlatformError {
  return new PlatformError({
    code: "epoch-failed",
    domain: "internal",
    message:
      `An epoch could not be processed, so no later one will be: ${reasonOf(cause)}. ` +
      "Acknowledged events are safe in the log; restart to try again from the last checkpoint.",
    cause,
  })
}

function reasonOf(cause: unknown): string {
  // The sentence that it becomes part of has a full stop of its own.
  return (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, "")
}
