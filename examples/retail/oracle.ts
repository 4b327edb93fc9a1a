/**
 * The same answers by another engine in one go: PostgreSQL (PGlite) reads the CSV itself, drops lines that
 * are there twice, and groups. Nothing of it is shared with the platform.
 */
import { readFileSync } from "node:fs"
import type { ExpectedView } from "../flights/oracle.ts"

const VIEWS: readonly (Omit<ExpectedView, "rows"> & { readonly sql: string })[] = [
  {
    name: "revenue_by_day_and_country",
    key: ["day", "country"],
    columns: {
      day: "instant",
      country: "text",
      revenue: "number",
      units: "number",
      lines: "number",
      invoices: "number",
    },
    sql: `SELECT date_trunc('day', at) AS day, country, sum(quantity * price) AS revenue,
        sum(quantity) AS units, count(*) AS lines, count(DISTINCT invoice) AS invoices
      FROM line GROUP BY 1, 2`,
  },
  {
    name: "cancellations_by_day",
    key: ["day"],
    columns: { day: "instant", pounds: "number", lines: "number" },
    sql: `SELECT date_trunc('day', at) AS day, sum(-quantity * price) AS pounds, count(*) AS lines
      FROM line WHERE quantity < 0 AND left(invoice, 1) = 'C' GROUP BY 1`,
  },
  {
    name: "articles",
    key: ["article"],
    columns: { article: "text", units: "number", revenue: "number", highest_price: "number" },
    sql: `SELECT article, sum(quantity) AS units, sum(quantity * price) AS revenue,
        max(price) AS highest_price
      FROM line GROUP BY 1`,
  },
  {
    name: "days",
    key: ["day"],
    columns: { day: "instant", revenue: "number", lines: "number", countries: "number" },
    sql: `SELECT date_trunc('day', at) AS day, sum(quantity * price) AS revenue, count(*) AS lines,
        count(DISTINCT country) AS countries
      FROM line GROUP BY 1`,
  },
]

export interface Expected {
  /** Lines of the file that are there once or for the first time. */
  readonly distinctLines: number
  readonly views: readonly ExpectedView[]
}

export async function expectedAnswers(path: string): Promise<Expected> {
  const { PGlite } = await import("@electric-sql/pglite")
  const database = await PGlite.create()
  try {
    await database.exec(`SET TimeZone = 'UTC';
      CREATE UNLOGGED TABLE file (invoice text, article text, description text, quantity int, at timestamp,
        price numeric(12, 3), customer text, country text)`)
    const blob = new Blob([readFileSync(path)])
    await database.query("COPY file FROM '/dev/blob' WITH (FORMAT csv, HEADER)", [], { blob })
    await database.exec("CREATE UNLOGGED TABLE line AS SELECT DISTINCT * FROM file")
    const count = await database.query<{ count: number }>("SELECT count(*)::int AS count FROM line")
    const views: ExpectedView[] = []
    for (const { sql, ...view } of VIEWS) {
      const columns = Object.keys(view.columns).map((column) => `${column}::text AS ${column}`)
      const { rows } = await database.query<Record<string, string | null>>(
        `SELECT ${columns.join(", ")} FROM (${sql}) answer`,
      )
      views.push({ ...view, rows })
    }
    return { distinctLines: count.rows[0]!.count, views }
  } finally {
    await database.close()
  }
}
