/**
 * The store in ClickHouse, embedded or a server. A block is one insert of one Native block, which becomes one
 * part: ClickHouse has all of it or nothing. How far a table has come is the greatest offset or version in
 * it, so data and position cannot part.
 */
import type { Column } from "../../columns/types.ts"
import { assert } from "../../std/assert.ts"
import { type ClickHouse, queryRows, quoteText } from "../clickhouse.ts"
import { storeTableTaken } from "../errors.ts"
import {
  type EventTable,
  eventBlockColumns,
  type HotStore,
  type StoreBlock,
  type StoreNames,
  type ViewTable,
  viewBlockColumns,
  viewShape,
} from "../store.ts"
import {
  alterEventTable,
  cleanViewRows,
  createEventTable,
  createViewRows,
  DATABASES,
  EVENTS_DATABASE,
  qualified,
  type StoredColumn,
  showView,
  type TableComment,
  VIEW_ROWS_DATABASE,
  VIEWS_DATABASE,
} from "./table-statements.ts"

export interface ClickHouseStoreOptions {
  readonly clickhouse: ClickHouse
  /** Names the history that offsets and epochs belong to: rows of another log are no rows of this one. */
  readonly logId: string
}

/** A block is one part however large it is: nothing cuts it on the way. */
const INSERT_SETTINGS = {
  max_block_size: 1_048_576,
  max_insert_block_size: 1_048_576,
  max_insert_threads: 1,
  min_insert_block_size_rows: 0,
  min_insert_block_size_bytes: 0,
}

interface InsertTarget {
  /** Quoted. */
  readonly name: string
  readonly columns: readonly Column[]
  /** What the insert's id begins with. */
  readonly ids: string
}

/** Cleaning writes the whole table anew: not for a few rows, nor a small part of many. */
const LEAST_GONE_ROWS = 10_000
const LEAST_GONE_SHARE = 0.25

export class ClickHouseStore implements HotStore {
  readonly #clickhouse: ClickHouse
  readonly #logId: string
  #databases: Promise<unknown> | null = null
  #inserts = 0
  /** Where the rows of each view are. */
  readonly #viewRows = new Map<string, string>()

  constructor({ clickhouse, logId }: ClickHouseStoreOptions) {
    this.#clickhouse = clickhouse
    this.#logId = logId
  }

