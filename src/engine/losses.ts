/** Counters behind ViewLosses, since the view's first epoch. */
import type { ViewLosses } from "./dataflow.ts"

export type Losses = { -readonly [Name in keyof ViewLosses]: ViewLosses[Name] }

export function noLosses(): Losses {
  return { overflowedResults: 0, failedChanges: 0, lateChanges: 0 }
}

export function addLosses(total: Losses, more: ViewLosses): void {
  total.overflowedResults += more.overflowedResults
  total.failedChanges += more.failedChanges
  total.lateChanges += more.lateChanges
}
