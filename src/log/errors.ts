/** What the log can answer besides success. One factory per code; docs/errors.md lists them. */
import { PlatformError } from "../std/errors.ts"
import type { OffsetRange } from "./log.ts"

/** Where in the log something is wrong. */
export interface LogPlace {
  readonly file: string
  readonly position: number
  readonly offset: number
}

export function logFull(queuedBytes: number, limitBytes: number): PlatformError {
  return new PlatformError({
    code: "log-full",
    domain: "external",
    retry: true,
    message:
      `the log's queue holds ${queuedBytes} bytes that are not durable yet and takes ${limitBytes}; ` +
      "send again in a moment",
    details: { queuedBytes, limitBytes },
  })
}

/** The request was not acknowledged; the log goes on by itself once the disk works again. */
export function logFailed(reason: string, cause?: unknown): PlatformError {
  return new PlatformError({
    code: "log-failed",
    domain: "external",
    retry: true,
    message:
      `the log could not make the request durable: ${reason}; mend the disk and send again, ` +
      "nothing that was acknowledged is lost",
    details: { reason },
    cause,
  })
}

export function logClosed(): PlatformError {
  return new PlatformError({
    code: "log-closed",
    domain: "user",
    message: "the log is closed; open it again before using it",
  })
}

/** Acknowledged data is damaged. Never repaired silently. */
export function logCorrupt(place: LogPlace, what: string): PlatformError {
  return new PlatformError({
    code: "log-corrupt",
    domain: "external",
    message:
      `the log file ${place.file} is damaged at byte ${place.position} (offset ${place.offset}): ${what}; ` +
      "acknowledged records are affected, so nothing was changed. Restore the file from a backup; to give " +
      "the records up, move the log's folder away and start with an empty one",
    details: { ...place },
  })
}

export function logInUse(directory: string, pid: number): PlatformError {
  return new PlatformError({
    code: "log-in-use",
    domain: "user",
    message: `the log in ${directory} is open in process ${pid}; stop that process, or use another folder`,
    details: { directory, pid },
  })
}

export function offsetOutOfRange(
  topic: string,
  partition: number,
  offset: number,
  range: OffsetRange,
): PlatformError {
  return new PlatformError({
    code: "offset-out-of-range",
    domain: "user",
    message:
      `offset ${offset} of ${topic}/${partition} does not exist; ` +
      `read from ${range.begin} up to ${range.durableEnd}`,
    details: { topic, partition, offset, begin: range.begin, durableEnd: range.durableEnd },
  })
}

export function topicExists(name: string, what: string): PlatformError {
  return new PlatformError({
    code: "topic-exists",
    domain: "user",
    message: `the topic ${name} exists with ${what}; use another name, or the same settings`,
    details: { topic: name },
  })
}

export function topicInvalid(name: string, what: string): PlatformError {
  return new PlatformError({
    code: "topic-invalid",
    domain: "user",
    message: `the topic "${name}" cannot be created: ${what}`,
    details: { topic: name },
  })
}

export function unknownTopic(name: string): PlatformError {
  return new PlatformError({
    code: "unknown-topic",
    domain: "user",
    message: `there is no topic ${name}; create it first`,
    details: { topic: name },
  })
}

export function unknownPartition(topic: string, partition: number, partitions: number): PlatformError {
  return new PlatformError({
    code: "unknown-partition",
    domain: "user",
    message: `the topic ${topic} has partitions 0 to ${partitions - 1}, not ${partition}`,
    details: { topic, partition, partitions },
  })
}

export function writerFenced(topic: string, fence: number | null, current: number): PlatformError {
  const who = fence === null ? "it came without a writer" : `its writer has fence ${fence}`
  return new PlatformError({
    code: "writer-fenced",
    domain: "user",
    message:
      `the append to ${topic} is refused: ${who}, the topic belongs to fence ${current}; ` +
      "open a writer again if this process shall own the topic",
    details: { topic, fence, current },
  })
}

export function keyRequired(topic: string, row: number): PlatformError {
  return new PlatformError({
    code: "key-required",
    domain: "user",
    message: `record ${row} for the compacted topic ${topic} has no key; give every record a key`,
    details: { topic, row },
  })
}

export function recordTooLarge(
  sizeBytes: number,
  limitBytes: number,
  what: "record" | "request",
): PlatformError {
  return new PlatformError({
    code: "record-too-large",
    domain: "user",
    message: `a ${what} of ${sizeBytes} bytes is larger than the limit of ${limitBytes}; send smaller ones`,
    details: { sizeBytes, limitBytes, what },
  })
}
