/** A query's answer as a table for terminals, and a place in the SQL with a caret below it. */

export interface TableAnswer {
  readonly meta: readonly { readonly name: string; readonly type: string }[]
  readonly data: readonly Readonly<Record<string, unknown>>[]
  readonly rows: number
  readonly statistics?: { readonly elapsed?: number; readonly rows_read?: number }
}

type Paint = (style: "dim" | "bold", text: string) => string

/** More would scroll out of any terminal; the other formats give all. */
const SHOWN_ROWS = 1_000
/** Of one cell: longer texts are cut. */
const MAX_WIDTH = 60
const NUMBER = /^(?:Nullable\()?(?:U?Int|Float|Decimal|BFloat)/

export function queryTable({ meta, data, rows, statistics }: TableAnswer, paint: Paint): string[] {
  const shown = data.slice(0, SHOWN_ROWS)
  const columns = meta.map(({ name, type }) => {
    const cells = shown.map((row) => cellText(row[name]))
    const width = Math.max(widthOf(name), ...cells.map(widthOf))
    return { name, cells, width, right: NUMBER.test(type) }
  })
  const line = (texts: readonly string[]) =>
    columns
      .map(({ width, right }, index) => padded(texts[index]!, width, right))
      .join("  ")
      .trimEnd()
  const lines = shown.map((_, row) => line(columns.map(({ cells }) => cells[row]!)))
  const more =
    rows > shown.length ? [paint("dim", `… ${rows - shown.length} more; --format csv gives all`)] : []
  return [
    paint("bold", line(columns.map(({ name }) => name))),
    ...lines,
    ...more,
    paint("dim", footer(rows, statistics)),
  ]
}

/** The line of the SQL that has the character `position` (from 1), and a caret below it. */
export function placeInSql(sql: string, position: number): string[] {
  const start = sql.lastIndexOf("\n", position - 2) + 1
  const end = sql.indexOf("\n", start)
  const line = sql.slice(start, end < 0 ? sql.length : end)
  const before = line.slice(0, position - 1 - start).replace(/[^\t]/g, " ")
  return [`  ${line}`, `  ${before}^`]
}

function footer(rows: number, statistics: TableAnswer["statistics"]): string {
  const count = `${rows} ${rows === 1 ? "row" : "rows"}`
  const { elapsed, rows_read: read } = statistics ?? {}
  if (elapsed === undefined) return count
  const ms = Math.max(1, Math.round(elapsed * 1_000))
  return `${count} in ${ms} ms${read === undefined ? "" : `, ${read.toLocaleString("en-US")} read`}`
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return "NULL"
  const text = typeof value === "string" ? value : JSON.stringify(value)
  const plain = text.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1))
  return plain.length > MAX_WIDTH ? `${plain.slice(0, MAX_WIDTH - 1)}…` : plain
}

function widthOf(text: string): number {
  return [...text].length
}

function padded(text: string, width: number, right: boolean): string {
  const space = " ".repeat(Math.max(0, width - widthOf(text)))
  return right ? space + text : text + space
}
