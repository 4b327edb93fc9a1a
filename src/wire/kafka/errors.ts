/** What bytes in Kafka's formats can have wrong with them. */
import { PlatformError } from "../../std/errors.ts"

/** The bytes at `position` are not a record batch that we can read; `reason` completes the sentence. */
export function recordBatchInvalid(position: number, reason: string): PlatformError {
  return new PlatformError({
    code: "record-batch-invalid",
    domain: "external",
    message:
      `the record batch at byte ${position} ${reason}; ` +
      "the bytes are damaged or come from an unknown writer",
    details: { position },
  })
}

/** The bytes at `position` are not the headers of a record. */
export function recordHeadersInvalid(position: number, cause: unknown): PlatformError {
  return new PlatformError({
    code: "record-headers-invalid",
    domain: "external",
    message:
      `the record headers at byte ${position} cannot be read; ` +
      "the record is damaged or comes from an unknown writer",
    details: { position },
    cause,
  })
}
