/** What lets the rows of a join go: windows, an interval, a declared time to live, or a promise. */
import { durationText } from "../duration-text.ts"
import type { Finding } from "../errors.ts"
import { findings } from "../errors.ts"
import type { JoinParts } from "../nodes/join.ts"
import { findBound } from "../nodes/join-bound.ts"
import type { PlanNode } from "../plan.ts"
import type { ViewContext } from "./context.ts"

type Unbounded = Omit<JoinParts, "bound" | "once">

/** The join with what bounds it; where nothing does and the view does not accept that, it is reported. */
export function boundJoin(parts: Unbounded, byte: number | null, view: ViewContext): JoinParts {
  const found = findBound(parts)
  if (found !== null) return { ...parts, bound: found, once: false }
  const { left, right } = parts
  const { timeToLiveUs } = view
  const timed = left.timeColumn !== null && right.timeColumn !== null
  if (timeToLiveUs !== null && timed) {
    return { ...parts, bound: { kind: "time-to-live", timeToLiveUs }, once: false }
  }
  if (!view.acceptsUnboundedState) view.report(unboundedJoin(left, right, timeToLiveUs), byte)
  return { ...parts, bound: null, once: false }
}

const FOR_EVER = "nothing says when a row can find no further partner, so the join keeps every row for ever"
const PROMISE = 'declare state: "unbounded" if both sides stay within memory'

function unboundedJoin(left: PlanNode, right: PlanNode, timeToLiveUs: bigint | null): Finding {
  const [a, b] = [left.windowColumns, right.windowColumns]
  if (timeToLiveUs !== null) {
    const lived = durationText(timeToLiveUs)
    const what = `a time to live of ${lived} needs a time column on both sides of the join`
    return findings.unboundedState(what, `let both sides keep their event time, or ${PROMISE}`)
  }
  if (a !== null && b !== null && a.sizeUs === b.sizeUs) {
    const [x, y] = [a.end ?? a.start!, b.end ?? b.start!]
    const pair = `${left.columns[x]!.name} = ${right.columns[y]!.name}`
    return findings.unboundedState(FOR_EVER, `join on the window too (${pair}), or ${PROMISE}`)
  }
  if (left.timeColumn === null || right.timeColumn === null) return findings.unboundedState(FOR_EVER, PROMISE)
  const [own, other] = [left.columns[left.timeColumn]!.name, right.columns[right.timeColumn]!.name]
  const [early, late] = own === other ? [`a.${own}`, `b.${other}`] : [own, other]
  const between = `${late} BETWEEN ${early} AND ${early} + INTERVAL '1 hour'`
  return findings.unboundedState(
    FOR_EVER,
    `bound the times, such as ${between}, declare state: { timeToLive: "1 day" }, or ${PROMISE}`,
  )
}
