/** One request to the twin and its answer: reading JSON, answering it, and failing as the platform fails. */
import type { IncomingMessage, ServerResponse } from "node:http"
import type { TwinState } from "./twin-state.ts"

export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly state: TwinState
  readonly page: string
  readonly declared: boolean
  readonly url: URL
}

export function json(response: ServerResponse, value: object, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value))
}

export interface Failure {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string
  readonly position?: number
}

/** RFC 9457. */
export function fail(response: ServerResponse, failure: Failure): void {
  const body = { type: `urn:millrace:error:${failure.code}`, ...failure }
  response.writeHead(failure.status, { "content-type": "application/problem+json" }).end(JSON.stringify(body))
}

export async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString("utf8")
}
