/**
 * Runs ad-hoc queries: through the gate, with their parameters, under the limits, one slot each. Every query
 * that was begun ends in the engine too: by its end, a failure, its time limit, cancel(), or a caller who has
 * gone.
 */
import type { Clock, Scheduler } from "../../std/clock.ts"
import type { PlatformError } from "../../std/errors.ts"
import type { Random } from "../../std/random.ts"
import { storeUnavailable } from "../errors.ts"
import { engineFailure } from "./engine-failure.ts"
import { queryCancelled, queryIdTaken, queryParameter, queryTimeout, tooManyQueries } from "./errors.ts"
import { type PassedStatement, passGate } from "./gate/gate.ts"
import type { TableReference } from "./gate/inspect.ts"
import type { StatementReads } from "./gate/statement-reads.ts"
import { LAKE, type LakeViews } from "./lake-views.ts"
import type { Queries, QueryAnswer, QueryRequest, RunningQuery } from "./queries.ts"
import type { QueryEngine } from "./query-engine.ts"
import { engineFormat, formatSettings } from "./query-formats.ts"
import * as limits from "./query-limits.ts"
import { parameterTexts } from "./query-parameters.ts"
import {
  CATALOG_SQL,
  databaseOf,
  hasTables,
  joined,
  lakeTables,
  missingTable,
  readCatalog,
  type TableCatalog,
  withLake,
} from "./query-tables.ts"
import { StreamedAnswer } from "./streamed-answer.ts"
import { type Travel, travel } from "./time-travel/travel.ts"

export interface RunQueriesOptions {
  /** @throws store-unavailable with the reason when there is no engine now */
  readonly engine: () => QueryEngine
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly random: Random
  /** Tables that the project will have, also while the store has yet to make them. @default none */
  readonly declared?: TableCatalog
  /** Null where there is none. @default null */
  readonly lake?: LakeViews | null
  /** @default MAX_RUNNING_QUERIES */
  readonly maxRunning?: number
}

interface Slot extends RunningQuery {
  readonly stop: AbortController
  /** Null while the query is prepared. */
  answer: StreamedAnswer | null
  /** Null before the statement was looked at. */
  travel: Travel | null
}

export class RunQueries implements Queries {
  readonly #options: RunQueriesOptions
  readonly #slots = new Map<string, Slot>()
  /** Statements that passed the gate, the least recently asked first. What passes hangs on the text alone. */
  readonly #passed = new Map<string, PassedStatement>()
  /** Without the lake, whose tables are made when they are asked for. */
  #stored: TableCatalog = new Map()

  constructor(options: RunQueriesOptions) {
    this.#options = options
  }

  async run(request: QueryRequest): Promise<QueryAnswer> {
    const engine = this.#options.engine()
    const slot = this.#take(request)
    const { id } = slot
    const leave = () => void this.cancel(id)
    request.signal.addEventListener("abort", leave, { once: true })
    const { timeoutMs } = request
    const late = this.#options.scheduler.after(timeoutMs, () => this.#stop(slot, queryTimeout(timeoutMs)))
    const onEnd = () => {
      late.cancel()
      request.signal.removeEventListener("abort", leave)
      this.#slots.delete(id)
      slot.travel?.[Symbol.dispose]()
    }
    try {
      if (request.signal.aborted) leave()
      const { body, reads } = await this.#begin(engine, slot, request, onEnd)
      await body.begin(limits.HELD_BACK_BYTES)
      return { queryId: id, body, reads }
    } catch (error) {
      onEnd()
      throw engineFailure(error, timeoutMs)
    }
  }

  cancel(id: string): boolean {
    const slot = this.#slots.get(id)
    if (slot !== undefined) this.#stop(slot, queryCancelled(id))
    return slot !== undefined
  }

