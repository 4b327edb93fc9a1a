/** Casts, by kinds. Where ours fail the row, NULL or any value comes out. */
import type { LogicalType } from "../../columns/types.ts"
import { isLocal, STRING } from "../../columns/types.ts"
import { shapeOf } from "../decimal-types.ts"
import { civilSql, daysOfMicros, timeOfDaySql } from "./calendar.ts"
import { DAY_SQL } from "./intervals.ts"
import { readDate, readDecimal, readFloat, readInteger, readTimestamp } from "./read-text.ts"
import { NoSpelling } from "./spelling.ts"
import type { Names } from "./sql-writer.ts"
import { powerLiteral, rescaleSql } from "./sql-writer.ts"

export interface CastParts {
  readonly names: Names
  readonly value: string
  readonly from: LogicalType
  readonly to: LogicalType
}

type CastSql = (value: string, parts: CastParts) => string

/** @throws NoSpelling */
export function castSql(parts: CastParts): string {
  const { from, to, value, names } = parts
  if (from.kind === to.kind) {
    return from.kind === "decimal" ? rescaleSql(names, value, shapeOf(to).scale - from.scale) : value
  }
  const cast = CASTS[`${from.kind} ${to.kind}`]
  if (cast === undefined)
    throw new NoSpelling(`a cast from ${from.kind} to ${to.kind} is written otherwise there`)
  return cast(value, parts)
}

/** As its type's output function gives it: like a cast, but booleans are t and f. */
export function outputSql(names: Names, value: string, type: LogicalType): string {
  if (type.kind === "boolean") return names.strict([value], (x) => `if(${x} = 1, 't', 'f')`)
  return castSql({ names, value, from: type, to: STRING })
}

const toDecimal: CastSql = (value, { names, to }) =>
  rescaleSql(names, `toInt256(${value})`, shapeOf(to).scale)

const ofFloat =
  (type: string): CastSql =>
  (value) =>
    `accurateCastOrNull(roundBankers(${value}), '${type}')`

/** Through 15 significant digits, as PostgreSQL goes. */
const floatToDecimal: CastSql = (value, { names, to }) =>
  names.strict([`if(isFinite(${value}), ${value}, NULL)`], (x) =>
    readDecimal(names, `printf('%.14e', assumeNotNull(${x}))`, shapeOf(to).scale),
  )

const decimalText: CastSql = (value, { names, from }) => {
  const { scale } = shapeOf(from)
  if (scale === 0) return `toString(${value})`
  return names.bind([value], (x) => {
    const one = powerLiteral(scale)
    const places = `leftPad(toString(abs(${x}) % ${one}), ${scale}, '0')`
    return `concat(if(${x} < 0, '-', ''), toString(intDiv(abs(${x}), ${one})), '.', ${places})`
  })
}

const decimalFloat: CastSql = (value, parts) => `toFloat64OrNull(${decimalText(value, parts)})`

const wholeOfDecimal =
  (type: string): CastSql =>
  (value, { names, from }) =>
    `${type}(${rescaleSql(names, value, -shapeOf(from).scale)})`

const boolean: CastSql = (value, { names }) =>
  names.bind([`lower(trimBoth(${value}, ' \\t\\n\\r\\v\\f'))`], (word) => {
    const yes = ["t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"].map((text) => `'${text}'`)
    return `if(isNull(${word}), NULL, toUInt8(${word} IN (${yes})))`
  })

const dateText: CastSql = (value, { names }) =>
  names.strict([value], (days) =>
    civilSql(names, days, (civil) => `concat(${dayText(civil)}, ${era(civil)})`),
  )

interface Civil {
  readonly year: string
  readonly month: string
  readonly day: string
}

const dayText = ({ year, month, day }: Civil) => {
  const written = `toString(if(${year} > 0, ${year}, 1 - ${year}))`
  const two = (sql: string) => `leftPad(toString(${sql}), 2, '0')`
  const padded = `if(length(${written}) < 4, leftPad(${written}, 4, '0'), ${written})`
  return `${padded}, '-', ${two(month)}, '-', ${two(day)}`
}
const era = ({ year }: Civil) => `if(${year} > 0, '', ' BC')`

const timestampText: CastSql = (value, { names, from }) =>
  names.strict([value], (t) =>
    civilSql(names, daysOfMicros(names, t), (civil) =>
      names.bind([timeOfDaySql(t)], (time) => {
        const two = (sql: string) => `leftPad(toString(${sql}), 2, '0')`
        const clock = [
          two(`intDiv(${time}, 3600000000)`),
          two(`intDiv(${time}, 60000000) % 60`),
          two(`intDiv(${time}, 1000000) % 60`),
        ].join(", ':', ")
        const zone = isLocal(from) ? "''" : "'+00'"
        const digits = `replaceRegexpOne(leftPad(toString(${time} % 1000000), 6, '0'), '0+$', '')`
        const fraction = `if(${time} % 1000000 = 0, '', concat('.', ${digits}))`
        return `concat(${dayText(civil)}, ' ', ${clock}, ${fraction}, ${zone}, ${era(civil)})`
      }),
    ),
  )

const intBytes =
  (digits: 8 | 16): CastSql =>
  (value) =>
    `unhex(leftPad(hex(toUInt${digits * 4}(${value})), ${digits}, '0'))`
const bytesInt =
  (bits: 32 | 64): CastSql =>
  (value) =>
    `toInt${bits}(reinterpretAsUInt64(reverse(${value})))`

const CASTS: Readonly<Record<string, CastSql>> = {
  "boolean int32": (value) => `toInt32(${value})`,
  "boolean string": (value, { names }) => names.strict([value], (x) => `if(${x} = 1, 'true', 'false')`),
  "int32 boolean": (value) => `(${value} != 0)`,
  "int32 int64": (value) => `toInt64(${value})`,
  "int32 float64": (value) => `toFloat64(${value})`,
  "int32 decimal": toDecimal,
  "int32 string": (value) => `toString(${value})`,
  "int32 bytes": intBytes(8),
  "int64 int32": (value) => `toInt32(${value})`,
  "int64 float64": (value) => `toFloat64(${value})`,
  "int64 decimal": toDecimal,
  "int64 string": (value) => `toString(${value})`,
  "int64 bytes": intBytes(16),
  "float64 int32": ofFloat("Int32"),
  "float64 int64": ofFloat("Int64"),
  "float64 decimal": floatToDecimal,
  "decimal int32": wholeOfDecimal("toInt32"),
  "decimal int64": wholeOfDecimal("toInt64"),
  "decimal float64": decimalFloat,
  "decimal string": decimalText,
  "string boolean": boolean,
  "string int32": (value, { names }) => `toInt32(${readInteger(names, value)})`,
  "string int64": (value, { names }) => `toInt64(${readInteger(names, value)})`,
  "string float64": (value, { names }) => readFloat(names, value),
  "string decimal": (value, { names, to }) => readDecimal(names, value, shapeOf(to).scale),
  "string json": (value) => value,
  "string timestamp": (value, { names }) => readTimestamp(names, value),
  "string date": (value, { names }) => readDate(names, value),
  "bytes string": (value) => `concat('\\\\x', lower(hex(${value})))`,
  "bytes int32": bytesInt(32),
  "bytes int64": bytesInt(64),
  "json string": (value) => value,
  "timestamp date": (value, { names }) => `toInt32(${daysOfMicros(names, value)})`,
  "timestamp string": timestampText,
  "date timestamp": (value) => `(toInt64(${value}) * ${DAY_SQL})`,
  "date string": dateText,
}
