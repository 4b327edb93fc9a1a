/**
 * The errors of this room: one factory per code, documented in docs/errors.md. Bad rows are data, not errors.
 */
import { PlatformError } from "../std/errors.ts"

/** An event definition that cannot work: its name, id, time, key, a limit, or how they fit together. */
export function invalidEvent(event: string, problem: string): PlatformError {
  return new PlatformError({
    code: "invalid-event",
    domain: "user",
    message: `event "${event}": ${problem}`,
    details: { event },
  })
}

export function deadLetterBroken(why: string): PlatformError {
  return new PlatformError({
    code: "dead-letter-broken",
    domain: "internal",
    message: `A dead letter cannot be read: ${why}. Keep the data directory and report this.`,
  })
}

/** A zod schema that has no column type. `problem` ends with what to write instead. */
export function unsupportedField(event: string, field: string, problem: string): PlatformError {
  return new PlatformError({
    code: "unsupported-field",
    domain: "user",
    message: `event "${event}": field "${field}" ${problem}`,
    details: { event, field },
  })
}

export function personalNotSupported(event: string, fields: readonly string[]): PlatformError {
  return new PlatformError({
    code: "personal-not-supported",
    domain: "user",
    message:
      `event "${event}": personal: ${JSON.stringify(fields)} promises that these are sealed with a key per ` +
      "person, and sealing does not exist yet; leave the fields out of the event, or `personal` out of it",
    details: { event, fields },
  })
}

/** The body cannot be taken apart into rows. */
export function bodyNotJson(problem: string, position: number): PlatformError {
  return new PlatformError({
    code: "body-not-json",
    domain: "user",
    message: `the body is not JSON at byte ${position}: ${problem}; nothing of it was taken`,
    details: { position },
  })
}

export function bodyTooLarge(sizeBytes: number, limitBytes: number): PlatformError {
  return new PlatformError({
    code: "body-too-large",
    domain: "user",
    message: `the body has ${sizeBytes} bytes at most ${limitBytes} are decoded at once; send it in parts`,
    details: { sizeBytes, limitBytes },
  })
}

export function invalidLock(problem: string): PlatformError {
  return new PlatformError({
    code: "invalid-lock",
    domain: "user",
    message:
      `millrace.lock.json ${problem}; restore it from version control, or delete it to start a new history ` +
      "(compatibility with what is in the log is then not checked)",
  })
}
