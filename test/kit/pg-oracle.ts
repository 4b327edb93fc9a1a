/**
 * PostgreSQL (PGlite) as the oracle for views: the same SQL over the same rows, with the window table
 * functions written out as subqueries. Values come back as the cells of canonical.ts.
 */
import { PGlite } from "@electric-sql/pglite"
import type { Batch } from "../../src/columns/batch.ts"
import { readRow } from "../../src/columns/scalar.ts"
import type { Column, LogicalType, Scalar } from "../../src/columns/types.ts"
import { formatTimestamp } from "../../src/std/calendar-text.ts"
import { cellOfText, type Row } from "./canonical.ts"
import { writeOutWindows } from "./pg-windows.ts"

export interface OracleTable {
  readonly name: string
  readonly columns: readonly Column[]
  readonly batch: Batch
}

export interface OracleView {
  readonly name: string
  readonly sql: string
  readonly columns: readonly Column[]
}

/** first and last, which PostgreSQL does not have: NULL is not taken. */
export const OWN_AGGREGATES = ["first", "last"]
  .map((name, k) => {
    const [keep, types] = [`keep_${name}`, "anyelement"]
    return `CREATE FUNCTION ${keep}(${types}, ${types}) RETURNS ${types}
        LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $${k + 1}';
      CREATE AGGREGATE ${name}(${types}) (SFUNC = ${keep}, STYPE = ${types});`
  })
  .join("\n")

/** Rows per INSERT statement. */
const INSERT_ROWS = 500

export class PgOracle implements AsyncDisposable {
  readonly #pg: PGlite
  /** Those of replaceViews. */
  #views: readonly string[] = []

  private constructor(pg: PGlite) {
    this.#pg = pg
  }

  static async open(): Promise<PgOracle> {
    const pg = await PGlite.create()
    await pg.exec("SET timezone = 'UTC'; SET extra_float_digits = 1")
    return new PgOracle(pg)
  }

  /** Replaces whatever an earlier case left. */
  async load(tables: readonly OracleTable[], views: readonly OracleView[]): Promise<void> {
    await this.#pg.exec(`DROP SCHEMA public CASCADE; CREATE SCHEMA public; ${OWN_AGGREGATES}`)
    for (const table of tables) await this.#pg.exec(tableStatements(table))
    for (const view of views) {
      await this.#pg.exec(`CREATE VIEW ${quote(view.name)} AS ${writeOutWindows(view.sql)}`)
    }
  }

  /** Empties tables, which stay, and gives them other rows. */
  async replaceRows(tables: readonly OracleTable[]): Promise<void> {
    const statements = tables.flatMap((table) => {
      return [`DELETE FROM ${quote(table.name)}`, ...rowStatements(table)]
    })
    await this.#pg.exec(statements.join(";\n"))
  }

  /** Makes these the views that queries can name. */
  async replaceViews(views: readonly OracleView[]): Promise<void> {
    const dropped = [...this.#views].map((name) => `DROP VIEW IF EXISTS ${quote(name)} CASCADE`)
    const created = views.map(({ name, sql }) => `CREATE VIEW ${quote(name)} AS ${writeOutWindows(sql)}`)
    await this.#pg.exec([...dropped, ...created].join(";\n"))
    this.#views = views.map(({ name }) => name)
  }

  /**
   * The rows of each query, or why PostgreSQL cannot evaluate it. All together first, since a round trip
   * costs as much as a query; one by one when any of them fails.
   */
  async answers(queries: readonly OracleView[]): Promise<readonly (readonly Row[] | Error)[]> {
    const texts = queries.map((query) => exporting(query.columns, `(${writeOutWindows(query.sql)})`))
    try {
      const results = await this.#pg.exec(texts.join(";\n"), { rowMode: "array" })
      return queries.map((query, k) => cellRows(query, results[k]!.rows as unknown as TextRow[]))
    } catch (error) {
      if (queries.length === 1) return [error as Error]
      const each: (readonly Row[] | Error)[] = []
      for (const query of queries) each.push(...(await this.answers([query])))
      return each
    }
  }

  /** The view's rows. Rejects when PostgreSQL cannot evaluate it (division by zero, overflow …). */
  async rows(view: OracleView): Promise<readonly Row[]> {
    const sql = exporting(view.columns, quote(view.name))
    const { rows } = await this.#pg.query<TextRow>(sql, [], { rowMode: "array" })
    return cellRows(view, rows)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pg.close()
  }
}

type TextRow = readonly (string | null)[]

function exporting(columns: readonly Column[], from: string): string {
  const names = columns.map((_, index) => `c${index}`)
  const list = columns.map(({ type }, index) => `${exportAs(`c${index}`, type)} AS c${index}`)
  return `SELECT ${list.join(", ")} FROM ${from} AS v(${names.join(", ")})`
}

function cellRows({ columns }: OracleView, rows: readonly TextRow[]): readonly Row[] {
  return rows.map((row) => row.map((text, index) => cellOfText(text, columns[index]!.type)))
}

function tableStatements(table: OracleTable): string {
  const definitions = table.columns.map((column) => `${quote(column.name)} ${postgresType(column.type)}`)
  const create = `CREATE TABLE ${quote(table.name)} (${definitions.join(", ")})`
  return [create, ...rowStatements(table)].join(";\n")
}

function rowStatements({ name, columns, batch }: OracleTable): readonly string[] {
  const statements: string[] = []
  for (let first = 0; first < batch.length; first += INSERT_ROWS) {
    const rows: string[] = []
    for (let row = first; row < Math.min(batch.length, first + INSERT_ROWS); row++) {
      const values = readRow(batch, row).map((value, index) => literal(value, columns[index]!.type))
      rows.push(`(${values.join(", ")})`)
    }
    statements.push(`INSERT INTO ${quote(name)} VALUES ${rows.join(", ")}`)
  }
  return statements
}

export function postgresType(type: LogicalType): string {
  switch (type.kind) {
    case "boolean":
      return "boolean"
    case "int32":
      return "integer"
    case "int64":
      return "bigint"
    case "float64":
      return "double precision"
    case "decimal":
      return `numeric(${type.precision},${type.scale})`
    case "string":
      return "text"
    case "bytes":
      return "bytea"
    case "json":
      return "json"
    case "timestamp":
      return "timestamptz"
    case "date":
      return "date"
    case "interval":
      return "interval"
  }
}

/** How a column leaves PostgreSQL so that `canonicalText` can read it. */
function exportAs(column: string, type: LogicalType): string {
  switch (type.kind) {
    case "timestamp":
      return `(extract(epoch FROM ${column}) * 1000000)::bigint::text`
    case "date":
      return `(${column} - DATE '1970-01-01')::text`
    case "bytes":
      return `encode(${column}, 'hex')`
    case "json":
      // A list is json here and an array there.
      return `to_json(${column})::text`
    default:
      return `${column}::text`
  }
}

function literal(value: Scalar, type: LogicalType): string {
  if (value === null) return "NULL"
  switch (type.kind) {
    case "timestamp":
      return `TIMESTAMPTZ '${formatTimestamp(value as bigint)}'`
    case "date":
      return `(DATE '1970-01-01' + (${value as number}))`
    case "bytes":
      return `'\\x${Buffer.from(value as Uint8Array).toString("hex")}'`
    case "decimal":
      return `${value as bigint} * 1e-${type.scale}::numeric`
    case "float64":
      return `'${value as number}'::float8`
    case "string":
    case "json":
      return `'${(value as string).replaceAll("'", "''")}'`
    default:
      return `'${String(value)}'`
  }
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
