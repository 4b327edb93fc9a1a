/** What a producer or a reader can fail with. A code that the server gave is passed on as it is. */
import type { PlatformErrorInit } from "../std/errors.ts"
import { PlatformError } from "../std/errors.ts"

/** Why one row was not taken, or not known to be. */
export class ProducerError extends PlatformError {
  /** Path of the field at fault, "a.b[2]"; null when the whole row is. */
  readonly field: string | null

  constructor(init: PlatformErrorInit & { readonly field?: string | null }) {
    super(init)
    this.name = "ProducerError"
    this.field = init.field ?? null
  }
}

/** Why a view could not be read. */
export class ReaderError extends PlatformError {
  /** Of the answer; null when there was none. */
  readonly status: number | null

  constructor(init: PlatformErrorInit & { readonly status: number | null }) {
    super(init)
    this.name = "ReaderError"
    this.status = init.status
  }
}

export function rowNotJson(event: string, reason: string, cause?: unknown): ProducerError {
  const message = `the row of "${event}" cannot be written as JSON: ${reason}`
  return new ProducerError({ code: "row-not-json", domain: "user", message, cause })
}

export function rowTooLarge(event: string, sizeBytes: number, limitBytes: number): ProducerError {
  const message = `the row of "${event}" has ${sizeBytes} bytes, at most ${limitBytes} can be buffered`
  return new ProducerError({ code: "row-too-large", domain: "user", message })
}

/** The server keeps the row, but no view has it: sending it again would keep it twice. */
export function deadLettered(kept: {
  readonly event: string
  readonly id: string
  readonly field: string | null
  readonly code: string
  readonly message: string
}): ProducerError {
  const { event, id, field, code, message } = kept
  return new ProducerError({
    code: "dead-lettered",
    domain: "user",
    message: `the row of "${event}" was kept as dead letter ${id} and is in no view: ${message}`,
    field,
    details: { event, deadLetter: id, reason: code },
  })
}

export function bufferFull(rows: number): ProducerError {
  const message = `${rows} rows wait for the server; await send(), or send less`
  return new ProducerError({ code: "buffer-full", domain: "external", retry: true, message })
}

export function producerClosed(detail: string): ProducerError {
  return new ProducerError({ code: "producer-closed", domain: "user", message: detail })
}

export function deliveryTimeout(event: string, waitedMs: number, cause: unknown): ProducerError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const message =
    `the server has not taken rows of "${event}" within ${waitedMs} ms (${reason}); ` +
    "a row may have been stored without its receipt having come back"
  return new ProducerError({ code: "delivery-timeout", domain: "external", retry: true, message, cause })
}

export function outcomeUnknown(event: string): ProducerError {
  const message =
    `so many rows of a batch of "${event}" were refused that the server did not name them all; ` +
    "whether this one was is not known"
  return new ProducerError({ code: "outcome-unknown", domain: "external", message })
}

export function unreachable(url: string, cause: unknown): ReaderError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const message = `${url} cannot be reached: ${reason}`
  return new ReaderError({
    code: "unreachable",
    domain: "external",
    retry: true,
    message,
    cause,
    status: null,
  })
}
