/**
 * Pieces of ClickHouse SQL. A value that a spelling needs more than once becomes a column of a subquery below
 * (`Names.over`), so that text and work stay as long as the expression, however deep it is nested. ClickHouse
 * writes out aliases and functions bound by lambdas wherever they are used, and gives up beyond some depth.
 *
 * How values look in ClickHouse, so that arithmetic is exact and nothing throws:
 *   boolean UInt8 · int32 Int32 · int64 Int64 · float64 Float64 · decimal Int256, unscaled · string, bytes,
 *   json String · timestamp Int64, microseconds · date Int32, days · interval Int256, see packInterval
 */
import type { Interval, LogicalType, Scalar, TypeKind } from "../../columns/types.ts"
import { assertNever } from "../../std/assert.ts"

const TYPES: Readonly<Record<TypeKind, string>> = {
  boolean: "UInt8",
  int32: "Int32",
  int64: "Int64",
  float64: "Float64",
  decimal: "Int256",
  string: "String",
  bytes: "String",
  json: "String",
  timestamp: "Int64",
  date: "Int32",
  interval: "Int256",
}

export function clickhouseType(type: LogicalType): string {
  return TYPES[type.kind]
}

/** A string literal; no byte of the text can end it. */
export function textLiteral(text: string): string {
  const escaped = text.replace(/[\\']/g, "\\$&").replaceAll("\0", "\\0")
  return `'${escaped}'`
}

export function bigLiteral(value: bigint): string {
  return `toInt256('${value}')`
}

export function typedLiteral(value: Scalar, type: LogicalType): string {
  if (value === null) return `CAST(NULL, 'Nullable(${clickhouseType(type)})')`
  switch (type.kind) {
    case "boolean":
      return `toUInt8(${value === true ? 1 : 0})`
    case "int32":
    case "date":
      return `toInt32(${value as number})`
    case "int64":
    case "timestamp":
      return `toInt64('${value as bigint}')`
    case "float64":
      return floatLiteral(value as number)
    case "decimal":
      return bigLiteral(value as bigint)
    case "string":
    case "json":
      return textLiteral(value as string)
    case "bytes":
      return `unhex('${Buffer.from(value as Uint8Array).toString("hex")}')`
    case "interval":
      return bigLiteral(packInterval(value as Interval))
    default:
      return assertNever(type)
  }
}

/** By its bits: no reader of numerals can change them. */
function floatLiteral(value: number): string {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  return `reinterpretAsFloat64(toInt64('${view.getBigInt64(0)}'))`
}

const PART = 64n

/** Months, days and microseconds as one number whose sums are the intervals' sums. */
export function packInterval({ months, days, micros }: Interval): bigint {
  return (((BigInt(months) << PART) + BigInt(days)) << PART) + micros
}

/** A name or a constant costs nothing to write again. */
const SIMPLE = /^(?:[a-z_]\w*|-?\d+|'[^'\\]*'|toInt(?:32|64|256)\('?-?\d+'?\))$/i

interface Definition {
  readonly name: string
  readonly sql: string
  /** 1: needs columns of the input only. */
  readonly level: number
}

export class Names {
  #next = 0
  #definitions = new Map<string, Definition>()

  /** `body` over names for the values. Not inside a lambda: there its parameters would be out of reach. */
  bind(values: readonly string[], body: (...names: string[]) => string): string {
    return body(...values.map((value) => (SIMPLE.test(value) ? value : this.#define(value))))
  }

  #define(sql: string): string {
    const known = this.#definitions.get(sql)
    if (known !== undefined) return known.name
    const used = new Set(sql.match(/\bx\d+\b/g))
    const below = [...this.#definitions.values()].filter(({ name }) => used.has(name))
    const level = 1 + Math.max(0, ...below.map((definition) => definition.level))
    const name = this.fresh()
    this.#definitions.set(sql, { name, sql, level })
    return name
  }

  /** `query` with the values that were bound since the last call as columns more. */
  over(query: string): string {
    const definitions = [...this.#definitions.values()]
    this.#definitions = new Map()
    const depth = Math.max(0, ...definitions.map(({ level }) => level))
    let sql = query
    for (let level = 1; level <= depth; level++) {
      const added = definitions.filter((each) => each.level === level)
      sql = `SELECT *, ${added.map((each) => `${each.sql} AS ${each.name}`).join(", ")} FROM (${sql})`
    }
    return sql
  }

  fresh(): string {
    return `x${this.#next++}`
  }

  /** NULL where one of the values is, else `body`. */
  strict(values: readonly string[], body: (...names: string[]) => string): string {
    return this.bind(values, (...names) => {
      const missing = names.map((name) => `isNull(${name})`)
      const test = missing.length === 1 ? missing[0]! : `or(${missing.join(", ")})`
      return `if(${test}, NULL, ${body(...names)})`
    })
  }
}

/** For places that have no query below them, such as ON: a value that is needed twice is written twice. */
export class InlineNames extends Names {
  override bind(values: readonly string[], body: (...names: string[]) => string): string {
    return body(...values.map((value) => `(${value})`))
  }
}

/** Rounded towards minus infinity; the divisor is positive. */
export function floorDivide(names: Names, value: string, divisor: bigint): string {
  // A literal beyond 32 bits would be unsigned, and so would the division.
  const by = `toInt64(${divisor})`
  return names.bind([value], (x) => `intDiv(${x} - positiveModulo(${x}, ${by}), ${by})`)
}

/** Rounded half away from zero; the divisor is not zero where the value counts. Int256. */
export function divideRoundedSql(names: Names, dividend: string, divisor: string): string {
  return names.bind([dividend, divisor], (n, d) => {
    const magnitude = `intDivOrZero(abs(toInt256(${n})) * 2 + abs(toInt256(${d})), abs(toInt256(${d})) * 2)`
    return `toInt256(if((${n} < 0) = (${d} < 0), 1, -1)) * toInt256(${magnitude})`
  })
}

export function powerLiteral(exponent: number): string {
  return bigLiteral(10n ** BigInt(exponent))
}

/** `value * 10^digits`; negative digits divide with rounding. */
export function rescaleSql(names: Names, value: string, digits: number): string {
  if (digits === 0) return value
  if (digits > 0) return `(${value} * ${powerLiteral(digits)})`
  return divideRoundedSql(names, value, powerLiteral(-digits))
}

/** Doubles as whole numbers in PostgreSQL's order: -0 is 0, NaN is one value and the greatest. */
export function floatRank(names: Names, value: string): string {
  const NAN_BITS = "9221120237041090560"
  return names.bind([`(${value}) + toFloat64(0)`], (x) =>
    names.bind([`if(isNaN(${x}), toInt64(${NAN_BITS}), reinterpretAsInt64(${x}))`], (bits) => flip(bits)),
  )
}

/** The double that has a rank. */
export function floatOfRank(names: Names, rank: string): string {
  return names.bind([rank], (bits) => `reinterpretAsFloat64(${flip(bits)})`)
}

const flip = (bits: string) => `if(${bits} >= 0, ${bits}, bitXor(${bits}, toInt64('9223372036854775807')))`
