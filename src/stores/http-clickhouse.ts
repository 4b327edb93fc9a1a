/**
 * ClickHouse over its HTTP interface (https://clickhouse.com/docs/interfaces/http): the statement in the
 * body, or in `query` when the body is data; settings and `param_*` in the URL. Whoever answers, the
 * embedded host or a server, is the same to this file.
 */
import { isPlatformError } from "../std/errors.ts"
import type { Random } from "../std/random.ts"
import type { Transport, TransportAnswer } from "../std/transport.ts"
import type {
  ClickHouse,
  ClickHouseRole,
  InsertRequest,
  QueryAnswer,
  QueryOptions,
  StatementOptions,
} from "./clickhouse.ts"
import { quoteName, readAll } from "./clickhouse.ts"
import { type ClickHouseFailure, statementError, storeUnavailable } from "./errors.ts"
import { holdBackException } from "./late-exception.ts"
import { parameterText } from "./parameter-text.ts"

export interface ClickHouseUser {
  readonly name: string
  readonly password: string
}

export interface HttpClickHouseOptions {
  readonly transport: Transport
  /** Who asks, by role. */
  readonly users: Readonly<Record<ClickHouseRole, ClickHouseUser>>
  /** For query ids. */
  readonly random: Random
  /** Of the embedded host: where it settles statements. A server kills them. */
  readonly settlePath?: string
}

/** Kills of statements that take their time to end; each waits for those that it found. */
const MAX_KILLS = 100

/** An insert answers when it is written. A reader sets nothing that it need not. */
const SETTINGS: Readonly<Record<ClickHouseRole, Readonly<Record<string, number>>>> = {
  internal: { async_insert: 0 },
  reader: {},
}

/** In the order of the pieces of a request. */
interface Sending {
  readonly sql: string
  readonly options: StatementOptions & { readonly format?: string }
  /** Data behind the statement; null when there is none and the statement itself is the body. */
  readonly data: readonly Uint8Array[] | null
}

export class HttpClickHouse implements ClickHouse {
  readonly #transport: Transport
  readonly #users: HttpClickHouseOptions["users"]
  readonly #random: Random
  readonly #settlePath: string | null

  constructor({ transport, users, random, settlePath }: HttpClickHouseOptions) {
    this.#settlePath = settlePath ?? null
    this.#transport = transport
    this.#users = users
    this.#random = random
  }

  async command(sql: string, options: StatementOptions = {}): Promise<void> {
    const { body } = await this.#run({ sql, options, data: null })
    await readAll(body)
  }

  async insert({ table, columns, format, body, ...options }: InsertRequest): Promise<void> {
    const sql = `INSERT INTO ${table} (${columns.map(quoteName).join(", ")}) FORMAT ${format}`
    await readAll((await this.#run({ sql, options, data: body })).body)
  }

  async query(sql: string, options: QueryOptions): Promise<QueryAnswer> {
    return this.#run({ sql, options, data: null })
  }

  async kill(queryId: string): Promise<boolean> {
    // The embedded engine gives ids of its own; the id that we know is also the comment of the statement.
    const answer = await this.query(
      "KILL QUERY WHERE query_id = {id:String} OR Settings['log_comment'] = {id:String} ASYNC",
      { format: "TabSeparated", parameters: { id: queryId } },
    )
    return (await readAll(answer.body)).length > 0
  }

  async settle(prefix: string): Promise<void> {
    if (this.#settlePath !== null) {
      const target = `${this.#settlePath}?${new URLSearchParams({ prefix })}`
      const answer = await this.#send({ method: "POST", target, headers: {}, body: [] }, prefix)
      await readAll(answer.body)
      if (answer.status !== 200) throw storeUnavailable(`it answered ${answer.status} to ${this.#settlePath}`)
      return
    }
    const sql = "KILL QUERY WHERE startsWith(query_id, {prefix:String}) SYNC"
    for (let kill = 0; kill < MAX_KILLS; kill++) {
      const answer = await this.query(sql, { format: "TabSeparated", parameters: { prefix } })
      if ((await readAll(answer.body)).length === 0) return
    }
    throw storeUnavailable("an earlier statement of the same table does not end")
  }

  async version(): Promise<string> {
    const { body } = await this.query("SELECT version()", { format: "TabSeparated" })
    return new TextDecoder().decode(await readAll(body)).trim()
  }

  async #run({ sql, options, data }: Sending): Promise<QueryAnswer> {
    const queryId = options.queryId ?? this.#queryId()
    const { role = "internal" } = options
    const user = this.#users[role]
    const url = new URLSearchParams({ query_id: queryId, log_comment: queryId })
    if (data !== null) url.set("query", sql)
    if (options.format !== undefined) url.set("default_format", options.format)
    for (const [name, value] of Object.entries({ ...SETTINGS[role], ...options.settings })) {
      url.set(name, typeof value === "boolean" ? String(Number(value)) : String(value))
    }
    for (const [name, value] of Object.entries(options.parameters ?? {})) {
      url.set(`param_${name}`, parameterText(value))
    }
    const answer = await this.#send(
      {
        method: "POST",
        target: `/?${url}`,
        headers: { "x-clickhouse-user": user.name, "x-clickhouse-key": user.password },
        body: data ?? [new TextEncoder().encode(sql)],
        signal: options.signal,
      },
      queryId,
    )
    await throwIfRefused(answer, queryId)
    const format = answer.headers.get("x-clickhouse-format") ?? options.format ?? ""
    return { queryId, format, body: this.#body(answer, queryId, options.signal) }
  }

  async #send(request: Parameters<Transport["send"]>[0], queryId: string): Promise<TransportAnswer> {
    try {
      return await this.#transport.send(request)
    } catch (error) {
      throw unreachable(error, { queryId, signal: request.signal })
    }
  }

  async *#body(answer: TransportAnswer, queryId: string, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    const tag = answer.headers.get("x-clickhouse-exception-tag") ?? null
    try {
      for await (const piece of holdBackException(answer.body, tag)) {
        if (piece instanceof Uint8Array) yield piece
        else throw statementError({ ...piece, queryId })
      }
    } catch (error) {
      throw unreachable(error, { queryId, signal })
    }
  }

  #queryId(): string {
    const words = Array.from({ length: 4 }, () => this.#random.uint32().toString(16).padStart(8, "0"))
    return words.join("")
  }
}

async function throwIfRefused(answer: TransportAnswer, queryId: string): Promise<void> {
  const code = Number(answer.headers.get("x-clickhouse-exception-code") ?? 0)
  if (answer.status === 200 && code === 0) return
  const text = new TextDecoder().decode(await readAll(answer.body))
  if (code === 0 && answer.status >= 502) throw storeUnavailable(`it answered ${answer.status}: ${text}`)
  throw statementError({ clickhouseCode: code, text: plainText(text), queryId })
}

/** Without "Code: 47. DB::Exception:" in front and the version behind. */
export function plainText(text: string): string {
  return text
    .trim()
    .replace(/^(Code: \d+\. )?DB::Exception: /, "")
    .replace(/ \(version [^)]*(\([^)]*\))?\)$/, "")
}

function unreachable(
  error: unknown,
  { queryId, signal }: { queryId: string; signal: AbortSignal | undefined },
): unknown {
  if (signal?.aborted === true) {
    const failure: ClickHouseFailure = { clickhouseCode: 394, text: "its caller gave up", queryId }
    return statementError(failure)
  }
  if (!isPlatformError(error, "transport-failed")) return error
  return storeUnavailable(error.message, error)
}
