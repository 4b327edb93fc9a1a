/** Ad-hoc queries of stored data: the interface that doors use. */
import type { StatementReads } from "./gate/statement-reads.ts"
import type { QueryFormat } from "./query-formats.ts"

export interface QueryRequest {
  readonly sql: string
  /** Values of the parameters that the SQL declares as {name:Type}. */
  readonly params: Readonly<Record<string, unknown>>
  readonly format: QueryFormat
  /** How JSON and NDJSON write int64 and decimals. */
  readonly numbers: "string" | "json"
  readonly timeoutMs: number
  /** What cancel() takes; null has one made. */
  readonly queryId: string | null
  /** The caller has gone: the query is cancelled in the engine. */
  readonly signal: AbortSignal
}

export interface QueryAnswer {
  readonly queryId: string
  /**
   * The answer in its format, as the engine makes it. It fails where the engine does; who passes it on breaks
   * off visibly then. Ending the iteration early cancels the query.
   */
  readonly body: AsyncIterable<Uint8Array>
  readonly reads: StatementReads
}

export interface RunningQuery {
  readonly id: string
  readonly sql: string
  readonly format: QueryFormat
  readonly startedAtMs: number
}

export interface Queries {
  /**
   * Resolves when the answer has begun, so that most failures come from here and not from the body.
   * @throws query-refused, query-syntax, query-too-long, unknown-table, query-parameter, query-failed,
   * query-timeout, query-too-large, query-cancelled, query-id-taken, too-many-queries, store-unavailable
   */
  run(request: QueryRequest): Promise<QueryAnswer>
  /** False when no such query runs. */
  cancel(id: string): boolean
  running(): readonly RunningQuery[]
}
