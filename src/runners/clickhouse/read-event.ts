/**
 * An event's columns out of the bytes that the producer sent, by ClickHouse alone. A row whose JSON is read
 * to the last digit by ClickHouse's own JSON functions goes the short way (read-plain-event.ts); any other is
 * cut into its members (expr/clickhouse/json.ts), and each member is read by its contract's form. The rows
 * were accepted, so nothing is refused here; a value that cannot be read becomes NULL, and shows as a
 * difference.
 */

import type { ContractField, EventContract } from "../../contracts/contract.ts"
import { PROCESSED_AT } from "../../contracts/contract.ts"
import { objectMembersSql } from "../../expr/clickhouse/json.ts"
import { clickhouseType, Names, textLiteral } from "../../expr/clickhouse/sql-writer.ts"
import { plainWay } from "./read-plain-event.ts"
import { defaultText, formOf, valueSql } from "./read-value.ts"

/** Raw rows: `_partition`, `_offset`, `_appended` (milliseconds), `_value`. */
export const RAW_COLUMNS = ["_partition", "_offset", "_appended", "_value"] as const

/** Names of an event's columns, processed_at among them; the rest is not read. */
export type ReadColumns = ReadonlySet<string>

/** A field that is read, and its place in the contract. */
export interface ReadField {
  readonly field: ContractField
  readonly index: number
}

/** Where rows stand; part of every layer. */
const PLACE = "_partition, _offset, _appended"

export function everyColumn({ fields }: EventContract): ReadColumns {
  return new Set([...fields.map(({ name }) => name), PROCESSED_AT])
}

/** Columns of the read rows: where each stands, the contract's fields as f0, f1, …, processed_at. */
export function readColumns(
  contract: EventContract,
  wanted: ReadColumns,
): readonly { name: string; type: string }[] {
  return [
    { name: "_partition", type: "Int32" },
    { name: "_offset", type: "Int64" },
    ...fieldsRead(contract, wanted).map(({ field, index }) => ({
      name: `f${index}`,
      type: `Nullable(${clickhouseType(field.type)})`,
    })),
    ...(wanted.has(PROCESSED_AT) ? [{ name: `f${contract.fields.length}`, type: "Int64" }] : []),
  ]
}

function fieldsRead({ fields }: EventContract, wanted: ReadColumns): readonly ReadField[] {
  return fields.flatMap((field, index) => (wanted.has(field.name) ? [{ field, index }] : []))
}

/**
 * The rows of `from` that are plain, read, and the raw rows that are not; null where the wanted columns have
 * a form that only the exact way reads.
 */
export function plainEventSql(
  contract: EventContract,
  from: string,
  wanted: ReadColumns,
): { readonly plain: string; readonly rest: string } | null {
  const fields = fieldsRead(contract, wanted)
  const raw = `SELECT ${RAW_COLUMNS.join(", ")} FROM`
  if (fields.length === 0) {
    return { plain: valuesSql(contract, wanted, [], `SELECT * FROM ${from}`), rest: `${raw} ${from} WHERE 0` }
  }
  const way = plainWay(fields, from)
  if (way === null) return null
  return {
    plain: valuesSql(contract, wanted, way.values, `SELECT * FROM (${way.judged}) WHERE ${way.test}`),
    rest: `${raw} (${way.judged}) WHERE NOT ${way.test}`,
  }
}

/** Any rows of `from`, read. ClickHouse takes a tenth of a second to plan it. */
export function exactEventSql(contract: EventContract, from: string, wanted: ReadColumns): string {
  const { values, rows } = exactWay(fieldsRead(contract, wanted), from)
  return valuesSql(contract, wanted, values, rows)
}

function valuesSql(contract: EventContract, wanted: ReadColumns, values: readonly string[], rows: string) {
  const processedAt = `toInt64(_appended * 1000) AS f${contract.fields.length}`
  const list = ["_partition", "_offset", ...values, ...(wanted.has(PROCESSED_AT) ? [processedAt] : [])]
  return `SELECT ${list.join(", ")} FROM (${rows})`
}

/**
 * In layers, since ClickHouse plans a value that is named in a subquery once, and one that is written twice
 * twice: members, texts, texts out of their quotes, values.
 */
function exactWay(fields: readonly ReadField[], from: string) {
  const each = (sql: (field: ContractField, i: number) => string) =>
    fields.map(({ field, index }) => sql(field, index))
  const memberNames = new Names()
  const membersSql = objectMembersSql(memberNames, "_value")
  const raw = memberNames.over(`SELECT * FROM ${from}`)
  const members = `SELECT ${PLACE}, ${membersSql} AS members FROM (${raw})`
  const found = each(({ name }, i) => `arrayLastIndex(m -> m.1 = ${textLiteral(name)}, members) AS n${i}`)
  const text = (field: ContractField) => textLiteral(defaultText(field))
  const texts = each((field, i) => `if(n${i} = 0, ${text(field)}, members[n${i}].2) AS t${i}`)
  const bare = each((_, i) => `if(startsWith(t${i}, '"'), JSONExtractString(t${i}), t${i}) AS b${i}`)
  const names = new Names()
  const values = each((field, i) => {
    const value = valueSql(names, formOf(field), { text: `t${i}`, bare: `b${i}` })
    return `if(t${i} = 'null', NULL, ${value}) AS f${i}`
  })
  const layers = [
    `SELECT ${[PLACE, "members", ...found].join(", ")} FROM (${members})`,
    (input: string) => `SELECT ${[PLACE, ...texts].join(", ")} FROM (${input})`,
    (input: string) => `SELECT ${[PLACE, ...each((_, i) => `t${i}`), ...bare].join(", ")} FROM (${input})`,
  ] as const
  return { values, rows: names.over(layers[2](layers[1](layers[0]))) }
}
