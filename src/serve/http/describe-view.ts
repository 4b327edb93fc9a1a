/** A view as JSON: what it is and how far it has come. */
import { typeName } from "../../columns/types.ts"
import type { VerifyResult } from "../../runners/clickhouse/verifier.ts"
import type { ViewStatus } from "../../runners/runtime.ts"
import { instant } from "../instant-text.ts"
import { describeVerification } from "./describe-verification.ts"

/** @param verification the last check of the view; null before the first. */
export function describeView(status: ViewStatus, nowMs: number, verification: VerifyResult | null) {
  const { plan } = status
  return {
    name: plan.name,
    description: plan.description,
    columns: plan.columns.map(({ name, type, nullable }) => ({ name, type: typeName(type), nullable })),
    key: plan.key?.map((position) => plan.columns[position]!.name) ?? null,
    epoch: status.epoch,
    row_count: status.rowCount,
    watermark: instant(status.watermarkUs),
    lag: { events: status.pendingEvents, ms: lagMs(status, nowMs) },
    appended: status.appendedEvents,
    verdicts: { ...status.verdicts, pending: status.pendingEvents },
    verification: verification === null ? null : describeVerification(verification),
    emit: plan.emit,
    allowed_lateness_ms: plan.allowedLatenessMs,
    events: plan.events,
    views: plan.views,
    fingerprint: plan.fingerprint,
    sql: plan.sql,
  }
}

/** How long the oldest event that the view has not processed has been in the log. */
function lagMs({ pendingSinceMs }: ViewStatus, nowMs: number): number {
  return pendingSinceMs === null ? 0 : Math.max(0, nowMs - pendingSinceMs)
}
