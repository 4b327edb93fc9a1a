/** Queries over the ClickHouse face, embedded or a server. */
import type { ClickHouse } from "../clickhouse.ts"
import { readAll } from "../clickhouse.ts"
import type { EngineQuery, QueryEngine } from "./query-engine.ts"

/** What the gate asks runs nothing of the user's, and could change nothing if it did. */
const READ_ONLY = { readonly: 1 }

export class ClickHouseQueryEngine implements QueryEngine {
  readonly #clickhouse: ClickHouse

  constructor(clickhouse: ClickHouse) {
    this.#clickhouse = clickhouse
  }

  /** In the lane of the platform's own statements: it must not wait behind the queries that it judges. */
  async ask(sql: string, params: Readonly<Record<string, string>>): Promise<string> {
    const { body } = await this.#clickhouse.query(sql, {
      format: "TSVRaw",
      settings: { ...inText(params), ...READ_ONLY },
    })
    return new TextDecoder().decode(await readAll(body))
  }

  async *stream(query: EngineQuery): AsyncIterable<Uint8Array> {
    const { sql, database, params, format, settings, queryId, signal } = query
    const { body } = await this.#clickhouse.query(sql, {
      role: "reader",
      format,
      settings: { ...settings, ...inText(params), ...(database === null ? {} : { database }) },
      queryId,
      signal,
    })
    yield* body
  }
}

/** Values that are in ClickHouse's text form already go beside the settings, as they are. */
function inText(params: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(params).map(([name, text]) => [`param_${name}`, text]))
}
