/** Checks of views as JSON: what one found, and how far one is that somebody asked for. */
import type { VerificationRun } from "../../runners/clickhouse/verification-runs.ts"
import type { VerifyResult } from "../../runners/clickhouse/verifier.ts"
import { instantOfMs } from "../instant-text.ts"
import { problemOf } from "./problem.ts"

export function describeVerification(result: VerifyResult) {
  return {
    view: result.view,
    verdict: result.verdict,
    reason: result.reason,
    epoch: result.epoch,
    at: instantOfMs(result.atMs),
    duration_ms: result.durationMs,
    rows_compared: result.rowsCompared,
    events_read: result.eventsRead,
    differences: result.differences,
    examples: result.examples,
  }
}

function errorOf(error: unknown) {
  const { status, code, detail } = problemOf(error, null).body
  return { status, code, detail }
}

export function describeRun(run: VerificationRun) {
  return {
    id: run.id,
    view: run.view,
    state: run.state,
    asked_at: instantOfMs(run.askedMs),
    events_read: run.eventsRead,
    progress: Math.round(run.share * 1_000) / 1_000,
    verification: run.result === null ? null : describeVerification(run.result),
    error: run.error === null ? null : errorOf(run.error),
  }
}
