/**
 * Where a query's tables are. A name without a database means an event or a view: names are unique across
 * both, so the statement runs in the database that has all of its bare names.
 */
import { nearestName } from "../../expr/nearest-name.ts"
import { queryRefused, unknownTable } from "./gate/errors.ts"
import type { PassedStatement } from "./gate/gate.ts"
import { LAKE } from "./lake-views.ts"

/** Names of tables by database. */
export type TableCatalog = ReadonlyMap<string, ReadonlySet<string>>

/** In this order, where several have a name. */
const PREFERRED: readonly string[] = ["views", "events", LAKE]

export const CATALOG_SQL = "SELECT database, name FROM system.tables WHERE database IN ('events', 'views')"

/** From the rows of CATALOG_SQL as TSV. */
export function readCatalog(text: string): TableCatalog {
  const catalog = new Map<string, Set<string>>()
  for (const line of text.split("\n").filter((row) => row !== "")) {
    const [database = "", name = ""] = line.split("\t")
    catalog.set(database, (catalog.get(database) ?? new Set()).add(name))
  }
  return catalog
}

export function joined(one: TableCatalog, other: TableCatalog): TableCatalog {
  const databases = new Set([...one.keys(), ...other.keys()])
  const names = (database: string) => [...(one.get(database) ?? []), ...(other.get(database) ?? [])]
  return new Map([...databases].map((database) => [database, new Set(names(database))]))
}

/** A table that a statement reads when it runs in `database`, and that is not in the catalog. */
export function missingTable(
  { tables }: Pick<PassedStatement, "tables">,
  database: string | null,
  catalog: TableCatalog,
): string | null {
  const homes = tables.map((table) => ({ home: table.database ?? database ?? "", name: table.name }))
  const missing = homes.find(({ home, name }) => home !== LAKE && catalog.get(home)?.has(name) !== true)
  return missing === undefined ? null : `${missing.home}.${missing.name}`
}

export function withLake(stored: TableCatalog, lake: ReadonlySet<string>): TableCatalog {
  return new Map([...stored, [LAKE, lake]])
}

/** Which tables of the lake, as far as it has them, a statement reads when it runs in `database`. */
export function lakeTables(
  { tables, perhapsTables }: PassedStatement,
  database: string | null,
  lake: ReadonlySet<string>,
): string[] {
  const named = tables.filter((table) => (table.database ?? database) === LAKE).map(({ name }) => name)
  const perhaps = database === LAKE ? perhapsTables : []
  return [...new Set([...named, ...perhaps])].filter((name) => lake.has(name))
}

/** True when the catalog has every table that the statement names. */
export function hasTables({ tables }: Pick<PassedStatement, "tables">, catalog: TableCatalog): boolean {
  return tables.every(({ database, name }) =>
    database === null ? homesOf(name, catalog).length > 0 : catalog.get(database)?.has(name) === true,
  )
}

/** The database to run in; null when the statement has no bare names. @throws unknown-table, query-refused */
export function databaseOf(statement: PassedStatement, catalog: TableCatalog): string | null {
  for (const { database, name } of statement.tables) {
    const known = database === null ? homesOf(name, catalog).length > 0 : catalog.get(database)?.has(name)
    if (known !== true) throw notThere(database, name, catalog)
  }
  const bare = statement.tables.filter(({ database }) => database === null).map(({ name }) => name)
  const perhaps = statement.perhapsTables.filter((name) => homesOf(name, catalog).length > 0)
  const names = [...new Set([...bare, ...perhaps])]
  if (names.length === 0) return null
  const home = PREFERRED.find((database) => names.every((name) => catalog.get(database)?.has(name)))
  if (home === undefined) throw severalHomes(names, catalog)
  return home
}

function homesOf(name: string, catalog: TableCatalog): string[] {
  return PREFERRED.filter((database) => catalog.get(database)?.has(name))
}

function notThere(database: string | null, name: string, catalog: TableCatalog) {
  const known = PREFERRED.flatMap((home) => [...(catalog.get(home) ?? [])].map((table) => `${home}.${table}`))
  const written = database === null ? name : `${database}.${name}`
  const bare = nearestName(name, [...new Set(known.map((table) => table.slice(table.indexOf(".") + 1)))])
  const near = known.filter((table) => table.endsWith(`.${bare}`) && table !== written)
  return unknownTable(written, near)
}

function severalHomes(names: readonly string[], catalog: TableCatalog) {
  const written = names.map((name) => `${homesOf(name, catalog)[0]}.${name}`)
  return queryRefused({
    construct: `the tables ${names.join(" and ")}`,
    reason: "are in different databases and named without them",
    advice: `write ${written.join(" and ")}`,
  })
}
