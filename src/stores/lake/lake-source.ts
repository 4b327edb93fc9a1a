/**
 * What a query says after FROM to read a table of the lake as of a snapshot: ClickHouse's file() over exactly
 * the snapshot's data files, with the snapshot's columns. So each table of one query may be of another time,
 * which ClickHouse's own setting for Iceberg, one a query, does not allow.
 */
import { quoteName, quoteText } from "../clickhouse.ts"
import { decimalOf, type IcebergSchema, type IcebergType } from "./iceberg-schema.ts"
import type { Lake } from "./lake.ts"
import { type Snapshot, schemaOf } from "./table-metadata.ts"

/** Nothing: the newest snapshot. */
export type LakeMoment = { readonly atMs: number } | { readonly snapshotId: string } | null

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

/** @throws PlatformError unknown-lake-table, unknown-snapshot */
export function lakeSource(lake: Lake, event: string, moment: LakeMoment = null): LakeSource {
  const table = lake.table(event)
  const snapshot = moment === null ? table.snapshot : table.snapshotAt(moment)
  const schema = snapshot === null ? table.schema : schemaOf(table.metadata, snapshot["schema-id"])
  const columns = clickHouseColumns(schema)
  const structure = columns.map(({ name, type }) => `${quoteName(name)} ${type}`).join(", ")
  const files = table.dataFiles(snapshot).map(({ path }) => table.local(path))
  if (files.length === 0) {
    return { from: `null(${quoteText(structure)})`, snapshot, files, columns }
  }
  const root = `${table.directory}/data/`
  const names = files.map((path) => path.slice(root.length))
  const directory = root.replace(PATTERN, "\\$&")
  const path = names.length === 1 ? `${directory}${names[0]}` : `${directory}{${names.join(",")}}`
  return { from: `file(${quoteText(path)}, 'Parquet', ${quoteText(structure)})`, snapshot, files, columns }
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
