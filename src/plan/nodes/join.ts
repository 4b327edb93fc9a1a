/**
 * JOIN, EXISTS and IN. What a row's partners are follows from keys and condition alone; `bound` only says
 * when a row can have no further one, so that it may go. A pair comes when the later of its rows does, which
 * is why times behind a join lie behind the watermark by as much as its interval allows.
 */
import type { Column } from "../../columns/types.ts"
import { sameType } from "../../columns/types.ts"
import { assert } from "../../std/assert.ts"
import type { ChangeKind, JoinNode, JoinType, PlanNode } from "../plan.ts"

export interface JoinParts
  extends Pick<JoinNode, "type" | "left" | "right" | "keys" | "condition" | "bound"> {
  /** True when rows without a partner come once, when none can come any more. */
  readonly once: boolean
}

export function joinNode(parts: JoinParts): JoinNode {
  const { type, left, right, keys, condition, bound } = parts
  for (const key of keys) assert(sameType(key.left.type, key.right.type), "a join's keys have one type")
  const timed = bound !== null && bound.kind !== "time-to-live" && type !== "full"
  return Object.freeze({
    kind: "join",
    type,
    left,
    right,
    keys,
    condition,
    bound,
    columns: joinColumns(type, left, right),
    changes: changesOf(parts),
    key: keyOf(parts),
    timeColumn: timed ? left.timeColumn : null,
    windowColumns: bound?.kind === "windows" && timed ? left.windowColumns : null,
    delayUs: delayOf(parts),
  })
}

/** Only its left side's rows come out of it. */
export const keepsLeftOnly = (type: JoinType): boolean => type === "semi" || type === "anti"

function joinColumns(type: JoinType, left: PlanNode, right: PlanNode): readonly Column[] {
  if (keepsLeftOnly(type)) return left.columns
  const orNull = (column: Column): Column => ({ ...column, nullable: true })
  return [
    ...(type === "full" ? left.columns.map(orNull) : left.columns),
    ...(type === "inner" ? right.columns : right.columns.map(orNull)),
  ]
}

function changesOf({ type, left, right, bound, once }: JoinParts): ChangeKind {
  if (left.changes !== "append" || right.changes !== "append") return "retract"
  if (type === "inner" || type === "semi") return "append"
  return once && bound !== null && bound.kind !== "time-to-live" ? "append" : "retract"
}

/** A side whose key is among the join's keys gives each row of the other side one partner at most. */
function keyOf({ type, left, right, keys }: JoinParts): readonly number[] | null {
  if (left.key === null) return null
  if (keepsLeftOnly(type)) return left.key
  if (right.key === null) return null
  const joined = (side: "left" | "right") =>
    new Set(keys.flatMap((key) => (key[side].kind === "column" ? [key[side].index] : [])))
  const single = right.key.every((index) => joined("right").has(index))
  if (single && type !== "full") return left.key
  if (type === "full" && !hasValue(left) && !hasValue(right)) return null
  return [...left.key, ...right.key.map((index) => left.columns.length + index)]
}

/** Its key is never all NULL, as that of the other side's rows without a partner is here. */
function hasValue({ key, columns }: PlanNode): boolean {
  return key?.some((index) => !columns[index]!.nullable) ?? false
}

function delayOf({ left, right, bound }: JoinParts): bigint {
  const inputs = left.delayUs > right.delayUs ? left.delayUs : right.delayUs
  if (bound?.kind !== "interval" || bound.upperUs < 0n) return inputs
  return inputs + bound.upperUs
}
