/** What checks found as Prometheus samples. */
import type { MetricSample } from "../runtime.ts"
import type { VerifyResult, VerifyVerdict } from "./verifier.ts"

/** "failed": the check itself could not run. */
export type CheckOutcome = VerifyVerdict | "failed"

export const OUTCOMES: readonly CheckOutcome[] = [
  "equal",
  "different",
  "nothing-compared",
  "empty",
  "cannot",
  "failed",
]

export function verificationMetrics(
  runs: ReadonlyMap<CheckOutcome, number>,
  results: Iterable<VerifyResult>,
): MetricSample[] {
  return [
    ...OUTCOMES.map((result): MetricSample => {
      const help = "Checks of views against their query over history, by what they found."
      const value = runs.get(result) ?? 0
      return { name: "millrace_verifications_total", type: "counter", help, labels: { result }, value }
    }),
    ...[...results].flatMap(ofView),
  ]
}

function ofView({ view, verdict, ...result }: VerifyResult): MetricSample[] {
  const gauge = (what: string, help: string, value: number, labels = {}): MetricSample => {
    return { name: `millrace_verification_${what}`, type: "gauge", help, labels: { view, ...labels }, value }
  }
  const { missing, extra, different } = result.differences
  return [
    ...OUTCOMES.filter((outcome) => outcome !== "failed").map((outcome) => {
      const help = "1 for what the newest check of the view found, 0 for the others."
      return gauge("last_result", help, outcome === verdict ? 1 : 0, { result: outcome })
    }),
    gauge("last_time_seconds", "When the newest check of the view began, in Unix time.", result.atMs / 1_000),
    gauge("duration_seconds", "How long the newest check of the view took.", result.durationMs / 1_000),
    gauge("rows_compared", "Rows of the view that its newest check compared.", result.rowsCompared),
    gauge("events_read", "Events that the newest check of the view read.", result.eventsRead),
    gauge(
      "different_rows",
      "Rows that the newest check of the view found different.",
      missing + extra + different,
    ),
  ]
}
