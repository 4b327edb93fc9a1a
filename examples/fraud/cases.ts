/** What SQL cannot say: how much a card may spend before somebody looks depends on who has looked before. */
import { decimal, int32, process } from "millrace"
import { z } from "zod"
import { payment } from "./events.ts"

const HOUR = 3_600_000
/** A case is closed when the card was quiet for so long. */
const QUIET = 6 * HOUR

export const cases = process("cases", {
  description:
    "A card has spent more than its limit since it was last quiet for six hours: a thousand euros at " +
    "first, and twice as much each time.",
  from: payment,
  columns: ["amount"],
  key: "card",
  state: z.object({
    cents: z.number(),
    limitCents: z.number(),
    level: z.number(),
    quietAt: z.number().nullable(),
  }),
  initial: { cents: 0, limitCents: 100_000, level: 0, quietAt: null },
  stateBound: { timeToLive: "2 days" },
  output: z.object({ card: z.string(), level: int32(), spent: decimal(12, 2) }),
  sideOutputs: { closed: z.object({ card: z.string(), level: int32(), spent: decimal(12, 2) }) },
  version: 1,
  onRow(ctx, { amount }) {
    const { state } = ctx
    state.cents += Math.round(Number(amount) * 100)
    if (state.quietAt !== null) ctx.deleteEventTimer(state.quietAt)
    state.quietAt = ctx.time + QUIET
    ctx.setEventTimer(state.quietAt)
    if (state.cents <= state.limitCents) return
    state.level++
    state.limitCents *= 2
    ctx.emit({ card: ctx.key, level: state.level, spent: euros(state.cents) })
  },
  onEventTimer(ctx) {
    const { level, cents } = ctx.state
    if (level > 0) ctx.output("closed", { card: ctx.key, level, spent: euros(cents) })
    ctx.clear()
  },
})

const euros = (cents: number): string => (cents / 100).toFixed(2)
