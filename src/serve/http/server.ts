/**
 * The HTTP server of a running platform: Fastify with our routes, our guard, and every failure as a problem.
 * It listens on loopback only. Bodies are read by the routes themselves, as bytes.
 */
import type { AddressInfo } from "node:net"
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import { fastify } from "fastify"
import type { Quality } from "../../quality/quality.ts"
import type { LakeService } from "../../runners/archiver/lake-service.ts"
import type { Checks } from "../../runners/clickhouse/checks.ts"
import type { Runtime } from "../../runners/runtime.ts"
import type { StoreService } from "../../runners/store-service.ts"
import type { EventTrail } from "../../runners/trail/event-trail.ts"
import type { Clock, Scheduler } from "../../std/clock.ts"
import { isPlatformError } from "../../std/errors.ts"
import { readStaticFiles } from "../../std/node/static-files.ts"
import type { Queries } from "../../stores/hot/queries.ts"
import type { Backups } from "../backups.ts"
import { bindRefused, malformedRequest, portRefused, portTaken, unsupportedMediaType } from "../errors.ts"
import * as limits from "../limits.ts"
import { StreamRegistry } from "../live/stream-registry.ts"
import { ReadTally } from "../read-tally.ts"
import { BodyBudget } from "./body-budget.ts"
import { answerClientError } from "./client-error.ts"
import { guardRequest } from "./guard.ts"
import { HttpMetrics } from "./http-metrics.ts"
import { isLoopbackAddress } from "./loopback.ts"
import { PROBLEM_TYPE, problemOf, problemText } from "./problem.ts"
import type { DoorContext, Route } from "./route.ts"
import { ROUTES } from "./routes.ts"
import { unmatched } from "./unmatched.ts"

export interface HttpOptions {
  readonly runtime: Runtime
  /** @default null: POST /v1/backups says that there are none */
  readonly backups?: Backups | null
  /** @default null: POST /v1/query says that there is no store */
  readonly queries?: Queries | null
  /** @default null: GET /v1/lake says that there is none */
  readonly lake?: LakeService | null
  /** @default null: the project goes without a store */
  readonly store?: StoreService | null
  /** @default null: verify and why say that there is no store */
  readonly checks?: Checks | null
  /** @default null: where an event went cannot be told; the route answers not-ready */
  readonly trail?: EventTrail | null
  /** `localhost`, an address of 127.0.0.0/8, or `::1`. @default "127.0.0.1" */
  readonly host?: string
  /** 0 lets the system choose. */
  readonly port: number
  /** Goes on to the next ports when this one is taken. @default false */
  readonly portFallback?: boolean
  readonly clock: Clock
  readonly scheduler: Scheduler
  /** The built page; null, or a folder without index.html, serves a page that says so. */
  readonly pageDirectory: string | null
  readonly version: string
  /** What the user calls the project. @default null */
  readonly project?: string | null
  /** Bugs, and failures of streams that were already open. @default writes nothing */
  readonly onFailure?: (error: unknown, where: string) => void
  readonly limits?: DoorLimits
  /** Ledger, dead letters and replays. @default null: their routes answer not-ready */
  readonly quality?: Quality | null
}

/** Limits that a test or a small machine sets lower; the defaults are the constants of limits.ts. */
export interface DoorLimits {
  readonly streams?: number
  readonly bufferedBodyBytes?: number
  readonly headersTimeoutMs?: number
  readonly requestTimeoutMs?: number
  readonly timeoutCheckMs?: number
}

export interface HttpServer extends AsyncDisposable {
  readonly host: string
  readonly port: number
  /** http://127.0.0.1:4600 */
  readonly url: string
  /** Ends event streams, lets requests in work finish for CLOSE_GRACE_MS, then cuts what is left. */
  close(): Promise<void>
}

