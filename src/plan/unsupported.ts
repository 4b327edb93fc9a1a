/**
 * What PostgreSQL's grammar takes and a view does not: one row per construct, with what to write instead.
 */
import type { Finding } from "./errors.ts"

const CONSTRUCTS = {
  asof: construct(
    "unsupported-asof",
    "ASOF is read as the name of the table before it, not as a kind of join",
    "remove ASOF, or give the table another alias",
  ),
  "order-by": construct(
    "unsupported-order-by",
    "a view is a set of rows without order; ORDER BY is not supported",
    "sort when reading the view: ?sort=-column",
  ),
  recursive: construct(
    "unsupported-recursive",
    "WITH RECURSIVE is not supported",
    "write the levels out as separate WITH queries",
  ),
  "data-modifying": construct(
    "unsupported-data-modifying",
    "WITH takes SELECT statements only",
    "write to events through the ingestion API",
  ),
  locking: construct(
    "unsupported-locking",
    "FOR UPDATE and FOR SHARE lock rows, which a view has no use for",
    "remove the locking clause",
  ),
  tablesample: construct(
    "unsupported-tablesample",
    "TABLESAMPLE gives other rows at every run and is not supported",
    "choose rows by a hash of their id, such as right(md5(id), 1) = '0'",
  ),
  lateral: construct(
    "unsupported-lateral",
    "LATERAL is not supported",
    "compute the columns in the SELECT list; for the first rows of each write WHERE n <= 3 around " +
      "row_number() OVER (PARTITION BY … ORDER BY …) AS n",
  ),
  into: construct(
    "unsupported-into",
    "SELECT INTO is not supported",
    "a view is named by view(); remove INTO",
  ),
  values: construct(
    "unsupported-values",
    "VALUES is not supported",
    "send the rows as events, or use CASE for a small mapping",
  ),
  "no-from": construct(
    "unsupported-no-from",
    "SELECT without FROM has no events to follow",
    "add FROM with an event or a view",
  ),
  "no-columns": construct("unsupported-no-columns", "the SELECT list is empty", "name at least one column"),
  "ordered-aggregate": construct(
    "unsupported-ordered-aggregate",
    "the order of its rows makes no difference to this aggregate",
    "leave ORDER BY and WITHIN GROUP out",
  ),
  aggregate: construct(
    "unsupported-aggregate",
    "this aggregate is not supported",
    "docs/sql.md lists the aggregates",
  ),
  "table-function": construct(
    "unsupported-table-function",
    "this function cannot stand in FROM",
    "FROM takes an event, a view, tumble(), hop(), cumulate() or session()",
  ),
  ordinality: construct(
    "unsupported-ordinality",
    "WITH ORDINALITY and ROWS FROM are not supported",
    "remove it",
  ),
  only: construct("unsupported-only", "ONLY is not supported", "remove ONLY"),
  schema: construct("unsupported-schema", "events and views have no schema", "write the name alone"),
  array: construct(
    "unsupported-array",
    "arrays are not supported in expressions",
    "for = ANY(ARRAY[…]) write IN (…)",
  ),
  row: construct(
    "unsupported-row",
    "rows as values are not supported",
    "compare or select the columns one by one",
  ),
  subscript: construct(
    "unsupported-subscript",
    "subscripts and field selection are not supported",
    "for a json column write column->'key' or column->>0",
  ),
  collate: construct(
    "unsupported-collate",
    "COLLATE is not supported: strings compare by their bytes",
    "remove COLLATE",
  ),
  "similar-to": construct(
    "unsupported-similar-to",
    "SIMILAR TO is not supported",
    "use LIKE, or ~ with a regular expression",
  ),
  parameter: construct("unsupported-parameter", "a view has no parameters", "write the value into the SQL"),
  "sql-json": construct(
    "unsupported-sql-json",
    "the SQL/JSON and XML functions are not supported",
    "use -> and ->> on a json column",
  ),
  "bit-string": construct(
    "unsupported-bit-string",
    "bit strings are not supported",
    "write an integer or a bytea literal",
  ),
  "named-argument": construct(
    "unsupported-named-argument",
    "named and VARIADIC arguments are not supported",
    "pass arguments by position",
  ),
  expression: construct("unsupported-expression", "this kind of expression is not supported", null),
  "operator-schema": construct(
    "unsupported-operator-schema",
    "operators with a schema are not supported",
    "write the operator alone",
  ),
  "any-all": construct(
    "unsupported-any-all",
    "ANY and ALL over arrays are not supported",
    "write IN (…) or NOT IN (…)",
  ),
} as const

export type Construct = keyof typeof CONSTRUCTS

function construct(code: string, message: string, suggestion: string | null): Finding {
  return { code, message, suggestion }
}

/** `detail` names the thing that was met: `string_agg`, `unnest`. */
export function unsupported(met: Construct, detail?: string): Finding {
  const found = CONSTRUCTS[met]
  return detail === undefined ? found : { ...found, message: `${detail}: ${found.message}` }
}

const INSTEAD: Readonly<Record<string, string>> = {
  jsonb_agg: "write json_agg(x ORDER BY …)",
  any_value: "write min(x)",
}

export function unsupportedAggregate(name: string): Finding {
  const met: Construct = "aggregate"
  const found = unsupported(met, name)
  return Object.hasOwn(INSTEAD, name) ? { ...found, suggestion: INSTEAD[name]! } : found
}

export const CONSTRUCT_CODES: readonly string[] = Object.values(CONSTRUCTS).map(({ code }) => code)
