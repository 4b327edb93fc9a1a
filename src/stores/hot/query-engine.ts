/** What queries need of a ClickHouse, whether the embedded one or a server. */

export interface EngineQuery {
  readonly sql: string
  /** Where names without a database are looked up; null when there are none. */
  readonly database: string | null
  /** In ClickHouse's text form, by name without "param_". */
  readonly params: Readonly<Record<string, string>>
  /** ClickHouse's name of the format. */
  readonly format: string
  readonly settings: Readonly<Record<string, string>>
  readonly queryId: string
  readonly signal: AbortSignal
}

export interface QueryEngine {
  /** A statement of the platform's own, which is read only too; resolves with its rows as TSVRaw. */
  ask(sql: string, params: Readonly<Record<string, string>>): Promise<string>
  /**
   * Runs a statement with the rights of a reader. Failures carry ClickHouse's text ("Code: 60. DB::Exception:
   * …") in their message. Aborting the signal, or ending the iteration, stops the query in the engine.
   */
  stream(query: EngineQuery): AsyncIterable<Uint8Array>
}
