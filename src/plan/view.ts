/**
 * `view()`: a user's definition of a view as frozen data. Nothing is parsed here; bindProject reads the SQL.
 */
import { parseDuration } from "../std/durations.ts"
import { invalidView } from "./errors.ts"
import type { PatternDefinition } from "./pattern/definition.ts"
import type { Emit } from "./plan.ts"
import type { ProcessView } from "./process/definition.ts"

export interface ViewOptions {
  /** One SELECT statement in PostgreSQL's grammar; docs/sql.md says what it may hold. */
  readonly sql: string
  readonly description?: string
  /** @default "changes" */
  readonly emit?: Emit
  /** How long after a window closed its rows are still corrected, such as "10 minutes". @default "0 s" */
  readonly allowedLateness?: string
  /** Needed when state never goes by itself. "unbounded": a promise that it stays within memory. timeToLive:
   *  rows that wait in a join for partners go when the watermark is so much later, such as "1 day". */
  readonly state?: "unbounded" | { readonly timeToLive: string }
}

export interface ViewDefinition {
  readonly kind: "view"
  readonly name: string
  readonly sql: string
  readonly description: string | null
  readonly emit: Emit
  readonly allowedLatenessMs: number
  readonly state: "bounded" | "unbounded" | { readonly timeToLiveUs: bigint }
  /** What pattern() made it of; `sql` is for people to read then. Null for view(). */
  readonly pattern: PatternDefinition | null
  /** The process that it shows an output of; `sql` is for people to read then. Null for view(). */
  readonly process: ProcessView | null
  /** Where it was written, so that problems can name file and line; null when not known. */
  readonly module: SourceModule | null
}

export interface SourceModule {
  readonly path: string
  readonly text: string
}

/** Of views, patterns and their steps. */
export const NAME = /^[a-z][a-z0-9_]{0,62}$/
/** A month: state of windows that stay open longer belongs into a view without windows. */
const MAX_LATENESS_MS = 31 * 86_400_000
const OPTIONS = new Set(["sql", "description", "emit", "allowedLateness", "state"])

/**
 * @example
 * const delays = view("delays_per_hour", {
 *   sql: `SELECT window_end, origin, avg(delay) AS mean_delay
 *         FROM tumble(flight, scheduled_at, INTERVAL '1 hour')
 *         GROUP BY window_end, origin`,
 *   allowedLateness: "10 minutes",
 * })
 * @throws PlatformError invalid-view, invalid-duration
 */
export function view(name: string, options: ViewOptions): ViewDefinition {
  const problem = viewName(name)
  if (problem !== null) throw invalidView(JSON.stringify(name), problem)
  const { sql, description, emit = "changes", allowedLateness = "0 s", state } = options
  const unknown = Object.keys(options).filter((key) => !OPTIONS.has(key))
  if (unknown.length > 0) throw invalidView(name, `there is no option ${unknown.join(", ")}`)
  if (typeof sql !== "string") throw invalidView(name, "sql is a string that holds a SELECT statement")
  if (emit !== "changes" && emit !== "final") throw invalidView(name, 'emit is "changes" or "final"')
  const allowedLatenessMs = parseDuration(allowedLateness, `allowedLateness of view ${name}`)
  if (allowedLatenessMs > MAX_LATENESS_MS) throw invalidView(name, "allowedLateness is at most 31 days")
  return Object.freeze({
    kind: "view",
    name,
    sql,
    description: description ?? null,
    emit,
    allowedLatenessMs,
    state: stateOf(name, state),
    pattern: null,
    process: null,
    module: null,
  })
}

/** Why something cannot be a view's name; null when it can. */
export function viewName(name: unknown): string | null {
  if (typeof name === "string" && NAME.test(name)) return null
  return "a name is snake_case, 1 to 63 characters, starting with a letter"
}

function stateOf(name: string, state: ViewOptions["state"]): ViewDefinition["state"] {
  if (state === undefined) return "bounded"
  if (state === "unbounded") return state
  const isObject = typeof state === "object" && state !== null
  if (!isObject || Object.keys(state).join() !== "timeToLive" || typeof state.timeToLive !== "string") {
    throw invalidView(name, 'state is "unbounded", { timeToLive: "1 day" }, or left out')
  }
  const timeToLiveMs = parseDuration(state.timeToLive, `state.timeToLive of view ${name}`)
  if (timeToLiveMs <= 0) throw invalidView(name, "state.timeToLive is longer than zero")
  return Object.freeze({ timeToLiveUs: BigInt(timeToLiveMs) * 1_000n })
}

/** The same definition, knowing the module that it was loaded from. */
export function viewInModule(definition: ViewDefinition, module: SourceModule): ViewDefinition {
  return Object.freeze({ ...definition, module: Object.freeze({ ...module }) })
}
