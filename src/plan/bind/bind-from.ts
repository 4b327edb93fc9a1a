/** FROM: events, views, WITH queries, subqueries and window table functions, and their joins. */
import type { Alias, Node, RangeFunction, RangeSubselect, RangeVar, SelectStmt } from "libpg-query"
import { nearestName } from "../../expr/nearest-name.ts"
import { assert } from "../../std/assert.ts"
import { findings, Refused } from "../errors.ts"
import { keywordBefore } from "../sql/keywords.ts"
import { names, startOf } from "../sql/tree.ts"
import { unsupported } from "../unsupported.ts"
import { bindJoin, crossJoin } from "./bind-join.ts"
import { bindSession } from "./bind-session.ts"
import { bindWindow, isWindowFunction } from "./bind-window.ts"
import type { CommonTables, Relation, ViewContext, VisibleColumn } from "./context.ts"
import { present, relationOf } from "./context.ts"
import type { FromRows } from "./from-rows.ts"
import { rowsOf } from "./from-rows.ts"
import type { Scope } from "./scope.ts"

export interface QueryContext {
  readonly tables: CommonTables
  readonly view: ViewContext
  readonly outer: Scope | null
}

/** What FROM needs from the rest of the binder. */
export interface FromContext extends QueryContext {
  /** `outer`: the names that a subquery in an expression may use besides its own; null for all others. */
  readonly bindQuery: (select: SelectStmt, context: QueryContext) => Relation
}

/** A list of items is their cross join. @throws Refused, Abandoned */
export function bindFrom(items: readonly Node[], context: FromContext): FromRows {
  const [first, ...others] = items
  assert(first !== undefined, "FROM has an item")
  return others.reduce<FromRows>(
    (rows, item) => crossJoin(rows, bindItem(item, context), startOf(item)),
    bindItem(first, context),
  )
}

function bindItem(item: Node, context: FromContext): FromRows {
  if ("RangeVar" in item) return bindName(item.RangeVar, context)
  if ("RangeSubselect" in item) return bindSubquery(item.RangeSubselect, context)
  if ("RangeFunction" in item) return bindFunctionInFrom(item.RangeFunction, context)
  if ("JoinExpr" in item) {
    const { larg, rarg, alias } = item.JoinExpr
    assert(larg !== undefined && rarg !== undefined, "a join has two sides")
    const joined = bindJoin(item.JoinExpr, bindItem(larg, context), bindItem(rarg, context), context)
    return withAlias(joined, alias, startOf(item))
  }
  if ("RangeTableSample" in item) {
    throw new Refused(unsupported("tablesample"), item.RangeTableSample.location ?? startOf(item))
  }
  throw new Refused(unsupported("table-function"), startOf(item))
}

function bindSubquery({ subquery, alias, lateral }: RangeSubselect, context: FromContext): FromRows {
  assert(subquery !== undefined && "SelectStmt" in subquery, "a subquery in FROM is a SELECT")
  if (lateral) {
    const at = startOf(subquery)
    const byte = at === null ? null : keywordBefore(context.view.sql, "lateral", at)
    throw new Refused(unsupported("lateral"), byte)
  }
  const relation = context.bindQuery(subquery.SelectStmt, { ...context, outer: null })
  return withAlias(rowsOf(relation, null), alias, startOf(subquery))
}

function bindName(range: RangeVar, context: FromContext): FromRows {
  const byte = range.location ?? null
  if (range.schemaname !== undefined || range.catalogname !== undefined) {
    throw new Refused(unsupported("schema", `${range.schemaname}.${range.relname}`), byte)
  }
  if (!range.inh) throw new Refused(unsupported("only"), byte)
  const name = range.relname ?? ""
  return withAlias(rowsOf(findTable(name, context, byte), name), range.alias, byte)
}

/** A WITH query, an event or a view. @throws Refused unknown-source; Abandoned */
export function findTable(name: string, { tables, view }: FromContext, byte: number | null): Relation {
  const common = tables.get(name)
  if (common !== undefined) return present(common)
  const node = view.catalog.scan(name, byte)
  if (node !== null) return relationOf(node)
  const known = [...new Set([...tables.keys(), ...view.catalog.names])]
  throw new Refused(findings.unknownSource(name, nearestName(name, known), known), byte)
}

function bindFunctionInFrom(range: RangeFunction, context: FromContext): FromRows {
  const functions = range.functions ?? []
  const byte = startOf(functions)
  if (range.lateral) throw new Refused(unsupported("lateral"), byte)
  if (range.ordinality || range.is_rowsfrom) throw new Refused(unsupported("ordinality"), byte)
  if ((range.coldeflist ?? []).length > 0) throw new Refused(unsupported("table-function"), byte)
  const call = functions.flatMap((node) => ("List" in node ? (node.List.items ?? []) : [node]))[0]
  const name = call !== undefined && "FuncCall" in call ? (names(call.FuncCall.funcname).at(-1) ?? "") : ""
  const isSession = name === "session"
  if (call === undefined || !("FuncCall" in call) || !(isSession || isWindowFunction(name))) {
    throw new Refused(unsupported("table-function", name === "" ? undefined : name), byte)
  }
  const find = (source: string, at: number | null) => findTable(source, context, at)
  const relation = isSession ? bindSession(call.FuncCall, find) : bindWindow(name, call.FuncCall, find)
  return withAlias(rowsOf(relation, name), range.alias, byte)
}

/** `AS t` and `AS t(a, b)`: further columns keep their names. Of a join, it hides the names inside. */
function withAlias(rows: FromRows, alias: Alias | undefined, byte: number | null): FromRows {
  if (alias === undefined) return rows
  const name = alias.aliasname ?? ""
  if (name === "asof") throw new Refused(unsupported("asof"), byte)
  const columns = renamedColumns(rows.columns, names(alias.colnames), byte)
  return { ...rows, columns, items: [{ name, columns }] }
}

export function renamed(relation: Relation, given: readonly string[], byte: number | null): Relation {
  return { ...relation, columns: renamedColumns(relation.columns, given, byte) }
}

function renamedColumns(
  columns: readonly VisibleColumn[],
  given: readonly string[],
  byte: number | null,
): readonly VisibleColumn[] {
  if (given.length > columns.length)
    throw new Refused(findings.columnAliases(given.length, columns.length), byte)
  return columns.map((column, i) => ({ ...column, name: given[i] ?? column.name }))
}
