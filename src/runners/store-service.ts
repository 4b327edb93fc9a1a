/** The store as the doors see it: whether it answers, and how far behind it is. */
import type { ClickHouse } from "../stores/clickhouse.ts"
import type { MetricSample } from "./runtime.ts"

export type StoreState = "starting" | "ready" | "restarting" | "unavailable" | "stopped"

export interface StoreTableStatus {
  /** "events.flight", "views.delays" */
  readonly table: string
  /** waiting: for the store; loading: from the log or a snapshot; following: what comes. */
  readonly state: "waiting" | "loading" | "following"
  /** Why it waits; null when it does not. */
  readonly reason: string | null
  /** Of events: in the views and not in the table yet. Null for views. */
  readonly lagRows: number | null
  /** How old what the table shows is, while something is missing; 0 when nothing is. */
  readonly lagMs: number
  /** Written since the start. */
  readonly writtenRows: number
}

export interface StoreStatus {
  readonly state: StoreState
  /** Null when it is ready. */
  readonly reason: string | null
  /** ClickHouse's; null before its first answer. */
  readonly version: string | null
  /** Times that its process ended by itself. */
  readonly crashes: number
  /** Of the process that hosts it; null while there is none, or where a server is the store. */
  readonly pid: number | null
  readonly tables: readonly StoreTableStatus[]
}

export interface StoreService {
  readonly clickhouse: ClickHouse
  status(): StoreStatus
  metrics(): readonly MetricSample[]
}
