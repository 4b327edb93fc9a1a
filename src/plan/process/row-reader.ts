/**
 * Column values as a handler sees them: what the field's zod schema says its output is.
 *
 *   timestamp   text in UTC, or a number in the unit that the schema has · date   text
 *   decimal     text with all its fraction digits · int64   bigint
 *   json        the parsed value · bytes   base64
 *   NULL        null where the schema takes null, else the key is missing
 */
import { readScalar } from "../../columns/scalar.ts"
import type { LogicalType } from "../../columns/types.ts"
import type { Vector } from "../../columns/vector.ts"
import type { ContractField } from "../../contracts/contract.ts"
import type { ValueForm } from "../../contracts/field-rule.ts"
import { formatDate, formatTimestamp } from "../../std/calendar-text.ts"
import { formatUnscaled } from "../../std/exact-number.ts"

type Read = (vector: Vector, row: number) => unknown

export type RowReader = (vectors: readonly Vector[], row: number) => Record<string, unknown>

/** @param places of each field among the columns */
export function rowReader(fields: readonly ContractField[], places: readonly number[]): RowReader {
  const names = fields.map(({ name }) => name)
  const reads = fields.map(({ type, rule }) => readerOf(type, rule?.form ?? null))
  const showsNull = fields.map(({ rule, optional }) => rule?.acceptsNull ?? !optional)
  return (vectors, row) => {
    const value: Record<string, unknown> = {}
    for (let k = 0; k < reads.length; k++) {
      const vector = vectors[places[k]!]!
      if (vector.nulls[row] !== 1) value[names[k]!] = reads[k]!(vector, row)
      else if (showsNull[k]) value[names[k]!] = null
    }
    return value
  }
}

/** The value of one column, or an object of several. */
export function keyReader(
  fields: readonly ContractField[],
  isSingle: boolean,
): (vectors: readonly Vector[], row: number) => unknown {
  const reads = fields.map(({ type, rule }) => readerOf(type, rule?.form ?? null))
  const value = (vectors: readonly Vector[], row: number, k: number) =>
    vectors[k]!.nulls[row] === 1 ? null : reads[k]!(vectors[k]!, row)
  if (isSingle) return (vectors, row) => value(vectors, row, 0)
  return (vectors, row) => Object.fromEntries(fields.map(({ name }, k) => [name, value(vectors, row, k)]))
}

const utf8Slice = Buffer.prototype.utf8Slice
const text: Read = ({ data, values, ends }, row) => utf8Slice.call(data, values[row] as number, ends[row]!)

function readerOf(type: LogicalType, form: ValueForm | null): Read {
  switch (type.kind) {
    case "boolean":
      return ({ values }, row) => values[row] === 1
    case "string":
      return text
    case "json":
      return (vector, row) => JSON.parse(text(vector, row) as string)
    case "bytes":
      return (vector, row) => Buffer.from(readScalar(vector, row) as Uint8Array).toString("base64")
    case "date":
      return ({ values }, row) => formatDate(values[row] as number)
    case "decimal":
      return (vector, row) => formatUnscaled(readScalar(vector, row) as bigint, type.scale)
    case "timestamp":
      return form?.kind === "epoch"
        ? epoch(form.unit)
        : ({ values }, row) => formatTimestamp(values[row] as bigint)
    case "int64":
      // z.literal and z.enum of whole numbers are numbers in JavaScript.
      if (form?.kind === "int64" && !form.strings) return ({ values }, row) => Number(values[row])
      return ({ values }, row) => values[row]
    default:
      return ({ values }, row) => values[row]
  }
}

const PER_UNIT = { s: 1_000_000, ms: 1_000, us: 1 } as const

function epoch(unit: keyof typeof PER_UNIT): Read {
  const divisor = PER_UNIT[unit]
  return ({ values }, row) => Number(values[row]) / divisor
}
