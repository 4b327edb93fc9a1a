/** The log for the rest of the house. */
export { type InlineLogOptions, openInlineLog } from "./embedded/inline-log.ts"
export { DEFAULT_LIMITS, type LogLimits } from "./embedded/limits.ts"
export type { Verify } from "./embedded/recovery.ts"
export { openThreadedLog, type ThreadedLogOptions } from "./embedded/threaded-log.ts"
