/** The engine's error codes. What a user's data can do wrong is a verdict, not an error. */
import { PlatformError } from "../std/errors.ts"

export function checkpointMismatch(what: string): PlatformError {
  return new PlatformError({
    code: "checkpoint-mismatch",
    domain: "internal",
    message: `the checkpoint ${what}; build the views by replay instead`,
    details: { what },
  })
}

export function checkpointDamaged(part: string, what: string): PlatformError {
  return new PlatformError({
    code: "checkpoint-damaged",
    domain: "external",
    message: `checkpoint part ${part} ${what}; use an older checkpoint, or rebuild the views by replay`,
    details: { part, what },
  })
}

/** An operator and what it holds, in memory and out of it. */
export interface StateHolder {
  readonly name: string
  readonly bytes: number
}

export interface FullState {
  readonly limitBytes: number
  /** Workers, each of which has such a limit. @default 1 */
  readonly workers?: number
  /** Null: it would be within the limit, but pages that have to leave cannot be written. */
  readonly neededBytes: number | null
  /** @default none known */
  readonly holders?: readonly StateHolder[]
  readonly spilledBytes?: number
  readonly cause?: unknown
}

export function stateFull(full: FullState): PlatformError {
  const { neededBytes, limitBytes, workers = 1, holders = [], spilledBytes = 0, cause } = full
  const each = workers === 1 ? "" : ` for each of ${workers} workers`
  const limit = `its limit is ${megabytes(limitBytes)}${each}`
  const what =
    neededBytes === null
      ? `the views' state has to leave memory (${limit}), and the disk is full`
      : `the views' state needs ${megabytes(neededBytes)} of memory, ${limit}`
  const spilled = spilledBytes === 0 ? "" : `; ${megabytes(spilledBytes)} are in the spill file`
  const held = holders.map(({ name, bytes }) => `${name} (${megabytes(bytes)})`).join(", ")
  const most = held === "" ? "" : `; most is of ${held}`
  const room = neededBytes === null ? "make room on the disk, or " : ""
  return new PlatformError({
    code: "state-full",
    domain: "user",
    message: `${what}${spilled}${most}; ${room}raise state.memoryBytes, or bound the views by windows`,
    details: { neededBytes, limitBytes, spilledBytes, holders },
    ...(cause === undefined ? {} : { cause }),
  })
}

/** So many operators are named in a message. */
const NAMED_HOLDERS = 3

export function largestHolders(holders: readonly StateHolder[]): readonly StateHolder[] {
  const kept = holders.filter(({ bytes }) => bytes > 0)
  return kept.sort((a, b) => b.bytes - a.bytes).slice(0, NAMED_HOLDERS)
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}

export function spillFailed(what: "written" | "read", cause: unknown): PlatformError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new PlatformError({
    code: "spill-failed",
    domain: "external",
    message:
      `state that has no room in memory could not be ${what} (${reason}); look after the data folder's ` +
      "disk, then start again: nothing is lost, the last checkpoint and the log have everything",
    details: { what },
    cause,
  })
}

export function stateEntryTooLarge(sizeBytes: number, limitBytes: number): PlatformError {
  return new PlatformError({
    code: "state-entry-too-large",
    domain: "user",
    message:
      `a row of ${sizeBytes} bytes does not fit a page of state (${limitBytes} bytes); ` +
      "keep such values out of views, or shorten them in the view's SQL",
    details: { sizeBytes, limitBytes },
  })
}
