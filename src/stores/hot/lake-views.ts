/**
 * The tables of database `lake`: views over the lake's data files, made when a query asks for them.
 *
 *   lake.EVENT         the newest snapshot; made again when there is a newer one
 *   lake._ID           one snapshot of one table, for time travel; never changed
 *
 * A view is made with SQL SECURITY NONE: its text is ours and reads exactly the files of a snapshot, while
 * who asks it has the right to read the view and no file (docs/decisions/0020). Files of a snapshot that went
 * stay for the lake's grace, which is as long as the longest query.
 */
import { assert } from "../../std/assert.ts"
import { type ClickHouse, queryRows, quoteName } from "../clickhouse.ts"
import type { LakeMoment, LakeSource } from "../lake/lake-source.ts"
import type { SnapshotMoment } from "../lake/table-metadata.ts"

/** The lake as queries need it. */
export interface LakeTables {
  /** Of events whose history can be asked. */
  names(): readonly string[]
  /** @throws PlatformError unknown-lake-table, unknown-snapshot */
  source(event: string, moment: LakeMoment): LakeSource
}

export interface LakeViewsParts {
  readonly clickhouse: ClickHouse
  readonly lake: LakeTables
  /** @default MAX_KEPT_PAST_VIEWS */
  readonly maxPastViews?: number
}

interface PastView {
  readonly event: string
  /** Queries that run with it. */
  uses: number
}

export const LAKE = "lake"
/** Views of past snapshots that stay for the next query which asks for the same. */
const MAX_KEPT_PAST_VIEWS = 64
/** Ids of snapshots are below 2^53. */
const ID_DIGITS = 11
/** ClickHouse's own limit is 256 KiB, some 3,500 names of files. */
const STATEMENT_SETTINGS = { max_query_size: 256 * 2 ** 20 }

export class LakeViews {
  readonly #parts: LakeViewsParts
  /** What the view of each event shows. */
  readonly #present = new Map<string, string>()
  /** By name, the least recently asked first. */
  readonly #past = new Map<string, PastView>()
  #isReady = false
  /** One after the other, so that no view goes back to an older snapshot. */
  #work: Promise<unknown> = Promise.resolve()

  constructor(parts: LakeViewsParts) {
    this.#parts = parts
  }

  names(): ReadonlySet<string> {
    return new Set(this.#parts.lake.names())
  }

  /**
   * Makes lake.EVENT show the newest snapshot.
   * @throws PlatformError unknown-lake-table, lake-file-corrupt, store-unavailable
   */
  showPresent(event: string): Promise<void> {
    return this.#alone(async () => {
      const source = this.#parts.lake.source(event, null)
      const shown = `${source.snapshot?.["snapshot-id"]} ${JSON.stringify(source.columns)}`
      if (this.#present.get(event) === shown) return
      this.#present.delete(event)
      await this.#make(event, source)
      this.#present.set(event, shown)
    })
  }

  /**
   * The name in `lake` of a table as it was; it stays until `leave` is told the same name.
   * @throws PlatformError unknown-lake-table, unknown-snapshot, store-unavailable
   */
  enterPast(event: string, moment: SnapshotMoment): Promise<string> {
    return this.#alone(async () => {
      const source = this.#parts.lake.source(event, moment)
      const name = pastName(source.snapshot!["snapshot-id"])
      const known = this.#past.get(name)
      assert(known === undefined || known.event === event, "no two tables have a snapshot of the same id")
      if (known === undefined) await this.#make(name, source)
      this.#past.delete(name)
      this.#past.set(name, { event, uses: (known?.uses ?? 0) + 1 })
      await this.#dropUnused()
      return name
    })
  }

  leave(name: string): void {
    const view = this.#past.get(name)
    assert(view !== undefined && view.uses > 0, "who leaves a view has entered it")
    view.uses--
  }

  async #make(name: string, { from, columns }: LakeSource): Promise<void> {
    const { clickhouse } = this.#parts
    if (!this.#isReady) await this.#prepare()
    const structure = columns.map((column) => `${quoteName(column.name)} ${column.type}`).join(", ")
    const head = `CREATE OR REPLACE VIEW ${LAKE}.${quoteName(name)} (${structure}) SQL SECURITY NONE`
    await clickhouse.command(`${head} AS SELECT * FROM ${from}`, { settings: STATEMENT_SETTINGS })
  }

  /** Views of an earlier start may be of files that are gone. */
  async #prepare(): Promise<void> {
    const { clickhouse } = this.#parts
    await clickhouse.command(`CREATE DATABASE IF NOT EXISTS ${LAKE}`)
    const sql = `SELECT name FROM system.tables WHERE database = '${LAKE}'`
    for (const { name } of await queryRows<{ name: string }>(clickhouse, sql)) await this.#drop(name)
    this.#isReady = true
  }

  async #dropUnused(): Promise<void> {
    const { maxPastViews = MAX_KEPT_PAST_VIEWS } = this.#parts
    for (const [name, { uses }] of this.#past) {
      if (this.#past.size <= maxPastViews) return
      if (uses > 0) continue
      await this.#drop(name)
      this.#past.delete(name)
    }
  }

  #drop(name: string): Promise<void> {
    return this.#parts.clickhouse.command(`DROP VIEW IF EXISTS ${LAKE}.${quoteName(name)} SYNC`)
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#work.then(work)
    this.#work = result.catch(() => {})
    return result
  }
}

/** Events begin with a letter; of one length, so that it fits where `AT` and its moment stood. */
function pastName(snapshotId: number): string {
  return `_${snapshotId.toString(36).padStart(ID_DIGITS, "0")}`
}
