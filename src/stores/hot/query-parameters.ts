/**
 * Values of a query's parameters, held against the types that the SQL declares and written in the text form
 * in which ClickHouse takes them. ClickHouse itself would take 300 for a UInt8 and make it 44.
 */
import { formatTimestamp, parseDate, parseTimestamp } from "../../std/calendar-text.ts"
import { parseExactNumber, parseUnscaled } from "../../std/exact-number.ts"
import { queryParameter } from "./errors.ts"
import type { ParameterToken } from "./gate/canonical-tokens.ts"
import { escapedField } from "./gate/field-text.ts"
import { type ParameterType, parseParameterType } from "./parameter-type.ts"

type Declared = Pick<ParameterToken, "name" | "type">

/** Why a value is no value of its type; completes "it must be". */
class Unfit {
  readonly wanted: string

  constructor(wanted: string) {
    this.wanted = wanted
  }
}

/** @throws query-parameter */
export function parameterTexts(
  declared: readonly Declared[],
  given: Readonly<Record<string, unknown>>,
): Record<string, string> {
  const types = new Map<string, ParameterType>()
  for (const { name, type } of declared) {
    const parsed = parseParameterType(type)
    if (parsed === null) throw queryParameter(name, `the type "${type}" of the parameter ${name} is no type`)
    const other = types.get(name)
    if (other !== undefined && other.text !== parsed.text) {
      throw queryParameter(
        name,
        `the parameter ${name} has two types, ${other.text} and ${parsed.text}; use one`,
      )
    }
    types.set(name, parsed)
  }
  const stray = Object.keys(given).find((name) => !types.has(name))
  if (stray !== undefined) {
    const list = [...types].map(([name, { text }]) => `{${name}:${text}}`).join(", ") || "no parameter"
    throw queryParameter(
      stray,
      `params has "${stray}", but the SQL has ${list}; write {${stray}:Type} into it`,
    )
  }
  const texts = [...types].map(([name, type]) => [name, textOf(name, type, given)] as const)
  return Object.fromEntries(texts)
}

function textOf(name: string, type: ParameterType, given: Readonly<Record<string, unknown>>): string {
  if (!Object.hasOwn(given, name)) {
    throw queryParameter(name, `the parameter {${name}:${type.text}} has no value; give it in params`)
  }
  const value = given[name]
  const written = value === null ? nullOf(type) : scalarOrList(type, value)
  if (written instanceof Unfit) {
    const shown = JSON.stringify(value)?.slice(0, 100)
    throw queryParameter(
      name,
      `the parameter ${name} is ${shown}; it must be ${written.wanted}, for ${type.text}`,
    )
  }
  return written
}

function nullOf(type: ParameterType): string | Unfit {
  return isNullable(type) ? "\\N" : new Unfit("no null")
}

function isNullable({ name, arguments: [inner] }: ParameterType): boolean {
  if (name === "Nullable") return true
  return name === "LowCardinality" && typeof inner === "object" && isNullable(inner)
}

/** As a value of its own: without quotes, control characters escaped. */
function scalarOrList(type: ParameterType, value: unknown): string | Unfit {
  const inner = unwrapped(type)
  if (inner.name === "Array") return list(inner, value)
  const text = scalar(inner, value)
  return text instanceof Unfit ? text : escapedField(text)
}

function list(type: ParameterType, value: unknown): string | Unfit {
  const [of] = type.arguments
  if (typeof of !== "object") return new Unfit("of a type such as Array(String)")
  if (!Array.isArray(value)) return new Unfit(`a list of ${of.text}`)
  const items = value.map((item) => element(of, item))
  return items.find((item) => item instanceof Unfit) ?? `[${items.join(",")}]`
}

/** As an element of a list: texts in quotes. */
function element(type: ParameterType, value: unknown): string | Unfit {
  if (value === null) return isNullable(type) ? "NULL" : new Unfit("a list without null")
  const inner = unwrapped(type)
  if (inner.name === "Array") return list(inner, value)
  const text = scalar(inner, value)
  if (text instanceof Unfit) return text
  return NUMBERS.test(inner.name) ? text : `'${escapedField(text).replaceAll("'", "\\'")}'`
}

function unwrapped(type: ParameterType): ParameterType {
  const [inner] = type.arguments
  const isWrapper = type.name === "Nullable" || type.name === "LowCardinality"
  return isWrapper && typeof inner === "object" ? unwrapped(inner) : type
}

