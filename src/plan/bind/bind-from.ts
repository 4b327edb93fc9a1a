/** FROM: one event, view, WITH query, subquery or window table function. */
import type { Alias, Node, RangeFunction, RangeVar, SelectStmt } from "libpg-query"
import { nearestName } from "../../expr/nearest-name.ts"
import { assert } from "../../std/assert.ts"
import { findings, Refused } from "../errors.ts"
import { keywordBefore } from "../sql/keywords.ts"
import { names, startOf } from "../sql/tree.ts"
import { unsupported } from "../unsupported.ts"
import { bindSession } from "./bind-session.ts"
import { bindWindow, isWindowFunction } from "./bind-window.ts"
import type { CommonTables, Relation, ViewContext } from "./context.ts"
import { present, relationOf } from "./context.ts"

export interface FromItem {
  readonly relation: Relation
  /** What qualifies its columns; null for a subquery without an alias. */
  readonly name: string | null
}

/** What FROM needs from the rest of the binder. */
export interface FromContext {
  readonly view: ViewContext
  readonly tables: CommonTables
  readonly bindQuery: (select: SelectStmt, tables: CommonTables, view: ViewContext) => Relation
}

/** @throws Refused, Abandoned */
export function bindFrom(items: readonly Node[], context: FromContext): FromItem {
  const [item, second] = items
  assert(item !== undefined, "FROM has an item")
  if (second !== undefined) throw new Refused(unsupported("join"), startOf(second))
  if ("RangeVar" in item) return bindName(item.RangeVar, context)
  if ("RangeSubselect" in item) {
    const { subquery, alias, lateral } = item.RangeSubselect
    assert(subquery !== undefined && "SelectStmt" in subquery, "a subquery in FROM is a SELECT")
    if (lateral) {
      const at = startOf(subquery)
      const byte = at === null ? null : keywordBefore(context.view.sql, "lateral", at)
      throw new Refused(unsupported("lateral"), byte)
    }
    const relation = context.bindQuery(subquery.SelectStmt, context.tables, context.view)
    return withAlias({ relation, name: null }, alias, startOf(subquery))
  }
  if ("RangeFunction" in item) return bindFunctionInFrom(item.RangeFunction, context)
  if ("JoinExpr" in item) throw refuseJoin(item.JoinExpr, context.view.sql)
  if ("RangeTableSample" in item) {
    throw new Refused(unsupported("tablesample"), item.RangeTableSample.location ?? startOf(item))
  }
  throw new Refused(unsupported("table-function"), startOf(item))
}

function bindName(range: RangeVar, context: FromContext): FromItem {
  const byte = range.location ?? null
  if (range.schemaname !== undefined || range.catalogname !== undefined) {
    throw new Refused(unsupported("schema", `${range.schemaname}.${range.relname}`), byte)
  }
  if (!range.inh) throw new Refused(unsupported("only"), byte)
  const name = range.relname ?? ""
  return withAlias({ relation: findTable(name, context, byte), name }, range.alias, byte)
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

function bindFunctionInFrom(range: RangeFunction, context: FromContext): FromItem {
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
  return withAlias({ relation, name }, range.alias, byte)
}

/** `AS t` and `AS t(a, b)`: further columns keep their names. */
export function withAlias(item: FromItem, alias: Alias | undefined, byte: number | null): FromItem {
  if (alias === undefined) return item
  if (alias.aliasname === "asof") throw new Refused(unsupported("asof"), byte)
  return { relation: renamed(item.relation, names(alias.colnames), byte), name: alias.aliasname ?? item.name }
}

export function renamed(relation: Relation, given: readonly string[], byte: number | null): Relation {
  const { columns } = relation
  if (given.length > columns.length)
    throw new Refused(findings.columnAliases(given.length, columns.length), byte)
  return { ...relation, columns: columns.map((column, i) => ({ ...column, name: given[i] ?? column.name })) }
}

function refuseJoin(join: { readonly larg?: Node; readonly rarg?: Node }, sql: string): Refused {
  const right = startOf(join.rarg)
  const at = right === null ? null : (keywordBefore(sql, "join", right) ?? right)
  const left =
    join.larg !== undefined && "RangeVar" in join.larg ? join.larg.RangeVar.alias?.aliasname : undefined
  return new Refused(unsupported(left === "asof" ? "asof" : "join"), at)
}
