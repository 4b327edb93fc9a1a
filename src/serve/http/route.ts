/** One route as data: what Fastify runs and what /openapi.json says. routes.ts lists them all. */
import type { FastifyReply, FastifyRequest } from "fastify"
import type { Quality } from "../../quality/quality.ts"
import type { LakeService } from "../../runners/archiver/lake-service.ts"
import type { Checks } from "../../runners/clickhouse/checks.ts"
import type { Runtime } from "../../runners/runtime.ts"
import type { StoreService } from "../../runners/store-service.ts"
import type { EventTrail } from "../../runners/trail/event-trail.ts"
import type { Clock, Scheduler } from "../../std/clock.ts"
import type { StaticFile } from "../../std/node/static-files.ts"
import type { Queries } from "../../stores/hot/queries.ts"
import type { Backups } from "../backups.ts"
import type { StreamRegistry } from "../live/stream-registry.ts"
import type { ReadTally } from "../read-tally.ts"
import type { BodyBudget } from "./body-budget.ts"
import type { HttpMetrics } from "./http-metrics.ts"

/** What handlers share; one per server. */
export interface DoorContext {
  readonly runtime: Runtime
  /** Null where the data is not on a disk of ours. */
  readonly backups: Backups | null
  /** Null where there can be no store. */
  readonly queries: Queries | null
  /** Null when the project has none. */
  readonly lake: LakeService | null
  /** Null when the project goes without. */
  readonly store: StoreService | null
  /** Null where there is no store that could check views. */
  readonly checks: Checks | null
  /** Null where there is no ledger. */
  readonly trail: EventTrail | null
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly version: string
  /** What the user calls the project; null when it has no name. */
  readonly project: string | null
  /** By path; null when the page was not built. */
  readonly page: ReadonlyMap<string, StaticFile> | null
  readonly bodies: BodyBudget
  readonly streams: StreamRegistry
  readonly metrics: HttpMetrics
  /** Who has asked for what since the start. */
  readonly reads: ReadTally
  /** Null where there is no ledger. */
  readonly quality: Quality | null
  readonly routes: readonly Route[]
  /** A failure that no caller can be told about, or a bug; goes to the log of the process. */
  readonly onFailure: (error: unknown, where: string) => void
}

export interface Route {
  readonly method: "GET" | "POST" | "DELETE"
  /** In Fastify's spelling: /v1/events/:event */
  readonly path: string
  readonly operation: Operation
  /** True for event streams: no HEAD, not part of request times. @default false */
  readonly stream?: boolean
  handle(context: DoorContext, request: FastifyRequest, reply: FastifyReply): unknown
}

export type JsonSchema = Readonly<Record<string, unknown>>

export interface Operation {
  readonly id: string
  readonly summary: string
  readonly parameters?: readonly Parameter[]
  /** True when the route takes rows; their schemas come from the contracts. */
  readonly takesRows?: boolean
  /** Name of a schema in openapi-schemas.ts: the JSON object that the body is. */
  readonly takes?: string
  /** What can be answered besides 403 (guard) and 500, which every route can. */
  readonly responses: Readonly<Record<number, Answer>>
}

export interface Answer {
  readonly description: string
  /** Name of a schema in openapi-schemas.ts, or `Problem`; null for a body that is not JSON. */
  readonly schema: string | null
  /** @default "application/json", for Problem "application/problem+json" */
  readonly type?: string
}

export interface Parameter {
  readonly name: string
  readonly in: "path" | "query" | "header"
  readonly description: string
  readonly schema: JsonSchema
}

export const EVENT_PARAMETER: Parameter = {
  name: "event",
  in: "path",
  description: "Name of an event.",
  schema: { type: "string" },
}

export const VIEW_PARAMETER: Parameter = {
  name: "view",
  in: "path",
  description: "Name of a view.",
  schema: { type: "string" },
}

/** A failure among the documented answers. */
export function problem(description: string): Answer {
  return { description, schema: "Problem" }
}

/** The value of a path parameter; the router has seen to it that it is there. */
export function pathParameter(request: FastifyRequest, name: string): string {
  return (request.params as Readonly<Record<string, string>>)[name] ?? ""
}
