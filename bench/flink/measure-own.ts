/** What the engine takes for a query from NDJSON bodies in memory, from an empty state to the last event. */
import { createJsonDecoder } from "../../src/contracts/json/decoder.ts"
import type { ViewPlan } from "../../src/plan/plan.ts"
import { NEXMARK_EVENTS } from "../../test/nexmark/columns.ts"
import { nexmarkEvent } from "../../test/nexmark/generator.ts"
import { decodedSlices, nexmarkPosts, type Posts } from "../nexmark/posts.ts"
import { EPOCH_EVENTS, NEXMARK_OPTIONS, QueryRun } from "../nexmark/query-run.ts"

export interface EpochOfPosts {
  readonly posts: Posts
  readonly events: number
  /** Of the last event. */
  readonly timeMs: number
}

export function epochsOf(events: number): EpochOfPosts[] {
  const epochs: EpochOfPosts[] = []
  for (let from = 0; from < events; from += EPOCH_EVENTS) {
    const to = Math.min(events, from + EPOCH_EVENTS)
    const posts = nexmarkPosts(from, to, NEXMARK_OPTIONS)
    epochs.push({ posts, events: to - from, timeMs: nexmarkEvent(to - 1, NEXMARK_OPTIONS).row.timeMs })
  }
  return epochs
}

/** Thousand events per second of the processor. */
export function measureOwn(plan: ViewPlan, epochs: readonly EpochOfPosts[]): number {
  const decoders = new Map(NEXMARK_EVENTS.map((event) => [event.name, createJsonDecoder(event)]))
  const run = new QueryRun(plan)
  const before = process.cpuUsage()
  for (const { posts, timeMs } of epochs) run.epoch(decodedSlices(posts, decoders, plan), timeMs)
  const { user, system } = process.cpuUsage(before)
  const events = epochs.reduce((sum, epoch) => sum + epoch.events, 0)
  return (events / (user + system)) * 1_000
}
