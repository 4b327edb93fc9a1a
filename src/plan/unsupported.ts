/**
 * What PostgreSQL's grammar takes and a view does not: one row per construct, with what to write instead.
 * The code is `unsupported-<key>`.
 */
import type { Finding } from "./errors.ts"

const CONSTRUCTS = {
  join: ["a view reads one source; JOIN is not supported", "put what belongs together into one event"],
  asof: [
    "ASOF is read as the name of the table before it, not as a kind of join",
    "remove ASOF; joins are not supported",
  ],
  "order-by": [
    "a view is a set of rows without order; ORDER BY is not supported",
    "sort when reading the view: ?sort=-column",
  ],
  limit: [
    "a view keeps all its rows; LIMIT, OFFSET and FETCH are not supported",
    "limit when reading the view: ?limit=10",
  ],
  "window-function": [
    "window functions (OVER) are not supported",
    "group by the window of tumble() or hop() instead",
  ],
  "window-clause": ["the WINDOW clause is not supported", "group by the window of tumble() or hop() instead"],
  union: [
    "UNION removes duplicates and is not supported",
    "use UNION ALL, and SELECT DISTINCT over it if duplicates must go",
  ],
  intersect: ["INTERSECT is not supported", "use UNION ALL and GROUP BY … HAVING count(*) > 1"],
  except: ["EXCEPT is not supported", "use UNION ALL with a mark per branch and GROUP BY … HAVING"],
  "grouping-sets": [
    "GROUPING SETS, ROLLUP and CUBE are not supported",
    "write one GROUP BY per branch of a UNION ALL, or one view each",
  ],
  subquery: [
    "a subquery can only stand in FROM, not in an expression",
    "move it into FROM or WITH, or make it a view of its own",
  ],
  filter: [
    "FILTER on an aggregate is not supported",
    "write the condition inside: count(CASE WHEN condition THEN 1 END), sum(CASE WHEN condition THEN x END)",
  ],
  recursive: ["WITH RECURSIVE is not supported", "write the levels out as separate WITH queries"],
  "data-modifying": ["WITH takes SELECT statements only", "write to events through the ingestion API"],
  locking: ["FOR UPDATE and FOR SHARE lock rows, which a view has no use for", "remove the locking clause"],
  tablesample: [
    "TABLESAMPLE gives other rows at every run and is not supported",
    "choose rows by a hash of their id, such as right(md5(id), 1) = '0'",
  ],
  lateral: ["LATERAL is not supported", "compute the columns in the SELECT list"],
  into: ["SELECT INTO is not supported", "a view is named by view(); remove INTO"],
  values: ["VALUES is not supported", "send the rows as events, or use CASE for a small mapping"],
  "no-from": ["SELECT without FROM has no events to follow", "add FROM with an event or a view"],
  "no-columns": ["the SELECT list is empty", "name at least one column"],
  "distinct-on": ["DISTINCT ON is not supported", "GROUP BY the key and take max() or min() of the others"],
  "ordered-aggregate": [
    "ORDER BY inside an aggregate and WITHIN GROUP are not supported",
    "use count, sum, avg, min or max",
  ],
  aggregate: ["this aggregate is not supported", "use count, sum, avg, min or max"],
  "table-function": ["this function cannot stand in FROM", "FROM takes an event, a view, tumble() or hop()"],
  ordinality: ["WITH ORDINALITY and ROWS FROM are not supported", "remove it"],
  only: ["ONLY is not supported", "remove ONLY"],
  schema: ["events and views have no schema", "write the name alone"],
  array: ["arrays are not supported in expressions", "for = ANY(ARRAY[…]) write IN (…)"],
  row: ["rows as values are not supported", "compare or select the columns one by one"],
  subscript: [
    "subscripts and field selection are not supported",
    "for a json column write column->'key' or column->>0",
  ],
  collate: ["COLLATE is not supported: strings compare by their bytes", "remove COLLATE"],
  "similar-to": ["SIMILAR TO is not supported", "use LIKE, or ~ with a regular expression"],
  parameter: ["a view has no parameters", "write the value into the SQL"],
  "sql-json": ["the SQL/JSON and XML functions are not supported", "use -> and ->> on a json column"],
  "bit-string": ["bit strings are not supported", "write an integer or a bytea literal"],
  "named-argument": ["named and VARIADIC arguments are not supported", "pass arguments by position"],
  expression: ["this kind of expression is not supported", null],
  grouping: ["grouping() belongs to GROUPING SETS, which are not supported", "remove it"],
  "operator-schema": ["operators with a schema are not supported", "write the operator alone"],
  "any-all": ["ANY and ALL over arrays are not supported", "write IN (…) or NOT IN (…)"],
} as const satisfies Record<string, readonly [message: string, suggestion: string | null]>

export type Construct = keyof typeof CONSTRUCTS

/** `detail` names the thing that was met: `string_agg`, `unnest`. */
export function unsupported(construct: Construct, detail?: string): Finding {
  const [message, suggestion] = CONSTRUCTS[construct]
  return {
    code: `unsupported-${construct}`,
    message: detail === undefined ? message : `${detail}: ${message}`,
    suggestion,
  }
}

export const CONSTRUCT_CODES: readonly string[] = Object.keys(CONSTRUCTS).map((key) => `unsupported-${key}`)
