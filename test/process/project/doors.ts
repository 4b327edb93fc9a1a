/** Doors that are opened and closed; one that stays open is told of by the clock, then by event time. */
import { event, int32, process, timestamp, view } from "millrace"
import { z } from "zod"

export const door = event("door", {
  schema: z.object({ id: z.string(), door: z.string(), open: z.boolean(), at: timestamp({ unit: "ms" }) }),
  id: "id",
  time: "at",
  key: "door",
})

export const openDoors = process("open_doors", {
  from: door,
  key: "door",
  state: z.object({ times: z.number(), alarm: z.number().nullable() }),
  initial: { times: 0, alarm: null },
  stateBound: { timeToLive: "1 day" },
  output: z.object({ door: z.string(), times: int32() }),
  sideOutputs: { closed: z.object({ door: z.string(), times: int32() }) },
  version: 1,
  onRow(ctx, row) {
    if (row.door === "broken") throw new Error("the door is broken")
    ctx.state.times++
    if (row.open) {
      ctx.state.alarm ??= ctx.processingTime + 400
      ctx.setProcessingTimer(ctx.state.alarm)
      return
    }
    if (ctx.state.alarm !== null) ctx.deleteProcessingTimer(ctx.state.alarm)
    ctx.state.alarm = null
    ctx.setEventTimer(ctx.time + 1_000)
  },
  onEventTimer(ctx) {
    ctx.output("closed", { door: ctx.key, times: ctx.state.times })
  },
  onProcessingTimer(ctx) {
    ctx.emit({ door: ctx.key, times: ctx.state.times })
    ctx.state.alarm = null
  },
})

export const alarms = view("alarms", {
  sql: "SELECT door, count(*) AS n FROM open_doors GROUP BY door",
  state: "unbounded",
})
