/** What verification and `why` can answer besides a result. */
import { PlatformError } from "../../std/errors.ts"

export function historyGone(place: {
  readonly topic: string
  readonly partition: number
  readonly begin: number
}): PlatformError {
  return new PlatformError({
    code: "history-gone",
    domain: "user",
    message:
      `the events of ${place.topic}/${place.partition} before offset ${place.begin} are no longer in the ` +
      "log, so that the view cannot be computed again from all of them; give the event a longer retention",
    details: { ...place },
  })
}

export function unknownVerification(id: string): PlatformError {
  return new PlatformError({
    code: "unknown-verification",
    domain: "user",
    message:
      `there is no check "${id}"; POST /v1/views/:view/verify gives ids, a restart forgets them, and ` +
      "the newest result of a view is at GET /v1/views/:view",
    details: { id },
  })
}

export function checksStopped(view: string): PlatformError {
  return new PlatformError({
    code: "store-unavailable",
    domain: "external",
    retry: true,
    message: `the check of view ${view} was stopped, since the platform is being stopped; try again later`,
    details: { view },
  })
}

export function ledgerOfAnotherHistory(view: string): PlatformError {
  return new PlatformError({
    code: "ledger-behind",
    domain: "external",
    retry: true,
    message: `the ledger has not the verdicts of view ${view} for what runs now yet; try again in a moment`,
    details: { view },
  })
}

export function noPatterns(): PlatformError {
  return new PlatformError({
    code: "no-clickhouse-pattern",
    domain: "user",
    message:
      "ClickHouse has nothing that finds patterns as pattern() means them, so that what is made of matches " +
      "cannot be computed again there; check the views that the pattern reads",
  })
}

export function noProcesses(): PlatformError {
  return new PlatformError({
    code: "no-clickhouse-process",
    domain: "user",
    message:
      "ClickHouse cannot run a process(), so that what is made of its rows cannot be computed again there; " +
      "check the views that the process reads",
  })
}
