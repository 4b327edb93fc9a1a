/** The engine's error codes. What a user's data can do wrong is a verdict, not an error. */
import { PlatformError } from "../std/errors.ts"

export function checkpointMismatch(what: string): PlatformError {
  return new PlatformError({
    code: "checkpoint-mismatch",
    domain: "internal",
    message: `the checkpoint was written by other operators (${what}); rebuild the views by replay instead`,
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

export function stateFull(neededBytes: number, limitBytes: number): PlatformError {
  return new PlatformError({
    code: "state-full",
    domain: "user",
    message:
      `the engine's state would need ${neededBytes} bytes, its limit is ${limitBytes}; ` +
      "raise the limit, or bound the views by windows",
    details: { neededBytes, limitBytes },
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
