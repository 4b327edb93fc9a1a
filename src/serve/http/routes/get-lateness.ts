/** GET /v1/views/:view/lateness: which event and partition hold the watermark of a view. */
import { behindView } from "../../../plan/reach.ts"
import type { EventStatus } from "../../../runners/runtime.ts"
import { instant, instantOfMs } from "../../instant-text.ts"
import { findView } from "../find-status.ts"
import type { DoorContext, Route } from "../route.ts"
import { pathParameter, problem, VIEW_PARAMETER } from "../route.ts"
import { sendJson } from "../send-json.ts"

export const getLateness: Route = {
  method: "GET",
  path: "/v1/views/:view/lateness",
  operation: {
    id: "explain_lateness",
    summary: "The event and the partition that hold a view's watermark, and what is idle.",
    parameters: [VIEW_PARAMETER],
    responses: {
      200: { description: "Every source with its watermark, the slowest first.", schema: "Lateness" },
      404: problem("There is no such view; near names are suggested."),
    },
  },
  handle: (context, request, reply) => {
    const status = findView(context.runtime, pathParameter(request, "view"))
    const names = eventsBehind(context, status.plan.name)
    const sources = context.runtime.events().filter(({ contract }) => names.has(contract.name))
    const slowest = sources.toSorted((a, b) => compare(a.watermarkUs, b.watermarkUs))
    return sendJson(reply, 200, {
      view: status.plan.name,
      watermark: instant(status.watermarkUs),
      held_by: slowest.length === 0 ? null : holder(slowest[0]!),
      sources: slowest.map(describeSource),
    })
  },
}

function eventsBehind({ runtime }: DoorContext, view: string): ReadonlySet<string> {
  const plans = new Map(runtime.views().map(({ plan }) => [plan.name, plan]))
  return new Set(behindView(view, plans).events)
}

/** No watermark yet is the slowest. */
function compare(a: bigint | null, b: bigint | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}

/** Partition null: all of them are idle. */
const holder = ({ contract, watermarkHeldBy: held }: EventStatus) => {
  return { event: contract.name, partition: held?.partition ?? null, since: sinceOf(held) }
}

const sinceOf = (held: EventStatus["watermarkHeldBy"]) => (held === null ? null : instantOfMs(held.sinceMs))

function describeSource(status: EventStatus) {
  return {
    event: status.contract.name,
    watermark: instant(status.watermarkUs),
    out_of_orderness_ms: status.contract.outOfOrdernessMs,
    holding_partition: status.watermarkHeldBy?.partition ?? null,
    held_since: sinceOf(status.watermarkHeldBy),
    partitions: status.partitions.map(({ durableEnd, processed, idle }, partition) => {
      return { partition, end: durableEnd, processed, idle }
    }),
  }
}
