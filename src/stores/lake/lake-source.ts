/**
 * What a query says after FROM to read a table of the lake as of a snapshot: ClickHouse's file() over exactly
 * the snapshot's data files, with the snapshot's columns. So each table of one query may be of another time,
 * which ClickHouse's own setting for Iceberg, one a query, does not allow.
 */
import type { Column } from "../../columns/types.ts"
import { quoteName, quoteText } from "../clickhouse.ts"
import { dataFileCorrupt, momentName, unknownSnapshot } from "./errors.ts"
import { decimalOf, evolveSchema, type IcebergSchema, type IcebergType } from "./iceberg-schema.ts"
import type { Lake } from "./lake.ts"
import type { LakeTable } from "./lake-table.ts"
import { type Snapshot, type SnapshotMoment, schemaOf } from "./table-metadata.ts"

/** Null: the newest snapshot. */
export type LakeMoment = SnapshotMoment | null

export interface LakeSource {
  /** A table expression. */
  readonly from: string
  readonly snapshot: Snapshot | null
  /** Absolute. */
  readonly files: readonly string[]
  readonly columns: readonly { readonly name: string; readonly type: string }[]
}

/** Characters that have a meaning in a path of file(). */
const PATTERN = /[*?{}\\]/g

export interface LakeSourceOptions {
  /** @default null */
  readonly moment?: LakeMoment
  /**
   * The columns of the event's contract: the newest snapshot is read with them too, also before a file has
   * them, and an event of which nothing is archived is a table without rows.
   */
  readonly declared?: readonly Column[] | null
}

/** @throws PlatformError unknown-lake-table, unknown-snapshot, lake-file-corrupt */
export function lakeSource(lake: Lake, event: string, options: LakeSourceOptions = {}): LakeSource {
  const { moment = null, declared = null } = options
  if (lake.find(event) === undefined && declared !== null) return nothingArchived(event, moment, declared)
  const table = lake.table(event)
  const snapshot = moment === null ? table.snapshot : table.snapshotAt(moment)
  const columns = clickHouseColumns(
    moment === null ? newestSchema(table, declared) : schemaAt(table, snapshot),
  )
  const structure = structureOf(columns)
  const files = table.dataFiles(snapshot).map(({ path }) => table.local(path))
  refuseMissing(table, files)
  if (files.length === 0) return { from: `null(${quoteText(structure)})`, snapshot, files, columns }
  const root = `${table.directory}/data/`
  const names = files.map((path) => path.slice(root.length))
  const directory = root.replace(PATTERN, "\\$&")
  const path = names.length === 1 ? `${directory}${names[0]}` : `${directory}{${names.join(",")}}`
  return { from: `file(${quoteText(path)}, 'Parquet', ${quoteText(structure)})`, snapshot, files, columns }
}

/** ClickHouse passes over files that are not there, and an answer without their rows would look whole. */
function refuseMissing({ disk }: LakeTable, files: readonly string[]): void {
  const missing = files.find((path) => !disk.exists(path))
  if (missing !== undefined) throw dataFileCorrupt(missing, "it is not there")
}

/** @throws PlatformError unknown-snapshot */
function nothingArchived(event: string, moment: LakeMoment, declared: readonly Column[]): LakeSource {
  if (moment !== null) throw unknownSnapshot(event, momentName(moment), [])
  const columns = clickHouseColumns(evolveSchema(null, declared).schema)
  return { from: `null(${quoteText(structureOf(columns))})`, snapshot: null, files: [], columns }
}

function newestSchema({ schema, metadata }: LakeTable, declared: readonly Column[] | null): IcebergSchema {
  if (declared === null) return schema
  return evolveSchema({ schema, lastColumnId: metadata["last-column-id"] }, declared).schema
}

function schemaAt(table: LakeTable, snapshot: Snapshot | null): IcebergSchema {
  return snapshot === null ? table.schema : schemaOf(table.metadata, snapshot["schema-id"])
}

function structureOf(columns: LakeSource["columns"]): string {
  return columns.map(({ name, type }) => `${quoteName(name)} ${type}`).join(", ")
}

function clickHouseColumns(schema: IcebergSchema): { name: string; type: string }[] {
  return schema.fields.map(({ name, type, required }) => {
    const plain = clickHouseType(type)
    return { name, type: required || typeof type !== "string" ? plain : `Nullable(${plain})` }
  })
}

function clickHouseType(type: IcebergType): string {
  if (typeof type !== "string") return `Map(${clickHouseType(type.key)}, ${clickHouseType(type.value)})`
  const decimal = decimalOf(type)
  if (decimal !== null) return `Decimal(${decimal.precision}, ${decimal.scale})`
  switch (type) {
    case "boolean":
      return "Bool"
    case "int":
      return "Int32"
    case "long":
      return "Int64"
    case "double":
      return "Float64"
    case "date":
      return "Date32"
    case "timestamptz":
      return "DateTime64(6, 'UTC')"
    default:
      return "String"
  }
}
