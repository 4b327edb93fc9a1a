/**
 * An event's columns out of the bytes that the producer sent, by ClickHouse alone: the row's JSON is cut into
 * its members (expr/clickhouse/json.ts), and each member is read by its contract's form. The rows were
 * accepted, so nothing is refused here; a value that cannot be read becomes NULL, and shows as a difference.
 */

import type { ContractField, EventContract } from "../../contracts/contract.ts"
import { plainRule, type ValueForm } from "../../contracts/field-rule.ts"
import { daysSql } from "../../expr/clickhouse/calendar.ts"
import { objectMembersSql } from "../../expr/clickhouse/json.ts"
import { clickhouseType, Names, textLiteral } from "../../expr/clickhouse/sql-writer.ts"
import { assertNever } from "../../std/assert.ts"

/** Raw rows: `_partition`, `_offset`, `_appended` (milliseconds), `_value`. */
export const RAW_COLUMNS = ["_partition", "_offset", "_appended", "_value"] as const

/** Columns of the read rows: where each stands, the contract's fields as f0, f1, …, processed_at. */
export function readColumns(contract: EventContract): readonly { name: string; type: string }[] {
  return [
    { name: "_partition", type: "Int32" },
    { name: "_offset", type: "Int64" },
    ...contract.fields.map(({ type }, i) => ({ name: `f${i}`, type: `Nullable(${clickhouseType(type)})` })),
    { name: `f${contract.fields.length}`, type: "Int64" },
  ]
}

/**
 * The query that reads the raw rows of `from`. In layers, since ClickHouse plans a value that is named in a
 * subquery once, and one that is written twice twice: members, texts, texts out of their quotes, values.
 */
export function readEventSql(contract: EventContract, from: string): string {
  const { fields } = contract
  const place = "_partition, _offset, _appended"
  const each = (sql: (field: ContractField, i: number) => string) => fields.map(sql)
  const memberNames = new Names()
  const membersSql = objectMembersSql(memberNames, "_value")
  const raw = memberNames.over(`SELECT * FROM ${from}`)
  const members = `SELECT ${place}, ${membersSql} AS members FROM (${raw})`
  const found = each(({ name }, i) => `arrayLastIndex(m -> m.1 = ${textLiteral(name)}, members) AS n${i}`)
  const texts = each((field, i) => `if(n${i} = 0, ${defaultText(field)}, members[n${i}].2) AS t${i}`)
  const bare = each((_, i) => `if(startsWith(t${i}, '"'), JSONExtractString(t${i}), t${i}) AS b${i}`)
  const names = new Names()
  const values = each((field, i) => `if(t${i} = 'null', NULL, ${formSql(names, formOf(field), i)}) AS f${i}`)
  const layers = [
    `SELECT ${[place, "members", ...found].join(", ")} FROM (${members})`,
    (input: string) => `SELECT ${[place, ...texts].join(", ")} FROM (${input})`,
    (input: string) => `SELECT ${[place, ...each((_, i) => `t${i}`), ...bare].join(", ")} FROM (${input})`,
    (input: string) => {
      const processedAt = `toInt64(_appended * 1000) AS f${fields.length}`
      const columns = ["_partition, _offset", ...values, processedAt].join(", ")
      return `SELECT ${columns} FROM (${names.over(input)})`
    },
  ] as const
  return layers[3](layers[2](layers[1](layers[0])))
}

const ruleOf = (field: ContractField) => field.rule ?? plainRule(field.type, field.nullable)
const formOf = (field: ContractField) => ruleOf(field).form
const defaultText = (field: ContractField) => textLiteral(ruleOf(field).defaultText ?? "null")

/** Over `t<i>`, the JSON of the value, and `b<i>`, the same out of its quotes; of the last of equal keys. */
function formSql(names: Names, form: ValueForm, i: number): string {
  const [text, bare] = [`t${i}`, `b${i}`]
  switch (form.kind) {
    case "boolean":
      return `toUInt8(${text} = 'true')`
    case "int32":
      return `toInt32(${unscaled(text, 0)})`
    case "int64":
      return `toInt64(${unscaled(bare, 0)})`
    case "float64":
      return `(toFloat64OrNull(${text}) + 0.)`
    case "decimal":
      return unscaled(bare, form.scale)
    case "string":
      return bare
    case "bytes":
      return `tryBase64Decode(${bare})`
    case "json":
      return text
    case "date":
      return `toInt32(${daysOfText(names, bare)})`
    case "timestamp":
      return microsOfText(names, bare)
    case "epoch":
      return epochSql(text, { s: 6, ms: 3, us: 0 }[form.unit])
    default:
      return assertNever(form)
  }
}

/** Accepted numbers have no digits beyond their scale. */
const unscaled = (text: string, scale: number) =>
  `reinterpret(toDecimal256OrNull(${text}, ${scale}), 'Int256')`

/** YYYY-MM-DD, where the digits are. */
function daysOfText(names: Names, text: string): string {
  const part = (from: number, length: number) => `toInt64OrNull(substring(${text}, ${from}, ${length}))`
  return daysSql(names, { year: part(1, 4), month: part(6, 2), day: part(9, 2) })
}

/** RFC 3339 in any of its dialects; digits beyond microseconds are cut. */
function microsOfText(names: Names, text: string): string {
  const part = (from: number) => `toInt64OrNull(substring(${text}, ${from}, 2))`
  const seconds = `(${part(12)} * 3600 + ${part(15)} * 60 + ${part(18)})`
  const fraction = `toInt64OrZero(substring(concat(extract(${text}, '[.]([0-9]+)'), '000000'), 1, 6))`
  const zone = `substring(${text}, 20)`
  const offset = `extract(${zone}, '[+-][0-9:]+$')`
  const digits = (at: number) => `toInt64OrZero(substring(${offset}, ${at}, 2))`
  const minutes = `(${digits(2)} * 60 + ${digits(5)})`
  const shift = `${minutes} * if(startsWith(${offset}, '-'), -60, 60)`
  return `toInt64((${daysOfText(names, text)} * 86400 + ${seconds} - ${shift}) * 1000000 + ${fraction})`
}

/** Cut towards the past: read with places to spare, then floored. */
const SPARE = 20

function epochSql(text: string, digits: number): string {
  const exact = unscaled(text, digits + SPARE)
  const one = `toInt256('1${"0".repeat(SPARE)}')`
  return `toInt64(intDiv(${exact} - positiveModulo(${exact}, ${one}), ${one}))`
}
