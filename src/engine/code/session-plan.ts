/** How groups of sessions lie in memory, and what their rows are made of. */
import { INT64, TIMESTAMP } from "../../columns/types.ts"
import type { Expression } from "../../expr/expression.ts"
import type { AggregateSpec } from "../dataflow.ts"
import type { Share } from "../exchange/share.ts"
import { SlotLayout } from "../state/slot-layout.ts"
import { planAccumulators } from "./accumulators.ts"
import type { OutputColumn } from "./emit-code.ts"
import type { GroupPlan } from "./group-terminal.ts"
import { structuralKey } from "./structural-key.ts"

interface SessionPlanOptions {
  /** Columns of the session's keys, the first of them, and the one of its number behind the last. */
  readonly keysAt: number
  readonly share: Share
  /** Whether rows leave groups. */
  readonly retracting: boolean
}

/**
 * Groups by the session's number behind their own keys; the bounds are no fields. Keys that are the session's
 * are read from its columns, so that a group can be found by what is kept of a session.
 */
export function planSessions(
  spec: AggregateSpec,
  { keysAt, share, retracting }: SessionPlanOptions,
): GroupPlan {
  const { start, end } = spec.windowKeys!
  const session = spec.session!.keys.map(structuralKey)
  const isBound = (k: number) => k === start || k === end
  const number: Expression = {
    kind: "column",
    index: keysAt + session.length,
    name: "session",
    type: INT64,
    nullable: false,
  }
  const none: Expression = { kind: "literal", value: 0n, type: TIMESTAMP, nullable: false }
  const own = spec.keys.map((key, k): Expression => {
    if (isBound(k)) return none
    const place = session.indexOf(structuralKey(key))
    const { type, nullable } = key
    return place < 0 ? key : { kind: "column", index: keysAt + place, name: `key ${k}`, type, nullable }
  })
  const keys = [...own, number]
  const layout = new SlotLayout(keys.filter((key, k) => key.nullable && !isBound(k)).length)
  const keyFields = keys.map((key, k) => (isBound(k) ? null : layout.addField(key.type, key.nullable)))
  const accumulators = planAccumulators(spec.aggregates, layout, { retracting })
  return { spec: { ...spec, keys, filter: null }, layout, keyFields, accumulators, share, bySession: true }
}

/** All keys of groups are their sessions', bounds among them: these say nothing that a number does not. */
export function hasSessionKeysOnly({ spec, keyFields }: GroupPlan, keysAt: number): boolean {
  return spec.keys.every((key, k) => {
    return keyFields[k] === null || (key.kind === "column" && key.index >= keysAt)
  })
}

/** For rows as they come in, without what is known of their sessions. */
export function withInputKeys(plan: GroupPlan, { keys }: AggregateSpec): GroupPlan {
  const own = plan.spec.keys.map((key, k) => (plan.keyFields[k] === null ? key : (keys[k] ?? key)))
  return { ...plan, spec: { ...plan.spec, keys: own } }
}

export function sessionOutputs(
  { keyFields, accumulators }: GroupPlan,
  { windowKeys }: AggregateSpec,
): OutputColumn[] {
  const { rowsAt, groupAt, outputs } = accumulators
  return [
    ...keyFields.slice(0, -1).map((field, k): OutputColumn => {
      if (field !== null) return { kind: "field", field }
      return { kind: "window", bound: windowKeys?.start === k ? "start" : "end" }
    }),
    ...outputs.map((state): OutputColumn => ({ kind: "aggregate", state, rowsAt, groupAt })),
  ]
}
