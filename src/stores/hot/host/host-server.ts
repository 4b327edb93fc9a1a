/**
 * ClickHouse's HTTP interface in front of the embedded engine, on a Unix socket: the subset that
 * host-statement.ts lists, with ClickHouse's headers, so that its own clients can speak to it. One path is
 * ours: POST /settle?prefix= stops the statements whose ids begin so, and answers when they have ended.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { gunzipSync, gzipSync } from "node:zlib"
import { exceptionFrame } from "../../late-exception.ts"
import { type Engine, engineFailure } from "./engine.ts"
import { SETTLE_PATH } from "./host-start.ts"
import { HostRefusal, type HostStatement, readStatement } from "./host-statement.ts"
import { RunningStatements } from "./running-statements.ts"

/** A block of events is a few MB; an insert beyond this is a mistake of ours. */
const MAX_BODY_BYTES = 512 * 2 ** 20
/** As ClickHouse's http_max_uri_size. */
const MAX_HEADER_BYTES = 2 ** 20
const BAD_ARGUMENTS = 36

export function createHostServer(engine: Engine, version: string): Server {
  const running = new RunningStatements()
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    response.setHeader("x-clickhouse-server-display-name", `chdb-${version}`)
    answer({ engine, running }, request, response).catch((error: unknown) => {
      // Only a broken connection or a mistake of ours comes here; either way this answer is over.
      console.error(error)
      response.destroy()
    })
  })
  // Statements take as long as they take; whoever asked hangs up to stop one.
  server.requestTimeout = 0
  server.keepAliveTimeout = 0
  return server
}

interface Host {
  readonly engine: Engine
  readonly running: RunningStatements
}

async function answer(host: Host, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://localhost")
  if (url.pathname === "/ping") return void response.end("Ok.\n")
  if (url.pathname === SETTLE_PATH && request.method === "POST") {
    await host.running.settle(url.searchParams.get("prefix") ?? "")
    return void response.end()
  }
  const hangUp = new AbortController()
  response.on("close", () => hangUp.abort())
  const leave = host.running.enter(url.searchParams.get("query_id") ?? "", hangUp)
  try {
    await run(host.engine, { url, request, response, hangUp: hangUp.signal })
  } finally {
    leave()
  }
}

interface Asked {
  readonly url: URL
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly hangUp: AbortSignal
}

async function run(engine: Engine, { url, request, response, hangUp }: Asked): Promise<void> {
  const started = performance.now()
  let statement: HostStatement
  try {
    if (url.pathname !== "/" || request.method !== "POST") {
      throw new HostRefusal(
        BAD_ARGUMENTS,
        `${request.method} ${url.pathname} is not served here; POST / and GET /ping are`,
      )
    }
    statement = readStatement({
      parameters: url.searchParams,
      user: userOf(request, url),
      body: await bodyOf(request),
    })
  } catch (error) {
    return refuse(response, error)
  }
  await send(response, engine.run(statement, hangUp), {
    statement,
    wantsGzip: /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? "")),
    elapsedNs: () => Math.round((performance.now() - started) * 1e6),
  })
}

interface Sending {
  readonly statement: HostStatement
  readonly wantsGzip: boolean
  elapsedNs(): number
}

/** The headers wait for the first piece, since most statements that fail do so before it. */
async function send(
  response: ServerResponse,
  pieces: AsyncIterable<Uint8Array>,
  sending: Sending,
): Promise<void> {
  const { statement } = sending
  const tag = Math.random().toString(36).slice(2, 18).padEnd(16, "0")
  const start = () => {
    response.setHeader("x-clickhouse-query-id", statement.queryId)
    response.setHeader("x-clickhouse-format", statement.format)
    response.setHeader("x-clickhouse-timezone", "UTC")
    response.setHeader("x-clickhouse-exception-tag", tag)
    response.setHeader("x-clickhouse-summary", JSON.stringify({ elapsed_ns: String(sending.elapsedNs()) }))
  }
  let isStarted = false
  try {
    for await (const piece of pieces) {
      if (!isStarted) start()
      isStarted = true
      const isWhole = !statement.isStreamed
      if (isWhole && sending.wantsGzip) response.setHeader("content-encoding", "gzip")
      if (!response.write(isWhole && sending.wantsGzip ? gzipSync(piece) : piece)) await drained(response)
      if (response.destroyed) return
    }
  } catch (error) {
    if (!isStarted) return refuse(response, error)
    const { code, message } = engineFailure(error)
    const text = message.startsWith("Code:") ? message : `Code: ${code}. ${message}`
    response.end(exceptionFrame(text, tag))
    return
  }
  if (!isStarted) start()
  response.end()
}

/** Nobody waits for ever: a connection that closes counts as drained. */
async function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed) return
  await new Promise<void>((resolve) => {
    const done = () => {
      response.off("drain", done)
      response.off("close", done)
      resolve()
    }
    response.on("drain", done)
    response.on("close", done)
  })
}

function refuse(response: ServerResponse, error: unknown): void {
  const { code, message } = engineFailure(error)
  response.statusCode = STATUS_BY_CODE.get(code) ?? 500
  response.setHeader("x-clickhouse-exception-code", String(code))
  response.setHeader("content-type", "text/plain; charset=UTF-8")
  response.end(message.startsWith("Code:") ? `${message}\n` : `Code: ${code}. ${message}\n`)
}

/** As ClickHouse answers: bad requests, access, what does not exist, too much at once. */
const STATUS_BY_CODE: ReadonlyMap<number, number> = new Map([
  [36, 400],
  [62, 400],
  [47, 404],
  [60, 404],
  [81, 404],
  [164, 500],
  [202, 500],
  [497, 403],
  [516, 403],
])

function userOf(request: IncomingMessage, url: URL): string {
  const header = request.headers["x-clickhouse-user"]
  if (typeof header === "string") return header
  const basic = /^Basic (.+)$/.exec(String(request.headers.authorization ?? ""))?.[1]
  if (basic !== undefined) return Buffer.from(basic, "base64").toString("utf8").split(":")[0] ?? ""
  return url.searchParams.get("user") ?? "reader"
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let total = 0
  for await (const piece of request) {
    total += (piece as Uint8Array).length
    if (total > MAX_BODY_BYTES)
      throw new HostRefusal(BAD_ARGUMENTS, `the body has more than ${MAX_BODY_BYTES} bytes`)
    pieces.push(piece as Uint8Array)
  }
  const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
  if (request.headers["content-encoding"] !== "gzip") return bytes
  return gunzipSync(bytes, { maxOutputLength: MAX_BODY_BYTES })
}
