/**
 * ROWS, RANGE and GROUPS frames, and EXCLUDE. Without one, a frame reaches from the first row to the current
 * row's peers.
 */
import type { Node, WindowDef } from "libpg-query"
import type { Interval, LogicalType, Scalar } from "../../columns/types.ts"
import { INTERVAL } from "../../columns/types.ts"
import type { Expression, FrameBound, FrameExclusion, OverFrame } from "../../expr/expression.ts"
import { castAllowed } from "../../expr/resolve.ts"
import { DAY_US } from "../duration-text.ts"
import { findings, Refused } from "../errors.ts"
import { startOf } from "../sql/tree.ts"
import type { Sort } from "./bind-order.ts"
import type { Bound } from "./bound.ts"
import { castTo, parseUntyped } from "./bound.ts"
import type { ExpressionContext } from "./expression-context.ts"

/** Bits of PostgreSQL's frameOptions (parsenodes.h). */
const ROWS = 0x4
const GROUPS = 0x8
const START_UNBOUNDED_PRECEDING = 0x20
const END_UNBOUNDED_FOLLOWING = 0x100
const START_OFFSET_PRECEDING = 0x800
const END_OFFSET_PRECEDING = 0x1000
const START_OFFSET_FOLLOWING = 0x2000
const END_OFFSET_FOLLOWING = 0x4000
const EXCLUDE_CURRENT_ROW = 0x8000
const EXCLUDE_GROUP = 0x10000
const EXCLUDE_TIES = 0x20000

/** @throws Refused over-frame */
export function bindFrame(window: WindowDef, order: readonly Sort[], context: ExpressionContext): OverFrame {
  const { frameOptions: options = 0, startOffset, endOffset, location } = window
  const byte = location ?? null
  const unit = (options & GROUPS) !== 0 ? "groups" : (options & ROWS) !== 0 ? "rows" : "range"
  if (unit === "groups" && order.length === 0) {
    throw new Refused(
      findings.overFrame("GROUPS counts groups of peers", "add ORDER BY, or write ROWS"),
      byte,
    )
  }
  const by = (node: Node | undefined, backwards: boolean): FrameBound => {
    const at = { unit, order, backwards } as const
    return { kind: "offset", offset: offsetOf(node!, at, context) }
  }
  const start: FrameBound =
    (options & START_UNBOUNDED_PRECEDING) !== 0
      ? { kind: "unbounded-preceding" }
      : (options & (START_OFFSET_PRECEDING | START_OFFSET_FOLLOWING)) !== 0
        ? by(startOffset, (options & START_OFFSET_PRECEDING) !== 0)
        : { kind: "current-row" }
  const end: FrameBound =
    (options & END_UNBOUNDED_FOLLOWING) !== 0
      ? { kind: "unbounded-following" }
      : (options & (END_OFFSET_PRECEDING | END_OFFSET_FOLLOWING)) !== 0
        ? by(endOffset, (options & END_OFFSET_PRECEDING) !== 0)
        : { kind: "current-row" }
  const exclude = exclusionOf(options)
  return { unit, start, end, ...(exclude === null ? {} : { exclude }) }
}

/** EXCLUDE NO OTHERS is what there is without it. */
function exclusionOf(options: number): FrameExclusion | null {
  if ((options & EXCLUDE_CURRENT_ROW) !== 0) return "current row"
  if ((options & EXCLUDE_GROUP) !== 0) return "group"
  return (options & EXCLUDE_TIES) !== 0 ? "ties" : null
}

interface OffsetPlace {
  readonly unit: OverFrame["unit"]
  readonly order: readonly Sort[]
  readonly backwards: boolean
}

function offsetOf(
  node: Node,
  { unit, order, backwards }: OffsetPlace,
  context: ExpressionContext,
): bigint | number {
  const byte = startOf(node)
  const refuse = (reason: string, suggestion: string) =>
    new Refused(findings.overFrame(reason, suggestion), byte)
  const bound = context.bind(node, { ...context, aggregates: null, subqueries: null, groupings: null })
  if (unit === "range" && order.length !== 1) {
    throw refuse("RANGE with a distance needs one ORDER BY column", "write ROWS, or order by one column")
  }
  const counted = unit !== "range"
  const distance = counted ? whole(constant(bound)) : distanceOf(bound, order[0]!.value.type)
  if (distance === null) {
    throw counted
      ? refuse(`${unit.toUpperCase()} takes a whole number`, "write 3 PRECEDING")
      : refuse(
          "RANGE takes a constant that its order can be moved by",
          "write INTERVAL '1 hour' PRECEDING, or a number",
        )
  }
  if (distance < 0) throw refuse("a frame's distance is not negative", "write PRECEDING or FOLLOWING")
  return backwards ? -distance : distance
}

function constant(bound: Bound): Scalar | undefined {
  if (bound.kind === "untyped") return bound.text
  return bound.expression.kind === "literal" ? bound.expression.value : undefined
}

function whole(value: Scalar | undefined): bigint | null {
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value)
  return typeof value === "bigint" ? value : null
}

/** In the units of the ordered column: microseconds of times, days of dates, unscaled digits of decimals. */
function distanceOf(bound: Bound, type: LogicalType): bigint | number | null {
  if (type.kind === "timestamp" || type.kind === "date") {
    const value = bound.kind === "untyped" ? parseUntyped(bound, INTERVAL).value : constant(bound)
    if (typeof value !== "object" || value === null || !("months" in value)) return null
    return type.kind === "timestamp" ? microsOf(value) : daysOf(value)
  }
  if (type.kind === "float64" && bound.kind === "typed") return numberOf(bound.expression)
  const moved = inType(bound, type)
  if (moved === null || moved.kind !== "literal") return null
  return type.kind === "float64" ? (moved.value as number) : whole(moved.value)
}

/** A constant as the float that is nearest to it. */
function numberOf(expression: Expression): number | null {
  if (expression.kind !== "literal" || expression.value === null) return null
  const { type, value } = expression
  if (type.kind === "decimal") return Number(`${value as bigint}e-${type.scale}`)
  return ["int32", "int64", "float64"].includes(type.kind) ? Number(value as number | bigint) : null
}

function microsOf({ months, days, micros }: Interval): bigint | null {
  return months === 0 ? BigInt(days) * DAY_US + micros : null
}

function daysOf({ months, days, micros }: Interval): bigint | null {
  return months === 0 && micros === 0n ? BigInt(days) : null
}

function inType(bound: Bound, type: LogicalType): Expression | null {
  if (!["int32", "int64", "decimal", "float64"].includes(type.kind)) return null
  if (bound.kind === "untyped") return parseUntyped(bound, type)
  return castAllowed(bound.expression.type, type, "implicit") ? castTo(bound.expression, type) : null
}
