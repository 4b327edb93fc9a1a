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

export function ledgerOfAnotherHistory(view: string): PlatformError {
  return new PlatformError({
    code: "ledger-behind",
    domain: "external",
    retry: true,
    message: `the ledger has not the verdicts of view ${view} for what runs now yet; try again in a moment`,
    details: { view },
  })
}
