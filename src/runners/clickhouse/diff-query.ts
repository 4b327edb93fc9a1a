/**
 * Two tables of a view's rows compared inside ClickHouse. Rows are grouped by all columns that must be equal;
 * in a group both sides have the same floats, pair by pair in their order, within the tolerance. Such a
 * pairing proves that the sides agree; rows that differ by more than the tolerance have none.
 *
 *   live  ┐                                       ┌ only live: extra
 *         ├─ group by exact columns ─ unequal ─ by key ─ both: different
 *   batch ┘                                       └ only batch: missing
 */
import type { Column } from "../../columns/types.ts"
import { floatRank, Names } from "../../expr/clickhouse/sql-writer.ts"

/** Relative. Sums of floats depend on their order. */
export const TOLERANCE = 1e-9

export interface DiffTables {
  readonly live: string
  readonly batch: string
}

/**
 * Groups that are not the same on both sides: the exact columns as e0, e1, …, then `live` and `batch`, lists
 * of tuples of the other columns.
 */
export function differingGroups(
  columns: readonly Column[],
  key: readonly number[] | null,
  tables: DiffTables,
): string {
  const isApproximate = (i: number) => columns[i]!.type.kind === "float64" && key?.includes(i) !== true
  const positions = columns.map((_, i) => i)
  const approximate = positions.filter(isApproximate)
  const exact = positions.filter((i) => !isApproximate(i))
  const names = new Names()
  const selected = exact.map((i) => {
    return `${columns[i]!.type.kind === "float64" ? floatRank(names, `c${i}`) : `c${i}`} AS e${i}`
  })
  const floats = `tuple(${["0", ...approximate.map((i) => `c${i}`)].join(", ")})`
  const list = positions.map((i) => `c${i}`).join(", ")
  const both =
    `SELECT ${list}, 1 AS is_live FROM ${tables.live} UNION ALL ` +
    `SELECT ${list}, 0 AS is_live FROM ${tables.batch}`
  const values = [...selected, `${floats} AS floats`, "is_live"].join(", ")
  const rows = `SELECT ${values} FROM (${names.over(both)})`
  const groups = exact.map((i) => `e${i}`)
  const close = approximate.map((_, at) => closeSql(`a.${at + 2}`, `b.${at + 2}`))
  const same = `arrayAll((a, b) -> ${["1", ...close].join(" AND ")}, live, batch)`
  const tail = groups.length === 0 ? "" : ` GROUP BY ${groups.join(", ")}`
  const grouped =
    `SELECT ${[...groups, "arraySort(groupArrayIf(floats, is_live = 1)) AS live"].join(", ")}, ` +
    `arraySort(groupArrayIf(floats, is_live = 0)) AS batch FROM (${rows})${tail}`
  // Lists of different lengths cannot be walked in pairs: they are cut to the shorter one first.
  const shorter = "least(length(live), length(batch))"
  const pairs = same.replace(
    ", live, batch)",
    `, arraySlice(live, 1, ${shorter}), arraySlice(batch, 1, ${shorter}))`,
  )
  return `SELECT * FROM (${grouped}) WHERE length(live) != length(batch) OR NOT ${pairs}`
}

function closeSql(a: string, b: string): string {
  const scale = `greatest(abs(${a}), abs(${b}))`
  const near = `${a} = ${b} OR (isNaN(${a}) AND isNaN(${b})) OR abs(${a} - ${b}) <= ${TOLERANCE} * ${scale}`
  return `if(isNull(${a}) OR isNull(${b}), isNull(${a}) AND isNull(${b}), ifNull(${near}, 0))`
}

/** Rows by what is wrong with them; those of one key on both sides are different, not missing and extra. */
export function countDifferences(
  groups: string,
  columns: readonly Column[],
  key: readonly number[] | null,
): string {
  const by = (key ?? []).map((i) => `e${i}`)
  const hasFloats = columns.some(({ type }, i) => type.kind === "float64" && key?.includes(i) !== true)
  const surplus = (a: string, b: string) => `greatest(toInt64(length(${a})) - toInt64(length(${b})), 0)`
  // Without floats the rows of a group are the same: as many as both sides have agree.
  const counted = hasFloats
    ? "length(live) AS l, length(batch) AS b"
    : `${surplus("live", "batch")} AS l, ${surplus("batch", "live")} AS b`
  const sides =
    key === null
      ? `SELECT ${counted} FROM (${groups})`
      : `SELECT sum(l) AS l, sum(b) AS b FROM (SELECT ${[...by, counted].join(", ")} FROM (${groups})) ` +
        `GROUP BY ${by.length === 0 ? "tuple()" : by.join(", ")}`
  return (
    "SELECT toString(sum(greatest(toInt64(b) - toInt64(l), 0))) AS missing, " +
    "toString(sum(greatest(toInt64(l) - toInt64(b), 0))) AS extra, " +
    `toString(sum(least(toInt64(l), toInt64(b)))) AS different FROM (${sides})`
  )
}
