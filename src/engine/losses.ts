/** Counters behind ViewLosses, since the view's first epoch. */
import type { ViewLosses } from "./dataflow.ts"

export type Losses = { -readonly [Name in keyof ViewLosses]: ViewLosses[Name] }

export function noLosses(): Losses {
  return { overflowedResults: 0, failedChanges: 0, lateChanges: 0 }
}

/** Of the parts of an engine, each of which counts what no other does. */
export function addLosses(parts: readonly ViewLosses[]): ViewLosses {
  const total = noLosses()
  for (const part of parts) {
    total.overflowedResults += part.overflowedResults
    total.failedChanges += part.failedChanges
    total.lateChanges += part.lateChanges
  }
  return total
}
