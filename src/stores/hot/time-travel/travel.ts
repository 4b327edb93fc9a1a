/**
 * Puts names of views that ClickHouse has in the place of tables with a moment:
 *
 *   FROM lake.flight AT '2026-11-27T10:00:00Z' WHERE
 *   FROM lake._0abc123defg AS flight           WHERE
 *
 * What is put in is as long as what stood there, with its line breaks, so that the places which the parser
 * complains of stay right.
 */
import { nearestName } from "../../../expr/nearest-name.ts"
import { quoteName } from "../../clickhouse.ts"
import { queryMoment } from "../errors.ts"
import { unknownTable } from "../gate/errors.ts"
import { LAKE, type LakeViews } from "../lake-views.ts"
import { type AtClause, atClauses } from "./at-clauses.ts"

export interface Travel extends Disposable {
  /** What ClickHouse can read. */
  readonly sql: string
  /** Names in `lake` that were put in; they stay until this is disposed of, which may be done again. */
  readonly views: ReadonlySet<string>
}

/** @throws PlatformError query-moment, unknown-table, unknown-snapshot, store-unavailable */
export async function travel(sql: string, lake: LakeViews | null): Promise<Travel> {
  const clauses = atClauses(sql)
  const entered: string[] = []
  const leave = () => {
    for (const name of entered.splice(0)) lake?.leave(name)
  }
  let written = ""
  let from = 0
  try {
    for (const clause of clauses) {
      if (lake === null) throw queryMoment("this platform has no lake, and so no past", sql, clause.start)
      const name = await enter(clause, lake)
      entered.push(name)
      written += sql.slice(from, clause.start) + inPlaceOf(sql.slice(clause.start, clause.end), name, clause)
      from = clause.end
    }
  } catch (error) {
    leave()
    throw error
  }
  return { sql: written + sql.slice(from), views: new Set(entered), [Symbol.dispose]: leave }
}

function enter({ event, moment }: AtClause, lake: LakeViews): Promise<string> {
  const known = lake.names()
  if (known.has(event)) return lake.enterPast(event, moment)
  const near = nearestName(event, [...known])
  throw unknownTable(`${LAKE}.${event}`, near === null ? [] : [`${LAKE}.${near}`])
}

function inPlaceOf(original: string, name: string, { event, isNamed }: AtClause): string {
  const alias = /^[a-z]\w*$/.test(event) ? event : quoteName(event)
  const table = `${LAKE}.${name}${isNamed ? "" : ` AS ${alias}`}`
  const breaks = original.replace(/[^\n]/g, "")
  return table.padEnd(original.length - breaks.length) + breaks
}
