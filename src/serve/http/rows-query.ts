/**
 * The query of GET /v1/views/:view/rows.
 *
 *   where.COLUMN=VALUE  where.COLUMN.eq|ne|lt|lte|gt|gte=VALUE  where.COLUMN.is_null=true|false
 *   sort=-COLUMN,COLUMN  limit=  cursor=  numbers=json|string  after=RECEIPT  timeout_ms=
 *
 * A value is read as its column's type. NULL is asked for with is_null only: `where.plan=` is the empty
 * string and `where.plan=null` the word. `is_null` is a comparison behind the last dot, so a column whose own
 * name ends in a comparison's (`a.gte`) is still found: whole names go first.
 */
import { parseScalar } from "../../columns/json-out.ts"
import type { Column } from "../../columns/types.ts"
import { typeName } from "../../columns/types.ts"
import type { Comparison } from "../../engine/dataflow.ts"
import type { ViewRowsRequest } from "../../runners/runtime.ts"
import { badParameter, unknownColumn, unknownComparison, unknownParameter } from "../errors.ts"
import { DEFAULT_ROWS, DEFAULT_WAIT_MS, MAX_ROWS, MAX_WAIT_MS } from "../limits.ts"
import type { QueryParameter } from "./query.ts"
import { onlyParameters, wholeNumber } from "./query.ts"
import { suggest } from "./suggest.ts"

type Condition = ViewRowsRequest["where"][number]
type SortTerm = ViewRowsRequest["sort"][number]

export type Numbers = "json" | "string"

export interface RowsQuery {
  readonly where: readonly Condition[]
  readonly sort: readonly SortTerm[]
  readonly limit: number
  readonly cursor: string | null
  readonly numbers: Numbers
  readonly after: string | null
  readonly timeoutMs: number
}

const COMPARISONS: readonly Comparison[] = ["eq", "ne", "lt", "lte", "gt", "gte"]
const OPERATORS: readonly string[] = [...COMPARISONS, "is_null"]
const WHERE = "where."
const PLAIN = ["sort", "limit", "cursor", "numbers", "after", "timeout_ms"] as const
const VALID: readonly string[] = [`${WHERE}COLUMN`, `${WHERE}COLUMN.COMPARISON`, ...PLAIN]

/** @throws unknown-column, unknown-comparison, unknown-parameter, bad-parameter */
export function parseRowsQuery(columns: readonly Column[], parameters: readonly QueryParameter[]): RowsQuery {
  const where: Condition[] = []
  const rest: QueryParameter[] = []
  for (const parameter of parameters) {
    if (parameter.name.startsWith(WHERE)) where.push(parseCondition(columns, parameter))
    else rest.push(parameter)
  }
  const unknown = rest.find(({ name }) => !(PLAIN as readonly string[]).includes(name))
  if (unknown !== undefined)
    throw unknownParameter(unknown.name, VALID, nearParameters(unknown.name, columns))
  const plain = onlyParameters(rest, PLAIN)
  const cursor = plain.get("cursor") ?? null
  const after = plain.get("after") ?? null
  if (cursor !== null && after !== null) {
    throw badParameter("after", after, "left out together with cursor, which belongs to an earlier epoch")
  }
  return {
    where,
    sort: parseSort(columns, plain.get("sort")),
    limit: wholeNumber("limit", plain.get("limit"), { least: 1, most: MAX_ROWS, absent: DEFAULT_ROWS }),
    cursor,
    numbers: parseNumbers(plain.get("numbers")),
    after,
    timeoutMs: wholeNumber("timeout_ms", plain.get("timeout_ms"), {
      least: 0,
      most: MAX_WAIT_MS,
      absent: DEFAULT_WAIT_MS,
    }),
  }
}

/** A parameter that is a column's name was most likely meant as a condition. */
function nearParameters(name: string, columns: readonly Column[]): string[] {
  const column = name.split(".")[0] ?? ""
  return columns.some((known) => known.name === column) ? [`${WHERE}${name}`] : suggest(name, PLAIN)
}

function parseCondition(columns: readonly Column[], { name, value }: QueryParameter): Condition {
  const path = name.slice(WHERE.length)
  const whole = columns.findIndex((column) => column.name === path)
  if (whole >= 0) return compare(columns, whole, "eq", { name, value })
  const dot = path.lastIndexOf(".")
  const position = dot < 0 ? -1 : columns.findIndex((column) => column.name === path.slice(0, dot))
  if (position < 0) {
    const names = columns.map((column) => column.name)
    const wanted = dot >= 0 && OPERATORS.includes(path.slice(dot + 1)) ? path.slice(0, dot) : path
    throw unknownColumn(wanted, names, suggest(wanted, names))
  }
  return compare(columns, position, path.slice(dot + 1), { name, value })
}

function compare(
  columns: readonly Column[],
  position: number,
  operator: string,
  { name, value }: QueryParameter,
): Condition {
  if (operator === "is_null") {
    if (value !== "true" && value !== "false") throw badParameter(name, value, '"true" or "false"')
    return { column: position, comparison: value === "true" ? "eq" : "ne", value: null }
  }
  const comparison = COMPARISONS.find((known) => known === operator)
  if (comparison === undefined) throw unknownComparison(operator, OPERATORS, suggest(operator, OPERATORS))
  const { type } = columns[position]!
  const scalar = parseScalar(type, value)
  if (scalar === undefined) {
    throw badParameter(name, value, `a value of type ${typeName(type)} (use .is_null=true for NULL)`)
  }
  return { column: position, comparison, value: scalar }
}

function parseSort(columns: readonly Column[], text: string | undefined): SortTerm[] {
  if (text === undefined) return []
  const names = columns.map((column) => column.name)
  const terms = new Map<number, SortTerm>()
  for (const term of text.split(",")) {
    const descending = term.startsWith("-")
    const name = descending ? term.slice(1) : term
    const column = names.indexOf(name)
    if (column < 0) throw unknownColumn(name, names, suggest(name, names))
    // A column that is named again cannot order what it has ordered already.
    if (!terms.has(column)) terms.set(column, { column, descending })
  }
  return [...terms.values()]
}

/** @throws bad-parameter */
export function parseNumbers(text: string | undefined): Numbers {
  if (text === undefined || text === "string") return "string"
  if (text === "json") return "json"
  throw badParameter("numbers", text, '"json" or "string"')
}