const NUMBERS = /^(?:U?Int\d+|Float\d+|Decimal\d*|Bool|Boolean)$/
const INTEGER = /^(U?)Int(8|16|32|64|128|256)$/
const DECIMAL = /^Decimal(32|64|128|256)?$/
/** Digits of the decimals that have a number of bits in their name. */
const DIGITS: ReadonlyMap<string, number> = new Map([
  ["32", 9],
  ["64", 18],
  ["128", 38],
  ["256", 76],
])
/** What fits: ClickHouse takes other days and instants for the nearest that fit, silently. */
const DAYS: ReadonlyMap<string, readonly [from: string, to: string]> = new Map([
  ["Date", ["1970-01-01", "2149-06-06"]],
  ["Date32", ["1900-01-01", "2299-12-31"]],
  ["DateTime", ["1970-01-01T00:00:00Z", "2106-02-07T06:28:15Z"]],
  ["DateTime32", ["1970-01-01T00:00:00Z", "2106-02-07T06:28:15Z"]],
  ["DateTime64", ["1900-01-01T00:00:00Z", "2261-12-31T23:59:59Z"]],
])

function scalar({ name, arguments: given }: ParameterType, value: unknown): string | Unfit {
  const integer = INTEGER.exec(name)
  if (integer !== null) return integerText(value, { signed: integer[1] === "", bits: Number(integer[2]) })
  if (/^Float(?:32|64)$/.test(name)) return floatText(value)
  const decimal = DECIMAL.exec(name)
  if (decimal !== null) return decimalText(decimal[1] ?? "", given, value)
  if (name === "Bool" || name === "Boolean") {
    return /^(?:true|false)$/.test(String(value)) ? String(value) : new Unfit("true or false")
  }
  if (name === "Date" || name === "Date32") return dayText(name, value)
  if (/^DateTime(?:32|64)?$/.test(name)) return instantText(name, given, value)
  if (!/^(?:String|FixedString|UUID|IPv4|IPv6|Enum8|Enum16|Enum)$/.test(name)) {
    return new Unfit("of a type that parameters can have: numbers, texts, times, and lists of them")
  }
  return typeof value === "string" ? value : new Unfit("a text")
}

function integerText(value: unknown, { signed, bits }: { signed: boolean; bits: number }): string | Unfit {
  const most = 2n ** BigInt(signed ? bits - 1 : bits) - 1n
  const least = signed ? -most - 1n : 0n
  const wanted = new Unfit(`a whole number from ${least} to ${most}, as a text where JSON's numbers end`)
  if (typeof value === "number" && !Number.isSafeInteger(value)) return wanted
  const text = String(value)
  if ((typeof value !== "number" && typeof value !== "string") || !/^-?\d{1,78}$/.test(text)) return wanted
  const number = BigInt(text)
  return number >= least && number <= most ? String(number) : wanted
}

function floatText(value: unknown): string | Unfit {
  if (typeof value === "number") return String(value)
  if (value === "NaN") return "nan"
  if (value === "Infinity" || value === "-Infinity") return value.startsWith("-") ? "-inf" : "inf"
  if (typeof value === "string" && parseExactNumber(value) !== null) return value
  return new Unfit('a number, or "NaN", "Infinity", "-Infinity"')
}

function decimalText(bits: string, given: ParameterType["arguments"], value: unknown): string | Unfit {
  const [first, second] = given.map(Number)
  const precision = DIGITS.get(bits) ?? first ?? 10
  const scale = (DIGITS.has(bits) ? first : second) ?? 0
  const text = typeof value === "number" ? String(value) : value
  const fits = typeof text === "string" && typeof parseUnscaled(text, precision, scale) === "bigint"
  const wanted = `a number with at most ${precision} digits, ${scale} of them behind the point`
  return fits ? text : new Unfit(wanted)
}

function dayText(name: string, value: unknown): string | Unfit {
  const [from = "", to = ""] = DAYS.get(name) ?? []
  const fits = typeof value === "string" && parseDate(value) !== null && value >= from && value <= to
  return fits ? value : new Unfit(`a day such as "2026-03-01", from ${from} to ${to}`)
}

/** ClickHouse reads times of a parameter in the type's own zone; only UTC leaves no doubt. */
function instantText(name: string, given: ParameterType["arguments"], value: unknown): string | Unfit {
  const zone = given.find((argument) => typeof argument === "string" && argument.startsWith("'"))
  if (zone !== undefined && zone !== "'UTC'") return new Unfit(`of a type in UTC, such as ${name}(…, 'UTC')`)
  const digits = name === "DateTime64" ? Math.min(Number(given[0] ?? 3), 6) : 0
  const [from = "", to = ""] = DAYS.get(name) ?? []
  const micros = typeof value === "string" ? parseTimestamp(value) : null
  const fits =
    micros !== null &&
    micros >= parseTimestamp(from)! &&
    micros <= parseTimestamp(to)! &&
    micros % 10n ** BigInt(6 - digits) === 0n
  if (!fits) {
    const precision = digits === 0 ? "whole seconds" : `at most ${digits} digits of a second`
    return new Unfit(`an instant such as "2026-03-01T08:15:00Z" with ${precision}, from ${from} to ${to}`)
  }
  return formatTimestamp(micros).replace("T", " ").replace("Z", "")
}
