/**
 * What goes wrong in the log with nobody waiting for an answer (upkeep, above all): published on a
 * diagnostics channel, where platform picks it up for its own log and metrics.
 */
import { channel } from "node:diagnostics_channel"
import type { PlatformError } from "../std/errors.ts"

export interface LogProblem {
  readonly directory: string
  /** What the log was doing, e.g. "upkeep". */
  readonly action: string
  readonly error: PlatformError
}

/** Subscribe with node:diagnostics_channel; messages are LogProblem. */
export const LOG_PROBLEM_CHANNEL = "millrace:log:problem"

const problems = channel(LOG_PROBLEM_CHANNEL)

export function reportProblem(problem: LogProblem): void {
  problems.publish(problem)
}
