/** Problems with subqueries, OVER, ORDER BY, LIMIT and grouping sets; errors.ts has the others. */
import type { Finding } from "./errors.ts"

function finding(code: string, message: string, suggestion: string | null = null): Finding {
  return { code, message, suggestion }
}

const subqueries = {
  subqueryPlace: (clause: string) =>
    finding(
      "subquery-place",
      `a subquery cannot stand in ${clause}`,
      "compute it in a WITH query, and join that",
    ),
  subqueryColumns: (count: number, wanted: number) =>
    finding(
      "subquery-columns",
      `the subquery has ${count} columns where ${wanted === 1 ? "one is" : `${wanted} are`} wanted`,
      "select what is compared, and nothing else",
    ),
  subqueryRows: () =>
    finding(
      "subquery-rows",
      "the subquery could give more than one row",
      "use an aggregate such as max(), or ORDER BY ... LIMIT 1",
    ),
  subqueryCondition: (what: string) =>
    finding(
      "subquery-condition",
      `${what} can be tied to the query around it by equality alone`,
      "compare its columns with = to the outer ones, or join in FROM",
    ),
  outerPlace: (name: string, clause: string) =>
    finding(
      "outer-place",
      `${name} belongs to the query around this one, which ${clause} of a subquery cannot use`,
      "use it in the subquery's WHERE only",
    ),
  subqueryForm: (what: string) =>
    finding("subquery-form", `${what} is not supported`, "write it as IN, EXISTS or a join in FROM"),
}

const ordering = {
  overMissing: (name: string) =>
    finding(
      "over-missing",
      `${name} is a window function`,
      `write ${name}(…) OVER (PARTITION BY … ORDER BY …)`,
    ),
  overUnknown: (name: string) =>
    finding(
      "over-unknown",
      `${name} cannot be used with OVER`,
      "there is row_number, rank, dense_rank, percent_rank, cume_dist, ntile, lag, lead, first_value, " +
        "last_value, nth_value, count, sum, avg, min, max",
    ),
  overNotAllowed: (name: string, clause: string) =>
    finding(
      "over-not-allowed",
      `the window function ${name} cannot stand in ${clause}`,
      "compute it in a WITH query, and filter that",
    ),
  overFrame: (reason: string, suggestion: string) => finding("over-frame", reason, suggestion),
  overArgument: (name: string, wanted: string) =>
    finding("over-argument", `${name} takes ${wanted}`, "write the number itself"),
  unknownWindow: (name: string, known: readonly string[]) =>
    finding(
      "unknown-window",
      `there is no WINDOW named ${name}`,
      known.length === 0 ? "write the window itself" : `there is ${known.join(", ")}`,
    ),
  windowOverride: (name: string, what: string) =>
    finding("window-override", `the window ${name} cannot be given ${what}`, "write the whole window out"),
  orderPosition: (position: number, columns: number) =>
    finding(
      "order-position",
      `ORDER BY ${position}: the SELECT list has ${columns} columns`,
      "count its columns from 1",
    ),
  orderColumn: (what: string, suggestion: string) => finding("order-column", what, suggestion),
  limitConstant: (word: string) =>
    finding("limit-constant", `${word} is not a whole number, zero or more`, `write ${word} 10`),
  limitTies: () =>
    finding("limit-ties", "WITH TIES needs ORDER BY, and no OFFSET", "leave WITH TIES or OFFSET out"),
  groupingArgument: () =>
    finding("grouping-argument", "grouping() takes expressions of GROUP BY, 31 at most", "write one of them"),
  groupingSets: (count: number, limit: number) =>
    finding(
      "grouping-sets-count",
      `GROUP BY has ${count} grouping sets; at most ${limit} are taken`,
      "write fewer",
    ),
}

export const clauses = { ...subqueries, ...ordering }
