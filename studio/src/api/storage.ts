/** Ad-hoc queries of what is stored, and how the hot store and the lake are. */
import { ApiFailure, bodyInit, bodyOf, get, problem, send, wordsOf } from "./http.ts"
import type { Cell } from "./types.ts"

export interface QueryColumn {
  readonly name: string
  /** ClickHouse's own type name. */
  readonly type: string
}

export interface QueryResult {
  readonly meta: readonly QueryColumn[]
  readonly data: readonly Readonly<Record<string, Cell>>[]
  readonly rows: number
  readonly statistics?: {
    readonly elapsed?: number
    readonly rows_read?: number
    readonly bytes_read?: number
  }
}

export interface StoreTable {
  readonly table: string
  readonly state: "waiting" | "loading" | "following"
  readonly reason: string | null
  /** Rows are null for views, which follow by state. */
  readonly lag: { readonly rows: number | null; readonly ms: number }
  /** Since the start. */
  readonly written_rows: number
}

export interface StoreStatus {
  readonly state: "off" | "starting" | "ready" | "restarting" | "unavailable" | "stopped"
  readonly reason: string | null
  readonly version: string | null
  readonly crashes: number
  readonly tables: readonly StoreTable[]
}

export interface LakeTable {
  readonly event: string
  readonly rows: number
  readonly bytes: number
  readonly files: number
  readonly snapshots: readonly { readonly id: string; readonly at: string; readonly operation: string }[]
  /** The next offset to archive of each partition, by topic. */
  readonly archived: Readonly<Record<string, readonly number[]>>
}

export interface LakeStatus {
  /** In the log and not yet in the lake. */
  readonly waiting_records: number
  readonly last_commit_at: string | null
  readonly last_error: { readonly code: string; readonly message: string; readonly at: string } | null
  readonly tables: readonly LakeTable[]
}

export interface QueryRequest {
  readonly sql: string
  readonly id: string
  readonly signal: AbortSignal
}

export async function runQuery({ sql, id, signal }: QueryRequest): Promise<QueryResult> {
  const response = await post({ sql, query_id: id, format: "json" }, signal)
  return (await response.json()) as QueryResult
}

export type FileFormat = "csv" | "parquet"

/** The whole answer as a file. */
export async function queryFile(sql: string, format: FileFormat, signal: AbortSignal): Promise<Blob> {
  return (await post({ sql, format }, signal)).blob()
}

export async function cancelQuery(id: string): Promise<void> {
  await send<unknown>("DELETE", `v1/queries/${encodeURIComponent(id)}`)
}

export function readStore(): Promise<StoreStatus> {
  return get<StoreStatus>("v1/store")
}

export function readLake(): Promise<LakeStatus> {
  return get<LakeStatus>("v1/lake")
}

/** No limit of time here: the platform has one, and the reader can cancel. */
async function post(body: object, signal: AbortSignal): Promise<Response> {
  let response: Response
  try {
    response = await fetch("v1/query", { ...bodyInit("POST", { body }), signal, cache: "no-store" })
  } catch (cause) {
    if (signal.aborted) throw new ApiFailure("cancelled", null, "cancelled")
    throw new ApiFailure(`the platform cannot be reached (${wordsOf(cause)})`, null, null)
  }
  if (!response.ok) throw problem(response, await bodyOf(response))
  return response
}
