/** A query of a view as a query string. */

/** bigint for int64, text for decimal; a Date for a timestamp. */
export type QueryValue = string | number | bigint | boolean | Date

export interface Condition {
  readonly eq?: QueryValue
  readonly ne?: QueryValue
  readonly lt?: QueryValue
  readonly lte?: QueryValue
  readonly gt?: QueryValue
  readonly gte?: QueryValue
  readonly isNull?: boolean
}

export interface RowsQuery {
  /** By column: a value, null for IS NULL, or comparisons that must all hold. */
  readonly where?: Readonly<Record<string, QueryValue | null | Condition>>
  /** "-day" for descending. */
  readonly sort?: string | readonly string[]
  /** @default 100 */
  readonly limit?: number
  /** From the page before, with the same query. */
  readonly cursor?: string
  /** A receipt: waits until the view has processed it. */
  readonly after?: string
  /** How long `after` waits. @default 5,000 */
  readonly timeoutMs?: number
  /** int64 and decimal as strings, or as numbers that may lose digits. @default "string" */
  readonly numbers?: "string" | "json"
}

/** "" or "?…". */
export function queryString(query: RowsQuery): string {
  const parameters = new URLSearchParams()
  for (const [column, condition] of Object.entries(query.where ?? {})) {
    for (const [comparison, value] of comparisons(condition)) {
      parameters.append(`where.${column}.${comparison}`, value)
    }
  }
  const { sort } = query
  if (sort !== undefined) parameters.set("sort", typeof sort === "string" ? sort : sort.join(","))
  if (query.limit !== undefined) parameters.set("limit", String(query.limit))
  if (query.cursor !== undefined) parameters.set("cursor", query.cursor)
  if (query.after !== undefined) parameters.set("after", query.after)
  if (query.timeoutMs !== undefined) parameters.set("timeout_ms", String(query.timeoutMs))
  if (query.numbers !== undefined) parameters.set("numbers", query.numbers)
  const text = parameters.toString()
  return text === "" ? "" : `?${text}`
}

function comparisons(condition: QueryValue | null | Condition): [name: string, value: string][] {
  if (condition === null) return [["is_null", "true"]]
  if (typeof condition !== "object" || condition instanceof Date) return [["eq", textOf(condition)]]
  const { isNull, ...rest } = condition
  const pairs = Object.entries(rest).filter(([, value]) => value !== undefined)
  const compared = pairs.map(([name, value]): [string, string] => [name, textOf(value as QueryValue)])
  return isNull === undefined ? compared : [...compared, ["is_null", String(isNull)]]
}

function textOf(value: QueryValue): string {
  return value instanceof Date ? value.toISOString() : String(value)
}
