/**
 * The statements that make and change the store's tables. Inserts sync the part and its folder, so that what
 * was answered outlives a crash of the machine.
 */
import { clickhouseType } from "../../columns/native/clickhouse-types.ts"
import type { Column } from "../../columns/types.ts"
import { quoteName, quoteText } from "../clickhouse.ts"
import { type EventTable, eventBlockColumns, type ViewTable, viewShape } from "../store.ts"

export const EVENTS_DATABASE = "events"
export const VIEWS_DATABASE = "views"
/** Where the rows of views lie; `views` has what is asked. */
export const VIEW_ROWS_DATABASE = "_views"

export const DATABASES = [EVENTS_DATABASE, VIEWS_DATABASE, VIEW_ROWS_DATABASE]

const SETTINGS = "fsync_after_insert = 1, fsync_part_directory = 1, allow_nullable_key = 1"

/** What a table says of itself in its comment: JSON. */
export interface TableComment {
  /** The log that its rows come from. */
  readonly log_id: string
  /** Of an event's table; null: rows are kept for ever. */
  readonly retention_ms?: number | null
  /** Of a view: its plan, and the table of its rows. */
  readonly fingerprint?: string
  readonly rows?: string
}

export function qualified(database: string, name: string): string {
  return `${quoteName(database)}.${quoteName(name)}`
}

export function createEventTable(table: EventTable, comment: TableComment): string {
  return `
    CREATE TABLE ${qualified(EVENTS_DATABASE, table.name)} (${columnList(eventBlockColumns(table))})
    ENGINE = MergeTree
    ORDER BY (${quoteName(table.time)}, _partition, _offset)
    ${ttl(table) === null ? "" : `TTL ${ttl(table)}`}
    SETTINGS ${SETTINGS}
    COMMENT ${quoteText(JSON.stringify(comment))}`
}

/** A column of a table as ClickHouse has it. */
export interface StoredColumn {
  readonly name: string
  readonly type: string
}

/**
 * What makes the table that exists into the one that is declared. A new field is NULL in the rows that came
 * before it; a field that is gone stays with what it has.
 */
export function alterEventTable(
  table: EventTable,
  stored: readonly StoredColumn[],
  { before, after }: { readonly before: TableComment; readonly after: TableComment },
): string[] {
  const types = new Map(stored.map(({ name, type }) => [name, type]))
  const name = qualified(EVENTS_DATABASE, table.name)
  const statements: string[] = []
  let previous: string | null = null
  for (const column of eventBlockColumns(table)) {
    const type = types.get(column.name)
    const place: string = previous === null ? "FIRST" : `AFTER ${quoteName(previous)}`
    previous = column.name
    const late = clickhouseType({ ...column, nullable: true })
    if (type === undefined) {
      statements.push(`ALTER TABLE ${name} ADD COLUMN ${quoteName(column.name)} ${late} ${place}`)
    } else if (type !== clickhouseType(column) && type !== late) {
      statements.push(`ALTER TABLE ${name} MODIFY COLUMN ${quoteName(column.name)} ${clickhouseType(column)}`)
    }
  }
  if ((before.retention_ms ?? null) !== table.retentionMs) {
    const clause = ttl(table)
    statements.push(`ALTER TABLE ${name} ${clause === null ? "REMOVE TTL" : `MODIFY TTL ${clause}`}`)
  }
  if (JSON.stringify(before) !== JSON.stringify(after)) {
    statements.push(`ALTER TABLE ${name} MODIFY COMMENT ${quoteText(JSON.stringify(after))}`)
  }
  return statements
}

/** By when a row came: event times may lie in any past. */
function ttl({ retentionMs }: EventTable): string | null {
  if (retentionMs === null) return null
  return `toDateTime(processed_at) + toIntervalSecond(${Math.ceil(retentionMs / 1000)})`
}

/** The table of a view's rows; `views` shows it once `showView` names it. */
export function createViewRows(table: ViewTable, rows: string): string {
  const columns = columnList(table.columns)
  const all = table.columns.map(({ name }) => quoteName(name)).join(", ")
  const name = qualified(VIEW_ROWS_DATABASE, rows)
  switch (viewShape(table)) {
    case "keyed": {
      const key = table.key!.map((index) => quoteName(table.columns[index]!.name)).join(", ")
      return `
        CREATE TABLE ${name} (${columns}, _version UInt64, _deleted UInt8)
        ENGINE = ReplacingMergeTree(_version, _deleted) ORDER BY (${key}) SETTINGS ${SETTINGS}`
    }
    case "counted": {
      const sums =
        "_version SimpleAggregateFunction(max, UInt64), _weight SimpleAggregateFunction(sum, Int64)"
      return `
        CREATE TABLE ${name} (${columns}, ${sums})
        ENGINE = AggregatingMergeTree ORDER BY (${all}) SETTINGS ${SETTINGS}`
    }
    case "appended":
      return `
        CREATE TABLE ${name} (${columns}, _version UInt64)
        ENGINE = MergeTree ORDER BY _version SETTINGS ${SETTINGS}`
  }
}

/**
 * Rows that say that a key is gone go themselves, with all that they stand above: a merge of the whole table.
 * Deleting them alone would bring older rows back.
 */
export function cleanViewRows(name: string): string[] {
  return [
    `ALTER TABLE ${name} MODIFY SETTING allow_experimental_replacing_merge_with_cleanup = 1`,
    `OPTIMIZE TABLE ${name} FINAL CLEANUP`,
  ]
}

/** One statement, so that readers see the old rows or the new ones. */
export function showView(table: ViewTable, comment: TableComment & { readonly rows: string }): string {
  return `
    CREATE OR REPLACE VIEW ${qualified(VIEWS_DATABASE, table.name)}
    AS ${selectRows(table, qualified(VIEW_ROWS_DATABASE, comment.rows))}
    COMMENT ${quoteText(JSON.stringify(comment))}`
}

function selectRows(table: ViewTable, from: string): string {
  const all = table.columns.map(({ name }) => quoteName(name)).join(", ")
  switch (viewShape(table)) {
    case "keyed":
      return `SELECT ${all} FROM ${from} FINAL`
    case "counted":
      return `SELECT ${all} FROM (
        SELECT ${all}, sum(_weight) AS _count FROM ${from} GROUP BY ${all} HAVING _count > 0
      ) ARRAY JOIN range(toUInt64(_count)) AS _times`
    case "appended":
      return `SELECT ${all} FROM ${from}`
  }
}

function columnList(columns: readonly Column[]): string {
  return columns.map((column) => `${quoteName(column.name)} ${clickhouseType(column)}`).join(", ")
}
