/**
 * An event's columns out of the bytes that the producer sent, by ClickHouse alone: the row's JSON is cut into
 * its members (expr/clickhouse/json.ts), and each member is read by its contract's form. The rows were
 * accepted, so nothing is refused here; a value that cannot be read becomes NULL, and shows as a difference.
 */
import { objectMembersSql, trimJson } from "../../expr/clickhouse/json.ts"
import { readDate, readDecimal, readTimestamp } from "../../expr/clickhouse/read-text.ts"
import { clickhouseType, Names, textLiteral, typedLiteral } from "../../expr/clickhouse/sql-writer.ts"
import type { ContractField, EventContract } from "../../contracts/contract.ts"
import { plainRule, type ValueForm } from "../../contracts/field-rule.ts"
import { assertNever } from "../../std/assert.ts"

/** Raw rows: `_partition`, `_offset`, `_appended` (milliseconds), `_value`. */
export const RAW_COLUMNS = ["_partition", "_offset", "_appended", "_value"] as const

/** Columns of the read rows: where each stands, then the contract's fields as f0, f1, …, then processed_at. */
export function readColumns(contract: EventContract): readonly { name: string; type: string }[] {
  return [
    { name: "_partition", type: "Int32" },
    { name: "_offset", type: "Int64" },
    ...contract.fields.map(({ type }, i) => ({ name: `f${i}`, type: `Nullable(${clickhouseType(type)})` })),
    { name: `f${contract.fields.length}`, type: "Int64" },
  ]
}

/** The query that reads the raw rows of `from`. */
export function readEventSql(contract: EventContract, from: string): string {
  const names = new Names()
  const members = objectMembersSql(names, "_value")
  const fields = contract.fields.map((field, i) => `${fieldSql(names, field)} AS f${i}`)
  const processedAt = `toInt64(_appended * 1000) AS f${contract.fields.length}`
  const row = `SELECT _partition, _offset, _appended, ${members} AS members FROM ${from}`
  return `SELECT _partition, _offset, ${[...fields, processedAt].join(", ")} FROM (${row})`
}

/** The last of equal keys counts. */
function fieldSql(names: Names, field: ContractField): string {
  const { form, defaultText } = field.rule ?? plainRule(field.type, field.nullable)
  const found = `arrayFilter(m -> m.1 = ${textLiteral(field.name)}, members)`
  const missing = defaultText === null ? typedLiteral(null, field.type) : formSql(names, form, textLiteral(defaultText))
  return names.bind([found], (f) =>
    names.bind([`if(empty(${f}), '', ${f}[-1].2)`], (text) => {
      const read = formSql(names, form, text)
      return `multiIf(empty(${text}), ${missing}, ${text} = 'null', NULL, ${read})`
    }),
  )
}

/** `text`: the value's JSON. */
function formSql(names: Names, form: ValueForm, text: string): string {
  const unquoted = `if(startsWith(${text}, '"'), JSONExtractString(${text}), ${text})`
  switch (form.kind) {
    case "boolean":
      return `toUInt8(${text} = 'true')`
    case "int32":
      return `toInt32(${readDecimal(names, text, 0)})`
    case "int64":
      return `toInt64(${readDecimal(names, unquoted, 0)})`
    case "float64":
      return `(toFloat64OrNull(${text}) + 0.)`
    case "decimal":
      return readDecimal(names, unquoted, form.scale)
    case "string":
      return `JSONExtractString(${text})`
    case "bytes":
      return `tryBase64Decode(JSONExtractString(${text}))`
    case "json":
      return trimJson(text)
    case "date":
      return readDate(names, `JSONExtractString(${text})`)
    case "timestamp":
      return readTimestamp(names, cutFraction(`JSONExtractString(${text})`))
    case "epoch":
      return epochSql(names, text, { s: 6, ms: 3, us: 0 }[form.unit])
    default:
      return assertNever(form)
  }
}

/** Digits beyond microseconds are cut, not rounded. */
function cutFraction(text: string): string {
  return `replaceRegexpOne(${text}, '([.][0-9]{6})[0-9]+', '\\\\1')`
}

/** Cut towards the past: read with places to spare, then floored. */
const SPARE = 12

function epochSql(names: Names, text: string, digits: number): string {
  const one = `toInt256('1${"0".repeat(SPARE)}')`
  return names.bind([readDecimal(names, text, digits + SPARE)], (x) => {
    return `toInt64(intDiv(${x} - positiveModulo(${x}, ${one}), ${one}))`
  })
}
