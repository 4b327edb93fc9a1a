/** The result of a check as JSON. */
import type { VerifyResult } from "../../runners/clickhouse/verifier.ts"
import { instantOfMs } from "../instant-text.ts"

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
