/**
 * A join in ClickHouse: both sides with their keys as columns, what can be missing as Nullable (an absent row
 * is NULL then, whatever settings say), and the condition in ON, since that decides who has a partner.
 */

import { spellClickHouse } from "../../expr/clickhouse/spell.ts"
import { floatRank, InlineNames } from "../../expr/clickhouse/sql-writer.ts"
import { noClickHouseSpelling } from "../../expr/errors.ts"
import type { Expression } from "../../expr/expression.ts"
import { joinExpiry } from "../../plan/expiry.ts"
import { keepsLeftOnly } from "../../plan/nodes/join.ts"
import type { JoinNode } from "../../plan/plan.ts"
import type { LoweringOptions, Relation } from "./lower-plan.ts"

/** Longer conditions are refused: what a condition needs twice is written twice there. */
const MAX_CONDITION_LENGTH = 100_000

const KINDS: Readonly<Record<JoinNode["type"], string>> = {
  inner: "INNER JOIN",
  left: "LEFT JOIN",
  full: "FULL JOIN",
  semi: "LEFT SEMI JOIN",
  anti: "LEFT ANTI JOIN",
}

/** @throws PlatformError no-clickhouse-spelling */
export function lowerJoin(
  node: JoinNode,
  inputs: { readonly left: Relation; readonly right: Relation },
  options: LoweringOptions,
): Relation {
  const { names } = options
  const { type } = node
  const left = sideOf(node, "left", inputs.left, options)
  const right = sideOf(node, "right", inputs.right, options)
  const equal = left.keys.map((key, i) => `${key} = ${right.keys[i]}`)
  const on = [...equal, ...conditionSql(node, left, right)].join(" AND ")
  const values = keepsLeftOnly(type) ? left.columns : [...left.columns, ...right.columns]
  const columns = values.map(() => names.fresh())
  const trace = left.trace === null ? null : names.fresh()
  const dropped = inputs.left.dropped === null ? null : names.fresh()
  const selected = [
    ...values.map((column, i) => `${column} AS ${columns[i]}`),
    ...(trace === null ? [] : [`${traces(left, right, node, options)} AS ${trace}`]),
    ...(dropped === null ? [] : [`toUInt32(0) AS ${dropped}`]),
  ]
  const list = selected.length === 0 ? "1" : selected.join(", ")
  const from = `(${left.sql}) AS ${names.fresh()} ${KINDS[type]} (${right.sql}) AS ${names.fresh()} ON ${on}`
  const sql = `SELECT ${list} FROM ${from}${shown(node, left, right, options)}`
  return { columns, trace, dropped, gone: null, sql }
}

interface JoinedSide {
  readonly sql: string
  readonly columns: readonly string[]
  readonly keys: readonly string[]
  readonly trace: string | null
  /** 1 in every row; NULL where the side has none. */
  readonly present: string
}

/** Rows that a condition below has left out have no partners. */
function sideOf(
  node: JoinNode,
  side: "left" | "right",
  input: Relation,
  { names }: LoweringOptions,
): JoinedSide {
  const padded = node.type === "full" || (node.type === "left" && side === "right")
  const keys = node.keys.map(({ [side]: key }) => {
    const sql = spellClickHouse(key, (index) => input.columns[index]!, names)
    return key.type.kind === "float64" ? floatRank(names, sql) : sql
  })
  const values = input.columns.map((column) => (padded ? `toNullable(${column})` : column))
  const columns = values.map(() => names.fresh())
  // Without keys a constant is equal to itself: ClickHouse wants an equality.
  const equal = keys.length === 0 ? ["toUInt8(1)"] : keys
  const keyNames = equal.map(() => names.fresh())
  const present = names.fresh()
  const trace = input.trace === null ? null : names.fresh()
  const selected = [
    ...values.map((value, i) => `${value} AS ${columns[i]}`),
    ...equal.map((key, i) => `materialize(${key}) AS ${keyNames[i]}`),
    `materialize(toNullable(toUInt8(1))) AS ${present}`,
    ...(trace === null ? [] : [`${input.trace} AS ${trace}`]),
  ]
  const where = input.dropped === null ? "" : ` WHERE ${input.dropped} = 0`
  const sql = `SELECT ${selected.join(", ")} FROM (${names.over(input.sql)})${where}`
  return { sql, columns, keys: keyNames, trace, present }
}

function conditionSql({ condition }: JoinNode, left: JoinedSide, right: JoinedSide): readonly string[] {
  if (condition === null) return []
  const columns = [...left.columns, ...right.columns]
  const sql = spellClickHouse(condition as Expression, (index) => columns[index]!, new InlineNames())
  if (sql.length > MAX_CONDITION_LENGTH) {
    throw noClickHouseSpelling("a join", "its condition would be too long a text")
  }
  return [`ifNull(${sql}, 0)`]
}

function traces(left: JoinedSide, right: JoinedSide, { type }: JoinNode, { trace }: LoweringOptions): string {
  if (keepsLeftOnly(type)) return left.trace!
  return `arraySlice(arrayConcat(${left.trace}, ${right.trace}), 1, ${trace!.limit})`
}

/** Of a view that emits "final", rows without a partner wait until none can come. */
function shown(node: JoinNode, left: JoinedSide, right: JoinedSide, { scope }: LoweringOptions): string {
  const { type } = node
  const { emit, closedUntilUs, latenessUs } = scope
  if (emit !== "final" || closedUntilUs === null || type === "inner" || type === "semi") return ""
  const isGone = (side: JoinedSide, name: "left" | "right"): string => {
    const expiry = joinExpiry(node, name, latenessUs)
    if (expiry === null) return "1"
    const leaves = `${side.columns[expiry.at]} + toInt64(${expiry.keepUs})`
    return `ifNull(${leaves} <= toInt64('${closedUntilUs}'), 0)`
  }
  const leftWaits = isGone(left, "left")
  if (type === "anti") return ` WHERE ${leftWaits}`
  const conditions = [`(isNotNull(${right.present}) OR ${leftWaits})`]
  if (type === "full") conditions.push(`(isNotNull(${left.present}) OR ${isGone(right, "right")})`)
  return ` WHERE ${conditions.join(" AND ")}`
}
