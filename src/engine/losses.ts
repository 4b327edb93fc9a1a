/** Counters behind ViewLosses, since the view's first epoch. */
import type { ViewLosses } from "./dataflow.ts"

export type Losses = { -readonly [Name in keyof ViewLosses]: ViewLosses[Name] }

export function noLosses(): Losses {
  return { overflowedResults: 0, failedChanges: 0, lateChanges: 0 }
}

/** Of several, each of which counts what no other does. */
export function addLosses(all: readonly ViewLosses[]): ViewLosses {
  const total = noLosses()
  for (const each of all) {
    total.overflowedResults += each.overflowedResults
    total.failedChanges += each.failedChanges
    total.lateChanges += each.lateChanges
  }
  return total
}