/** @throws bind-refused, port-taken, port-refused, page-too-large */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const host = listenAddress(options.host ?? "127.0.0.1")
  const context = contextOf(options)
  const app = buildApp(context, options.limits ?? {})
  await listen(app, host, options)
  const { port } = app.server.address() as AddressInfo
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}`
  let closing: Promise<void> | null = null
  const close = () => {
    closing ??= closeServer(app, context)
    return closing
  }
  return { host, port, url, close, [Symbol.asyncDispose]: close }
}

/**
 * One address for `localhost`, so that what it means does not hang on the system's files. @throws
 * bind-refused
 */
function listenAddress(host: string): string {
  if (!isLoopbackAddress(host)) throw bindRefused(host)
  return host.toLowerCase() === "localhost" ? "127.0.0.1" : host
}

function contextOf(options: HttpOptions): DoorContext {
  const { runtime, clock, scheduler, version, pageDirectory } = options
  const { streams = limits.MAX_STREAMS, bufferedBodyBytes = limits.MAX_BUFFERED_BODY_BYTES } =
    options.limits ?? {}
  return {
    runtime,
    backups: options.backups ?? null,
    queries: options.queries ?? null,
    lake: options.lake ?? null,
    store: options.store ?? null,
    checks: options.checks ?? null,
    trail: options.trail ?? null,
    clock,
    scheduler,
    version,
    project: options.project ?? null,
    page: pageDirectory === null ? null : readStaticFiles(pageDirectory, { maxBytes: limits.MAX_PAGE_BYTES }),
    bodies: new BodyBudget(bufferedBodyBytes),
    streams: new StreamRegistry(scheduler, { limit: streams }),
    metrics: new HttpMetrics(),
    reads: new ReadTally(),
    quality: options.quality ?? null,
    routes: ROUTES,
    onFailure: options.onFailure ?? (() => {}),
  }
}

function buildApp(context: DoorContext, given: DoorLimits): FastifyInstance {
  const app = fastify({
    logger: false,
    http: {
      maxHeaderSize: limits.MAX_HEADER_BYTES,
      headersTimeout: given.headersTimeoutMs ?? limits.HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: given.timeoutCheckMs ?? limits.TIMEOUT_CHECK_MS,
      // The guard answers a missing Host with a problem.
      requireHostHeader: false,
    },
    requestTimeout: given.requestTimeoutMs ?? limits.REQUEST_TIMEOUT_MS,
    keepAliveTimeout: limits.KEEP_ALIVE_MS,
    forceCloseConnections: "idle",
    return503OnClosing: false,
    exposeHeadRoutes: false,
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => sendProblem(context, error, request, reply),
    routerOptions: { maxParamLength: limits.MAX_HEADER_BYTES, querystringParser: () => ({}) },
  })
  app.server.maxConnections = limits.MAX_CONNECTIONS
  app.removeAllContentTypeParsers()
  app.addContentTypeParser("*", (_request, _payload, done) => done(null))
  app.addHook("onRequest", (request, reply, done) => {
    setCommonHeaders(reply)
    guardRequest(request.raw)
    done()
  })
  app.addHook("onResponse", (request, reply, done) => {
    countRequest(context, request, reply)
    done()
  })
  app.setErrorHandler((error, request, reply) => sendProblem(context, error, request, reply))
  app.setNotFoundHandler((request) => {
    throw unmatched(context.routes, request.method, pathOf(request))
  })
  for (const route of context.routes) addRoute(app, context, route)
  return app
}

function addRoute(app: FastifyInstance, context: DoorContext, route: Route): void {
  const withHead = route.method === "GET" && route.stream !== true
  app.route({
    method: withHead ? ["GET", "HEAD"] : route.method,
    url: route.path,
    handler: (request, reply) => route.handle(context, request, reply),
  })
}

function setCommonHeaders(reply: FastifyReply): void {
  reply.header("cache-control", "no-store")
  reply.header("x-content-type-options", "nosniff")
  reply.header("cross-origin-resource-policy", "same-origin")
}

function countRequest({ metrics, routes }: DoorContext, request: FastifyRequest, reply: FastifyReply): void {
  const path = request.routeOptions.url
  const known = path !== undefined
  const stream = known && routes.some((route) => route.path === path && route.stream === true)
  const seconds = stream ? null : reply.elapsedTime / 1_000
  metrics.countRequest(request.method, path ?? "unmatched", reply.statusCode, seconds)
}

function sendProblem(context: DoorContext, error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const failure = fromFramework(error, request)
  if (!isPlatformError(failure) || failure.domain === "internal") {
    context.onFailure(failure, `${request.method} ${pathOf(request)}`)
  }
  const problem = problemOf(failure, pathOf(request))
  reply.code(problem.status).headers(problem.headers).header("content-type", PROBLEM_TYPE)
  return reply.send(problemText(problem))
}

/** Fastify's own refusals, of which few are left because bodies and queries are read by us. */
function fromFramework(error: unknown, request: FastifyRequest): unknown {
  if (isPlatformError(error) || !(error instanceof Error)) return error
  const { code, statusCode, message } = error as Error & { code?: string; statusCode?: number }
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") return unsupportedMediaType(request.headers["content-type"])
  if (code?.startsWith("FST_") === true && statusCode !== undefined && statusCode < 500) {
    return malformedRequest(message)
  }
  return error
}

function pathOf(request: FastifyRequest): string {
  return (request.raw.url ?? "").split("?", 1)[0] ?? ""
}

async function listen(app: FastifyInstance, host: string, options: HttpOptions): Promise<void> {
  const attempts = options.portFallback === true && options.port !== 0 ? limits.PORT_ATTEMPTS : 1
  const last = Math.min(options.port + attempts - 1, 65_535)
  for (let port = options.port; ; port++) {
    try {
      await app.listen({ host, port })
      return
    } catch (error) {
      const taken = (error as NodeJS.ErrnoException).code === "EADDRINUSE"
      if (taken && port < last) continue
      await app.close()
      throw taken ? portTaken(host, options.port, error) : portRefused(host, port, error)
    }
  }
}

async function closeServer(app: FastifyInstance, { streams, scheduler }: DoorContext): Promise<void> {
  streams.closeAll()
  const cut = scheduler.after(limits.CLOSE_GRACE_MS, () => app.server.closeAllConnections())
  await app.close()
  cut.cancel()
}