  running(): readonly RunningQuery[] {
    return [...this.#slots.values()].map(({ id, sql, format, startedAtMs }) => ({
      id,
      sql,
      format,
      startedAtMs,
    }))
  }

  #stop(slot: Slot, reason: PlatformError): void {
    slot.stop.abort(reason)
    slot.answer?.stop(reason)
  }

  async #begin(engine: QueryEngine, slot: Slot, request: QueryRequest, onEnd: () => void) {
    slot.travel = await travel(request.sql, this.#options.lake ?? null)
    const { reads, ...query } = await this.#prepare(engine, request, slot.travel)
    const { signal } = slot.stop
    if (signal.aborted) throw signal.reason
    const stream = engine.stream({ ...query, queryId: slot.id, signal })
    const stop = () => slot.stop.abort()
    slot.answer = new StreamedAnswer({ stream, timeoutMs: request.timeoutMs, stop, onEnd })
    return { body: slot.answer, reads }
  }

  /** @throws too-many-queries, query-id-taken, query-parameter */
  #take({ sql, format, queryId }: QueryRequest): Slot {
    const { clock, maxRunning = limits.MAX_RUNNING_QUERIES } = this.#options
    if (queryId !== null && !limits.QUERY_ID.test(queryId)) {
      throw queryParameter(
        "query_id",
        `query_id is "${queryId}"; it must be 1 to 64 letters, digits, or _ . -`,
      )
    }
    if (queryId !== null && this.#slots.has(queryId)) throw queryIdTaken(queryId)
    if (this.#slots.size >= maxRunning) throw tooManyQueries(maxRunning, limits.RETRY_AFTER_MS)
    const id = queryId ?? this.#newId()
    const shown = sql.slice(0, limits.SHOWN_SQL_CHARACTERS)
    const slot = {
      id,
      sql: shown,
      format,
      startedAtMs: clock.nowMs(),
      stop: new AbortController(),
      answer: null,
      travel: null,
    }
    this.#slots.set(id, slot)
    return slot
  }

  #newId(): string {
    const bytes = new Uint8Array(12)
    this.#options.random.fill(bytes)
    return `q-${Buffer.from(bytes).toString("hex")}`
  }

  /** Gate, parameters, tables, settings. */
  async #prepare(engine: QueryEngine, request: QueryRequest, { sql, views }: Travel) {
    const passed = await this.#pass(engine, sql)
    const params = parameterTexts(passed.parameters, request.params)
    const statement = { ...passed, tables: passed.tables.filter((table) => !isOneOf(views, table)) }
    const { lake = null } = this.#options
    const inLake = lake?.names() ?? new Set<string>()
    const database = await this.#databaseOf(engine, statement, inLake)
    for (const name of lakeTables(statement, database, inLake)) await lake?.showPresent(name)
    return {
      reads: readsOf(passed, database),
      sql: statement.sql,
      params,
      database,
      format: engineFormat(request.format),
      settings: { ...formatSettings(request.numbers), ...limitSettings(request) },
    }
  }

  async #pass(engine: QueryEngine, text: string): Promise<PassedStatement> {
    const known = this.#passed.get(text)
    const statement = known ?? (await passGate(text, (sql, params) => engine.ask(sql, params)))
    this.#passed.delete(text)
    this.#passed.set(text, statement)
    for (const oldest of this.#passed.keys()) {
      if (this.#passed.size <= limits.MAX_REMEMBERED_STATEMENTS) break
      this.#passed.delete(oldest)
    }
    return statement
  }

  /** The catalog is read again when it lacks a table: tables come when a project is deployed. */
  async #databaseOf(
    engine: QueryEngine,
    statement: PassedStatement,
    inLake: ReadonlySet<string>,
  ): Promise<string | null> {
    const { declared = new Map() } = this.#options
    const others = { tables: statement.tables.filter((table) => table.database !== LAKE) }
    if (this.#stored.size === 0 || !hasTables(others, this.#stored)) {
      this.#stored = readCatalog(await engine.ask(CATALOG_SQL, {}))
    }
    const database = databaseOf(statement, withLake(joined(this.#stored, declared), inLake))
    const missing = missingTable(others, database, this.#stored)
    if (missing !== null) throw storeUnavailable(`it does not have the table ${missing} yet`)
    return database
  }
}

/** What stands right of IN may be a table, all of whose columns are read then. */
function readsOf({ tables, perhapsTables, named }: PassedStatement, database: string | null): StatementReads {
  const found = tables.map((table) => ({ ...table, database: table.database ?? database }))
  return perhapsTables.length === 0
    ? { ...named, tables: found }
    : { ...named, tables: [...found, ...perhapsTables.map((name) => ({ name, database }))], columns: null }
}

function isOneOf(views: ReadonlySet<string>, { database, name }: TableReference): boolean {
  return database === LAKE && views.has(name)
}

function limitSettings({ format, timeoutMs }: QueryRequest): Record<string, string> {
  return {
    max_execution_time: String(timeoutMs / 1_000),
    timeout_overflow_mode: "throw",
    max_memory_usage: String(limits.MAX_QUERY_MEMORY_BYTES),
    max_result_rows: String(format === "json" ? limits.MAX_JSON_ROWS : limits.MAX_STREAMED_ROWS),
    max_result_bytes: String(format === "ndjson" ? 0 : limits.MAX_WHOLE_BYTES),
    result_overflow_mode: "throw",
    allow_introspection_functions: "0",
    allow_ddl: "0",
  }
}
