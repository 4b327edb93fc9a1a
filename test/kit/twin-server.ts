/** A server over a twin, real sockets and the real clock, for tests of the doors and of clients. */
import { request as httpRequest, type IncomingHttpHeaders } from "node:http"
import { connect } from "node:net"
import type { HttpOptions, HttpServer } from "../../src/serve/http/server.ts"
import { startHttp } from "../../src/serve/http/server.ts"
import { NodeClock } from "../../src/std/node/clock.ts"
import { NodeScheduler } from "../../src/std/node/scheduler.ts"
import { signupsPerPlanAndDay, userSignup } from "./signups.ts"
import { TwinRuntime } from "./twin-runtime.ts"

export interface TwinServer extends AsyncDisposable {
  readonly twin: TwinRuntime
  readonly server: HttpServer
  readonly url: string
  readonly failures: unknown[]
}

export function makeTwin(): TwinRuntime {
  const clock = new NodeClock()
  return new TwinRuntime({
    contracts: [userSignup],
    views: [signupsPerPlanAndDay],
    nowMs: () => clock.nowMs(),
  })
}

export async function startTwinServer(
  options: Partial<HttpOptions> & { readonly twin?: TwinRuntime } = {},
): Promise<TwinServer> {
  const { twin = makeTwin(), ...rest } = options
  const failures: unknown[] = []
  const server = await startHttp({
    runtime: twin,
    port: 0,
    clock: new NodeClock(),
    scheduler: new NodeScheduler(),
    pageDirectory: null,
    version: "0.0.0-test",
    onFailure: (error) => failures.push(error),
    ...rest,
  })
  const close = () => server.close()
  return { twin, server, url: server.url, failures, [Symbol.asyncDispose]: close }
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export interface Sent {
  readonly method?: string
  /** As they are, also Host. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** One request on a connection of its own; fetch would not let us set Host, Origin or Sec-Fetch-Site. */
export function call(url: string, path: string, sent: Sent = {}): Promise<Answer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        host: hostname.replace(/[[\]]/g, ""),
        port,
        path,
        method: sent.method ?? "GET",
        headers: { ...sent.headers },
        agent: false,
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on("data", (chunk: Buffer) => chunks.push(chunk))
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        )
        response.on("error", reject)
      },
    )
    outgoing.on("error", reject)
    outgoing.end(sent.body)
  })
}

export function json(answer: Answer): Record<string, unknown> {
  return JSON.parse(answer.text) as Record<string, unknown>
}

/** POSTs rows as JSON, or a string as NDJSON. */
export function post(
  url: string,
  path: string,
  rows: unknown,
  headers: Readonly<Record<string, string>> = {},
) {
  const lines = typeof rows === "string"
  const type = lines ? "application/x-ndjson" : "application/json"
  const body = lines ? rows : JSON.stringify(rows)
  return call(url, path, { method: "POST", headers: { "content-type": type, ...headers }, body })
}

/** Bytes on a bare socket; all that came back until the server closed, or `quietMs` after the last byte. */
export function rawExchange(
  url: string,
  text: string,
  { quietMs = 200, end = false }: { readonly quietMs?: number; readonly end?: boolean } = {},
): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    let received = ""
    let timer: NodeJS.Timeout | undefined
    const done = () => {
      clearTimeout(timer)
      socket.destroy()
      resolve(received)
    }
    socket.on("data", (chunk) => {
      received += chunk.toString()
      clearTimeout(timer)
      timer = setTimeout(done, quietMs)
    })
    socket.on("close", done)
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNRESET" || error.code === "EPIPE") done()
      else reject(error)
    })
    if (end) socket.end(text)
    else socket.write(text)
  })
}
