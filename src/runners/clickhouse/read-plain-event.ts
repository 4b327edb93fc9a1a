/**
 * The short way from a row's JSON to its columns: ClickHouse's JSON functions, which parse a row once. They
 * take the first of equal keys, read numbers as doubles, and say NULL for whatever they cannot read; so each
 * row is judged, and one that might be read otherwise than to the last digit goes the exact way instead.
 *
 * A row is plain when
 * - no wanted key stands in it twice, and no letter of a key can be hidden behind an escape;
 * - each wanted value is there, or its key is nowhere in the row, or is followed by null;
 * - no number of it has more digits than a double, where a double came of it;
 * - its times lie where ClickHouse's calendar is known to agree.
 */
import type { ValueForm } from "../../contracts/field-rule.ts"
import { Names, textLiteral } from "../../expr/clickhouse/sql-writer.ts"
import { assertNever } from "../../std/assert.ts"
import { quoteName } from "../../stores/clickhouse.ts"
import type { ReadField } from "./read-event.ts"
import { defaultText, formOf, ruleOf, unscaled, valueSql } from "./read-value.ts"

export interface PlainWay {
  /** The raw rows, with what they are judged by and what values are read of. */
  readonly judged: string
  /** 1 where a row of `judged` is plain. */
  readonly test: string
  readonly values: readonly string[]
}

/** A letter of a key may be written \u0061; those of names are between \u0020 and \u007f. */
const ESCAPED_LETTER = textLiteral("\\\\u00[2-7]")
/** Searched first, which costs a fifth. */
const ESCAPE = textLiteral("\\u00")
const SPACE = "[ \\t\\n\\r]*"
/** The whole numbers that doubles hold one by one. */
const EXACT_WHOLE = 9_007_199_254_740_992n
/** Digits and a point: what is no longer comes back from a double as it was. */
const EXACT_CHARS = 16
/** 2170-01-01: ClickHouse's own times reach from 1900 to 2299. */
const LAST_DAY = 73_049

/** How a field is read: its type in JSONExtract, its value, and what must be true of it to be plain. */
interface PlainForm {
  readonly type: string
  readonly value: (name: string) => string
  readonly test: ((name: string, key: string) => string) | null
}

/** Null: a field has a form that can only be read exactly. */
export function plainWay(fields: readonly ReadField[], from: string): PlainWay | null {
  const forms = fields.map(({ field }) => plainForm(formOf(field)))
  if (forms.some((form) => form === null)) return null
  const plain = forms as readonly PlainForm[]
  const tuple = fields.map(({ field }, i) => `${quoteName(field.name)} ${plain[i]!.type}`).join(", ")
  const parsed = `SELECT *, JSONExtract(_value, ${textLiteral(`Tuple(${tuple})`)}) AS parsed FROM ${from}`
  const columns = fields.flatMap(({ field, index }, i) => [
    `parsed.${i + 1} AS p${index}`,
    `countSubstrings(_value, ${keyText(field.name)}) AS k${index}`,
  ])
  const values = fields.map(({ field, index }, i) => {
    const value = plain[i]!.value(`p${index}`)
    const absent = constant(field) ?? "NULL"
    return `${absent === "NULL" ? value : `if(k${index} = 0, ${absent}, ${value})`} AS f${index}`
  })
  const tests = fields.flatMap(({ field, index }, i) => {
    const own = plain[i]!.test?.(`p${index}`, field.name) ?? null
    return [
      `k${index} <= 1`,
      presence({ field, index }),
      ...(own === null ? [] : [`(isNull(p${index}) OR ${own})`]),
    ]
  })
  const isRequired = fields.some(({ field }) => !mayBeNull(field))
  const judged = `SELECT *, ${columns.join(", ")} FROM (${parsed})`
  const valid = isRequired ? [] : ["isValidJSON(_value)"]
  const test = [
    `(position(_value, ${ESCAPE}) = 0 OR NOT match(_value, ${ESCAPED_LETTER}))`,
    ...valid,
    ...tests,
  ]
  return { judged, test: `ifNull(${test.join(" AND ")}, 0)`, values }
}

type Field = ReadField["field"]

const mayBeNull = (field: Field) => field.optional || ruleOf(field).acceptsNull

/** A value that is not there must be known to be missing, or null. */
function presence({ field, index }: ReadField): string {
  const found = `isNotNull(p${index})`
  if (!mayBeNull(field)) return found
  const missing = constant(field) === null ? "0" : `k${index} = 0`
  // With a default, a key in an object further in could stand for one that is missing here.
  if (!ruleOf(field).acceptsNull || defaultText(field) !== "null") return `(${found} OR ${missing})`
  return `(${found} OR ${missing} OR match(_value, ${followedBy(field.name, "null")}))`
}

function plainForm(form: ValueForm): PlainForm | null {
  const same = (name: string) => name
  switch (form.kind) {
    case "boolean":
      return { type: "Nullable(Bool)", value: (x) => `toUInt8(${x})`, test: null }
    case "int32":
      return { type: "Nullable(Int64)", value: (x) => `toInt32(${x})`, test: null }
    case "int64": {
      const test = (x: string, key: string) =>
        `(abs(${x}) < ${EXACT_WHOLE} OR NOT match(_value, ${followedBy(key, '"?[-0-9]*[.eE]')}))`
      return { type: "Nullable(Int64)", value: same, test }
    }
    case "float64":
      return { type: "Nullable(Float64)", value: (x) => `(${x} + 0.)`, test: null }
    case "decimal": {
      const test = form.precision < EXACT_CHARS ? null : isShortNumber
      return { type: "Nullable(String)", value: (x) => unscaled(x, form.scale), test }
    }
    case "string":
      return { type: "Nullable(String)", value: same, test: null }
    case "bytes":
      return { type: "Nullable(String)", value: (x) => `tryBase64Decode(${x})`, test: null }
    case "json":
      return null
    case "date": {
      const days = (x: string) => `toInt32(toDate32OrNull(${x}))`
      const test = (x: string) => `length(${x}) = 10 AND ${days(x)} BETWEEN 0 AND ${LAST_DAY}`
      return { type: "Nullable(String)", value: days, test }
    }
    case "timestamp": {
      const micros = (x: string) => `toUnixTimestamp64Micro(parseDateTime64BestEffortOrNull(${x}, 6, 'UTC'))`
      const last = BigInt(LAST_DAY) * 86_400_000_000n
      const test = (x: string) => `length(${x}) >= 20 AND ${micros(x)} BETWEEN 0 AND ${last}`
      return { type: "Nullable(String)", value: micros, test }
    }
    case "epoch":
      return {
        type: "Nullable(String)",
        value: (x) => valueSql(new Names(), form, { text: x, bare: x }),
        test: isShortNumber,
      }
    default:
      return assertNever(form)
  }
}

const isShortNumber = (_: string, key: string) =>
  `NOT match(_value, ${followedBy(key, `[-0-9.]*(?:[eE]|[-0-9.]{${EXACT_CHARS + 1}})`)})`

const keyText = (key: string) => textLiteral(`"${key}"`)
const followedBy = (key: string, pattern: string) => textLiteral(`"${key}"${SPACE}:${SPACE}${pattern}`)

/** What a key that is missing stands for; null: times are told by the exact way. */
function constant(field: Field): string | null {
  const [form, json] = [formOf(field), defaultText(field)]
  if (json === "null") return "NULL"
  if (form.kind === "date" || form.kind === "timestamp") return null
  const bare = json.startsWith('"') ? (JSON.parse(json) as string) : json
  return valueSql(new Names(), form, { text: textLiteral(json), bare: textLiteral(bare) })
}
