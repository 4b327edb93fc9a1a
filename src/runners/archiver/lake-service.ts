/** The lake as the doors and the query room see it. */
import type { LakeMoment, LakeSource } from "../../stores/lake/lake-source.ts"
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

export interface LakeService {
  status(): LakeStatus
  metrics(): readonly MetricSample[]
  /**
   * What stands behind FROM for an event's history, now or as of a time or snapshot.
   * @throws PlatformError unknown-lake-table, unknown-snapshot
   */
  source(event: string, moment?: LakeMoment): LakeSource
}
