/** The lake as the doors and the query room see it. */
import type { LakeTables } from "../../stores/hot/lake-views.ts"
import type { MetricSample } from "../runtime.ts"
import type { ArchiverStatus } from "./archiver.ts"

export interface LakeTableStatus {
  readonly event: string
  /** Absolute: what a reader of Iceberg is given. */
  readonly location: string
  readonly rows: number
  readonly files: number
  readonly bytes: number
  /** Oldest first. */
  readonly snapshots: readonly { readonly id: string; readonly atMs: number; readonly operation: string }[]
  /** Next offset that the table does not have, by topic and partition. */
  readonly archived: Readonly<Record<string, readonly number[]>>
  readonly columns: readonly string[]
}

export interface LakeStatus extends ArchiverStatus {
  readonly tables: readonly LakeTableStatus[]
}

export interface LakeService extends LakeTables {
  status(): LakeStatus
  metrics(): readonly MetricSample[]
}
