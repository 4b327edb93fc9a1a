/** When a row that comes to an operator is late. */
import type { AggregateSpec, Expiry, StatefulSpec } from "../dataflow.ts"

/** Null: never. */
export function naiveExpiry(
  target: Exclude<StatefulSpec, AggregateSpec>,
  port: number,
): Pick<Expiry, "at" | "lateUs"> | null {
  if (target.kind === "pattern") return { at: target.order[0]!.column, lateUs: target.lateUs }
  if (target.kind === "process") {
    const { time, completeUs, latenessUs } = target
    return latenessUs === null ? null : { at: time, lateUs: completeUs + latenessUs }
  }
  return target.kind === "join" ? [target.left, target.right][port]!.expiry : target.expiry
}
