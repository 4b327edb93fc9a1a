/**
 * The platform's HTTP door as commands see it. Failures become words: who does not answer, or what was
 * refused.
 */

import type { Given, Option } from "./command.ts"
import { answerUnreadable, serverRefused, serverUnreachable, wrongUsage } from "./errors.ts"
import type { Terminal } from "./terminal.ts"

const DEFAULT_URL = "http://127.0.0.1:4600"

export const SERVER_OPTIONS: Readonly<Record<string, Option>> = {
  url: { value: "URL", about: `Where the platform answers (default ${DEFAULT_URL}, or MILLRACE_URL).` },
  port: { value: "N", about: "Short for --url http://127.0.0.1:N." },
}

/** An answer to a post: its status, its JSON, and how long to wait when it says so. */
export interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly retryAfterMs: number | null
}

export class Server {
  readonly url: string

  constructor(url: string) {
    this.url = url
  }

  /** The server that the options name. @throws wrong-usage */
  static given(given: Given, terminal: Terminal): Server {
    const port = given.number("port", { from: 1, to: 65_535, whole: true })
    if (port !== null && given.text("url") !== null) throw wrongUsage("give --url or --port, not both")
    const text = port === null ? null : `http://127.0.0.1:${port}`
    const url = text ?? given.text("url") ?? terminal.environment["MILLRACE_URL"] ?? DEFAULT_URL
    if (!URL.canParse(url) || !/^https?:/.test(url)) throw wrongUsage(`"${url}" is not an http URL`)
    return new Server(url.replace(/\/+$/, ""))
  }

  /** @throws server-unreachable, server-refused, answer-unreadable */
  async get(path: string): Promise<Readonly<Record<string, unknown>>> {
    const answer = await this.read(path)
    if (answer.status >= 400) throw refused(answer)
    return answer.body
  }

  /** Like get, but leaves what a status means to the caller. */
  async read(path: string): Promise<Answer> {
    return this.#answer(await this.#fetch(path, {}))
  }

  async post(path: string, body: Uint8Array<ArrayBuffer>, contentType: string): Promise<Answer> {
    return this.#answer(
      await this.#fetch(path, { method: "POST", body, headers: { "content-type": contentType } }),
    )
  }

  /** The answer's bytes as they come, or what was refused. */
  async postForBytes(
    path: string,
    body: string,
    { accept, signal }: { readonly accept: string; readonly signal: AbortSignal },
  ): Promise<AsyncIterable<Uint8Array> | Answer> {
    const headers = { "content-type": "application/json", accept }
    const response = await this.#fetch(path, { method: "POST", body, headers, signal })
    if (response.status >= 400) return this.#answer(response)
    if (response.body === null) throw answerUnreadable(this.url, "the answer has no body")
    return response.body
  }

  /** The body of an event stream, until `signal` ends it. */
  async stream(
    path: string,
    lastEventId: string | null,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    const headers = {
      accept: "text/event-stream",
      ...(lastEventId === null ? {} : { "last-event-id": lastEventId }),
    }
    const response = await this.#fetch(path, { headers, signal })
    if (response.status >= 400) throw refused(await this.#answer(response))
    if (response.body === null) throw answerUnreadable(this.url, "the stream has no body")
    return response.body
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(`${this.url}${path}`, init)
    } catch (error) {
      if (init.signal?.aborted) throw error
      throw serverUnreachable(this.url, reasonOf(error), error)
    }
  }

  async #answer(response: Response): Promise<Answer> {
    const text = await response.text()
    const after = Number(response.headers.get("retry-after"))
    const body = parsed(text)
    if (body === null) throw answerUnreadable(this.url, `HTTP ${response.status} without a JSON object`)
    const exact = body["retry_after_ms"]
    const retryAfterMs = typeof exact === "number" ? exact : after > 0 ? after * 1_000 : null
    return { status: response.status, body, retryAfterMs }
  }
}

/** The error that an answer of 400 and above stands for. */
export function refused({ status, body }: Answer): Error {
  const { code, detail } = body
  return serverRefused(status, {
    code: typeof code === "string" ? code : null,
    detail: typeof detail === "string" ? detail : null,
  })
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    // Whatever answers there is no platform; the caller says so.
    return null
  }
}

/** fetch hides the system's reason one level down. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error
  if (cause instanceof Error) return "code" in cause ? `${cause.code}` : cause.message
  return String(cause)
}