  async prepareEvent(table: EventTable): Promise<ReadonlyMap<number, number>> {
    await this.#makeDatabases()
    await this.#clickhouse.settle(this.#insertsOf(EVENTS_DATABASE, table.name))
    const name = qualified(EVENTS_DATABASE, table.name)
    const after: TableComment = { log_id: this.#logId, retention_ms: table.retentionMs }
    const before = await this.#comment(EVENTS_DATABASE, table.name)
    if (before === null && (await this.#tables(EVENTS_DATABASE)).includes(table.name)) {
      throw storeTableTaken(`${EVENTS_DATABASE}.${table.name}`)
    }
    if (before === null || before.log_id !== this.#logId) {
      await this.#clickhouse.command(`DROP TABLE IF EXISTS ${name} SYNC`)
      await this.#clickhouse.command(createEventTable(table, after))
      return new Map()
    }
    const stored = await queryRows<StoredColumn>(
      this.#clickhouse,
      "SELECT name, type FROM system.columns WHERE database = {database:String} AND table = {name:String}",
      { parameters: { database: EVENTS_DATABASE, name: table.name } },
    )
    for (const statement of alterEventTable(table, stored, { before, after })) {
      await this.#clickhouse.command(statement)
    }
    const positions = await queryRows<{ _partition: number; next: string }>(
      this.#clickhouse,
      `SELECT _partition, max(_offset) + 1 AS next FROM ${name} GROUP BY _partition`,
    )
    return new Map(positions.map(({ _partition, next }) => [_partition, Number(next)]))
  }

  appendEvents(table: EventTable, block: StoreBlock): Promise<void> {
    const into = { name: qualified(EVENTS_DATABASE, table.name), columns: eventBlockColumns(table) }
    return this.#insert({ ...into, ids: this.#insertsOf(EVENTS_DATABASE, table.name) }, block)
  }

  async prepareView(table: ViewTable): Promise<number | null> {
    await this.#makeDatabases()
    await this.#clickhouse.settle(this.#insertsOf(VIEWS_DATABASE, table.name))
    const comment = await this.#comment(VIEWS_DATABASE, table.name)
    if (comment === null && (await this.#tables(VIEWS_DATABASE)).includes(table.name)) {
      throw storeTableTaken(`${VIEWS_DATABASE}.${table.name}`)
    }
    const rows = comment?.rows
    if (rows === undefined || comment?.log_id !== this.#logId || comment.fingerprint !== table.fingerprint) {
      return null
    }
    this.#viewRows.set(table.name, rows)
    // What a crash left of a table that was to be shown, or was no longer.
    for (const left of await this.#rowTables(table.name)) {
      if (left !== rows) await this.#drop(VIEW_ROWS_DATABASE, left)
    }
    const [found] = await queryRows<{ version: string }>(
      this.#clickhouse,
      `SELECT max(_version) AS version FROM ${qualified(VIEW_ROWS_DATABASE, rows)}`,
    )
    const version = Number(found?.version ?? 0)
    return version === 0 ? null : Math.floor(version / 2)
  }

  async applyChanges(table: ViewTable, block: StoreBlock): Promise<void> {
    const rows = this.#viewRows.get(table.name) ?? (await this.#shownRows(table.name))
    await this.#insert(this.#intoRows(table, rows), block)
  }

  async replaceView(table: ViewTable, blocks: AsyncIterable<StoreBlock>): Promise<void> {
    await this.#makeDatabases()
    const earlier = await this.#rowTables(table.name)
    const rows = `${table.name}__${1 + Math.max(0, ...earlier.map(rowTableNumber))}`
    await this.#clickhouse.command(createViewRows(table, rows))
    for await (const block of blocks) await this.#insert(this.#intoRows(table, rows), block)
    const comment = { log_id: this.#logId, fingerprint: table.fingerprint, rows }
    await this.#clickhouse.command(showView(table, comment))
    this.#viewRows.set(table.name, rows)
    for (const old of earlier) await this.#drop(VIEW_ROWS_DATABASE, old)
  }

  async cleanView(table: ViewTable): Promise<boolean> {
    if (viewShape(table) !== "keyed") return false
    const rows = this.#viewRows.get(table.name) ?? (await this.#shownRows(table.name))
    const name = qualified(VIEW_ROWS_DATABASE, rows)
    const [found] = await queryRows<{ gone: string; all: string }>(
      this.#clickhouse,
      `SELECT countIf(_deleted = 1) AS gone, count() AS all FROM ${name}`,
    )
    const gone = Number(found!.gone)
    if (gone < LEAST_GONE_ROWS || gone < LEAST_GONE_SHARE * Number(found!.all)) return false
    for (const statement of cleanViewRows(name)) await this.#clickhouse.command(statement)
    return true
  }

  async dropOthers({ events, views }: StoreNames): Promise<readonly string[]> {
    await this.#makeDatabases()
    const dropped: string[] = []
    for (const [database, kept] of [
      [EVENTS_DATABASE, events],
      [VIEWS_DATABASE, views],
    ] as const) {
      for (const name of await this.#tables(database)) {
        // On a server there may be tables of others.
        if (kept.includes(name) || (await this.#comment(database, name)) === null) continue
        await this.#drop(database, name)
        dropped.push(`${database}.${name}`)
      }
    }
    for (const rows of await this.#tables(VIEW_ROWS_DATABASE)) {
      if (!views.includes(viewOfRows(rows))) await this.#drop(VIEW_ROWS_DATABASE, rows)
    }
    return dropped
  }

  #intoRows(table: ViewTable, rows: string): InsertTarget {
    return {
      name: qualified(VIEW_ROWS_DATABASE, rows),
      columns: viewBlockColumns(table),
      ids: this.#insertsOf(VIEWS_DATABASE, table.name),
    }
  }

  async #insert({ name, columns, ids }: InsertTarget, block: StoreBlock): Promise<void> {
    if (block.rows === 0) return
    await this.#clickhouse.insert({
      table: name,
      columns: columns.map((column) => column.name),
      format: "Native",
      body: block.pieces,
      settings: INSERT_SETTINGS,
      queryId: `${ids}${++this.#inserts}`,
    })
  }

  /**
   * What the ids of a table's inserts begin with: one whose outcome is not known is ended by it before the
   * table is asked how far it has come, or its rows would come twice.
   */
  #insertsOf(database: string, table: string): string {
    return `millrace/${this.#logId}/${database}.${table}/`
  }

  /** Once: nobody but us drops them. */
  async #makeDatabases(): Promise<void> {
    this.#databases ??= Promise.all(
      DATABASES.map((name) =>
        this.#clickhouse.command(`CREATE DATABASE IF NOT EXISTS ${name} ENGINE = Atomic`),
      ),
    )
    try {
      await this.#databases
    } catch (error) {
      this.#databases = null
      throw error
    }
  }

  async #comment(database: string, name: string): Promise<TableComment | null> {
    const [found] = await queryRows<{ comment: string }>(
      this.#clickhouse,
      "SELECT comment FROM system.tables WHERE database = {database:String} AND name = {name:String}",
      { parameters: { database, name } },
    )
    if (found === undefined || !found.comment.startsWith('{"log_id":')) return null
    return JSON.parse(found.comment) as TableComment
  }

  async #shownRows(view: string): Promise<string> {
    const rows = (await this.#comment(VIEWS_DATABASE, view))?.rows
    assert(rows !== undefined, `the view ${view} was prepared and has a table of rows`)
    return rows
  }

  /** Tables of the rows of a view: the one that is shown, and what a crash left of others. */
  async #rowTables(view: string): Promise<readonly string[]> {
    return (await this.#tables(VIEW_ROWS_DATABASE)).filter((rows) => viewOfRows(rows) === view)
  }

  async #tables(database: string): Promise<readonly string[]> {
    const sql = `SELECT name FROM system.tables WHERE database = ${quoteText(database)} ORDER BY name`
    return (await queryRows<{ name: string }>(this.#clickhouse, sql)).map(({ name }) => name)
  }

  async #drop(database: string, name: string): Promise<void> {
    await this.#clickhouse.command(`DROP TABLE ${qualified(database, name)} SYNC`)
  }
}

/** `flights__12` has rows of `flights`. */
function viewOfRows(rows: string): string {
  return rows.slice(0, rows.lastIndexOf("__"))
}

function rowTableNumber(rows: string): number {
  return Number(rows.slice(rows.lastIndexOf("__") + 2))
}
