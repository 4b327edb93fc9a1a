/** How long an event's ids are remembered, and in how much memory. */
import { parseDuration } from "../std/durations.ts"
import { invalidEvent } from "./errors.ts"

/** Enough for about 60 million ids within the window at full speed; only what is needed is taken. */
export const DEFAULT_DEDUP_BYTES = 256 * 1024 * 1024
/** Below it the tables of the newest ids are so small that files become too many. */
export const MIN_DEDUP_BYTES = 16 * 1024 * 1024

export type DedupDefinition =
  | string
  | {
      /** Rows whose id was seen less than this long ago are duplicates. */
      readonly window: string
      /**
       * Memory for the ids of this event, at least 16 MiB. Where it does not do, older ids are looked up on
       * disk: slower, but none is forgotten. @default 256 MiB
       */
      readonly memoryBytes?: number
    }

/** @throws PlatformError invalid-event, invalid-duration */
export function resolveDedup(
  name: string,
  dedup: DedupDefinition | null | undefined,
): { readonly dedupWindowMs: number | null; readonly dedupMemoryBytes?: number } {
  if (dedup === undefined || dedup === null) return { dedupWindowMs: null }
  const { window, memoryBytes, ...others } = typeof dedup === "string" ? { window: dedup } : dedup
  const unknown = Object.keys(others)
  if (unknown.length > 0) {
    throw invalidEvent(name, `dedup: there is no option ${unknown.join(", ")}; write window and memoryBytes`)
  }
  const dedupWindowMs = parseDuration(window, `dedup of event "${name}"`)
  if (dedupWindowMs <= 0)
    throw invalidEvent(name, "dedup: the window is longer than nothing, or leave it out")
  if (memoryBytes === undefined) return { dedupWindowMs }
  if (!Number.isSafeInteger(memoryBytes) || memoryBytes < MIN_DEDUP_BYTES) {
    throw invalidEvent(
      name,
      `dedup.memoryBytes: ${memoryBytes} is not a whole number of at least ${MIN_DEDUP_BYTES} (16 MiB)`,
    )
  }
  return { dedupWindowMs, dedupMemoryBytes: memoryBytes }
}
