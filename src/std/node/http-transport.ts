/** HTTP/1.1 with connections that are kept: over a Unix socket, or to an http(s) URL. */
import * as http from "node:http"
import * as https from "node:https"
import { type Transport, type TransportAnswer, type TransportRequest, transportFailed } from "../transport.ts"

export type HttpEndpoint =
  | { readonly kind: "socket"; readonly path: string }
  /** Without path and query. */
  | { readonly kind: "url"; readonly url: string }

/** Connections to one endpoint; more requests than this wait for a free one. */
const MAX_CONNECTIONS = 32

export class HttpTransport implements Transport {
  readonly #where: string
  readonly #request: typeof http.request
  readonly #agent: http.Agent | https.Agent
  readonly #target: http.RequestOptions

  constructor(endpoint: HttpEndpoint) {
    this.#where = endpoint.kind === "socket" ? endpoint.path : endpoint.url
    const isTls = endpoint.kind === "url" && endpoint.url.startsWith("https:")
    this.#agent = new (isTls ? https.Agent : http.Agent)({ keepAlive: true, maxSockets: MAX_CONNECTIONS })
    this.#request = isTls ? https.request : http.request
    this.#target =
      endpoint.kind === "socket" ? { socketPath: endpoint.path, host: "localhost" } : addressOf(endpoint.url)
  }

  async send(request: TransportRequest): Promise<TransportAnswer> {
    request.signal?.throwIfAborted()
    for (let isFirst = true; ; isFirst = false) {
      const sent = this.#start(request)
      try {
        const answer = await sent.answer
        return {
          status: answer.statusCode ?? 0,
          headers: headersOf(answer),
          body: this.#read(answer, request),
        }
      } catch (error) {
        request.signal?.throwIfAborted()
        // The other side closed a kept connection just as it was used again; nothing of the request was read.
        if (isFirst && sent.isReused() && isReset(error)) continue
        throw transportFailed(this.#where, error)
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy()
  }

  #start({ method, target, headers, body, signal }: TransportRequest) {
    const length = body.reduce((total, piece) => total + piece.length, 0)
    const request = this.#request({
      ...this.#target,
      agent: this.#agent,
      method,
      path: target,
      headers: { ...headers, "content-length": String(length) },
      ...(signal === undefined ? {} : { signal }),
    })
    const answer = new Promise<http.IncomingMessage>((resolve, reject) => {
      request.on("response", resolve)
      request.on("error", reject)
    })
    for (const piece of body) request.write(piece)
    request.end()
    return { answer, isReused: () => request.reusedSocket }
  }

  async *#read(answer: http.IncomingMessage, { signal }: TransportRequest): AsyncIterable<Uint8Array> {
    try {
      for await (const piece of answer) yield piece as Uint8Array
    } catch (error) {
      signal?.throwIfAborted()
      throw transportFailed(this.#where, error)
    }
  }
}

function addressOf(text: string): http.RequestOptions {
  const { hostname, port, protocol } = new URL(text)
  return { host: hostname, port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port) }
}

function headersOf(answer: http.IncomingMessage): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(answer.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : (value ?? ""),
    ]),
  )
}

function isReset(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === "ECONNRESET" || code === "EPIPE"
}
