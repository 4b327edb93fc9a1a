/**
 * One value out of its JSON by its contract's form, exactly: numbers by their text, times by their digits.
 */
import type { ContractField } from "../../contracts/contract.ts"
import { plainRule, type ValueForm } from "../../contracts/field-rule.ts"
import { daysSql } from "../../expr/clickhouse/calendar.ts"
import type { Names } from "../../expr/clickhouse/sql-writer.ts"
import { assertNever } from "../../std/assert.ts"

export interface ValueText {
  /** The JSON of the value. */
  readonly text: string
  /** The same out of its quotes. */
  readonly bare: string
}

export const ruleOf = (field: ContractField) => field.rule ?? plainRule(field.type, field.nullable)
export const formOf = (field: ContractField) => ruleOf(field).form
/** JSON of what a missing key stands for. */
export const defaultText = (field: ContractField) => ruleOf(field).defaultText ?? "null"

/** Of a value that is not null. */
export function valueSql(names: Names, form: ValueForm, { text, bare }: ValueText): string {
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
export const unscaled = (text: string, scale: number) =>
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
