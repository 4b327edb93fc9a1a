/**
 * Requests and answers over a connection, as an argument: bytes go out whole, the answer comes as a stream.
 * A connection that cannot be made, or breaks, is thrown as transport-failed, also in the middle of a body.
 */
import { PlatformError } from "./errors.ts"

export interface TransportRequest {
  readonly method: "GET" | "POST"
  /** Path and query, percent-encoded. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  /** Sent one behind the other. */
  readonly body: readonly Uint8Array[]
  /** Aborting closes the connection; what waits for it is thrown the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

export interface TransportAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  /** Read it to the end, or leave the loop: either gives the connection back. */
  readonly body: AsyncIterable<Uint8Array>
}

export interface Transport extends AsyncDisposable {
  send(request: TransportRequest): Promise<TransportAnswer>
}

export function transportFailed(where: string, cause: unknown): PlatformError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new PlatformError({
    code: "transport-failed",
    domain: "external",
    retry: true,
    message: `the connection to ${where} failed (${reason}); it is made again with the next request`,
    details: { where },
    cause,
  })
}
