/** Answers to what is not HTTP: written on the bare socket, because no request came out of the bytes. */
import type { Socket } from "node:net"
import type { PlatformError } from "../../std/errors.ts"
import { headersTooLarge, malformedRequest, requestTimeout } from "../errors.ts"
import { PROBLEM_TYPE, problemOf, problemText } from "./problem.ts"

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
}

export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable || socket.bytesWritten > 0) {
    // Bytes of an earlier answer may be under way on this connection; more of ours would be read as part of
    // it.
    socket.destroy()
    return
  }
  const problem = problemOf(failureOf(error), null)
  const body = problemText(problem)
  socket.end(
    `HTTP/1.1 ${problem.status} ${REASONS[problem.status] ?? "Bad Request"}\r\n` +
      `Content-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  )
}

function failureOf(error: NodeJS.ErrnoException): PlatformError {
  if (error.code === "HPE_HEADER_OVERFLOW") return headersTooLarge()
  if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") return requestTimeout()
  return malformedRequest(`this is not an HTTP/1.1 request: ${error.message}`)
}
