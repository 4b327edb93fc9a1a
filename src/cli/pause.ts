/** Waiting that Ctrl-C ends at once. */
import { setTimeout } from "node:timers/promises"

/** Resolves after `ms`, or as soon as `signal` is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  try {
    await setTimeout(ms, undefined, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
