/**
 * Limits that make a few dozen rows spill, close segments and ask filters on disk: for tests and simulations.
 */
import type { DuplicateLimits } from "./limits.ts"

export const TINY_LIMITS: DuplicateLimits = {
  tableBits: 4,
  sliceMs: 1_500,
  slackMs: 100,
  filterBytes: 600,
  knownIds: 16,
}
