/** Timestamps, dates and intervals. Units and fields are constants, or there is no spelling. */
import type { Interval } from "../../columns/types.ts"
import { shapeOf } from "../decimal-types.ts"
import { FIXED_UNITS, timeField, truncationUnit } from "../values/time-fields.ts"
import { civilSql, daysInMonthSql, daysOfMicros, daysSql, timeOfDaySql } from "./calendar.ts"
import { DAY_SQL, DAY_US, intervalParts, packedInterval } from "./intervals.ts"
import type { ClickHouseSpelling, SpellingCall } from "./spelling.ts"
import { constantText, NoSpelling, none, spelled, strictly, template } from "./spelling.ts"
import type { Names } from "./sql-writer.ts"
import { rescaleSql } from "./sql-writer.ts"
import { dateFieldSql } from "./time-fields.ts"

const ZONES = "its times of zones end in 2299, and its zones may have other rules"

/** Months first (the day is cut to the month's last), then days, then the time. */
export function addIntervalSql(names: Names, micros: string, span: string, sign: 1 | -1): string {
  const op = sign === 1 ? "+" : "-"
  return names.strict([micros, span], (t, s) =>
    intervalParts(names, s, (parts) =>
      names.bind([parts.months, parts.days, parts.micros], (months, days, time) => {
        const shifted = addMonths(names, t, `${op === "+" ? "" : "-"}(${months})`)
        return `(if(${months} = 0, ${t}, ${shifted}) ${op} ${days} * ${DAY_SQL} ${op} ${time})`
      }),
    ),
  )
}

function addMonths(names: Names, micros: string, months: string): string {
  return civilSql(names, daysOfMicros(names, micros), ({ year, month, day }) =>
    names.bind([`${year} * 12 + ${month} - 1 + ${months}`], (index) =>
      names.bind(
        [`intDiv(${index} - positiveModulo(${index}, 12), 12)`, `positiveModulo(${index}, 12) + 1`],
        (y, m) => {
          const d = `least(${day}, toInt64(${daysInMonthSql(names, y, m)}))`
          return `${daysSql(names, { year: y, month: m, day: d })} * ${DAY_SQL} + ${timeOfDaySql(micros)}`
        },
      ),
    ),
  )
}

function shift(sign: 1 | -1, time: 0 | 1, isDate = false): ClickHouseSpelling {
  return spelled(({ names, args, literals }) => {
    const base = isDate ? `(toInt64(${args[time]}) * ${DAY_SQL})` : args[time]!
    const constant = literals[1 - time] as Interval | undefined | null
    if (constant === undefined || constant === null || constant.months !== 0) {
      return addIntervalSql(names, base, args[1 - time]!, sign)
    }
    const micros = BigInt(constant.days) * DAY_US + constant.micros
    const wrapped = BigInt.asIntN(64, micros * BigInt(sign))
    return `toInt64(${base} + toInt64('${wrapped}'))`
  })
}

function truncateSql(call: SpellingCall): string {
  const { names, args } = call
  const unit = truncationUnit(constantText(call, 0, "the unit"))
  if (unit === undefined) throw new NoSpelling("there is no such unit")
  const fixed = FIXED_UNITS.get(unit)
  if (fixed !== undefined) {
    return names.bind([args[1]!], (t) => `toInt64(${t} - positiveModulo(${t}, toInt64(${fixed})))`)
  }
  const days = daysOfMicros(names, args[1]!)
  if (unit === "week") {
    return names.bind([days], (d) => `toInt64((${d} - positiveModulo(${d} + 3, 7)) * ${DAY_SQL})`)
  }
  return civilSql(names, days, ({ year, month }) => {
    const first = (span: number, offset: number) =>
      names.bind([`${year} - ${offset}`], (y) => `${y} - positiveModulo(${y}, ${span}) + ${offset}`)
    const start = {
      month: { year, month },
      quarter: { year, month: `${month} - (${month} - 1) % 3` },
      year: { year, month: "1" },
      decade: { year: first(10, 0), month: "1" },
      century: { year: first(100, 1), month: "1" },
      millennium: { year: first(1000, 1), month: "1" },
    }[unit]!
    return `toInt64(${daysSql(names, { ...start, day: "1" })} * ${DAY_SQL})`
  })
}

function truncateIntervalSql(call: SpellingCall): string {
  const { names, args } = call
  const unit = truncationUnit(constantText(call, 0, "the unit"))
  const months = { millennium: 12_000, century: 1200, decade: 120, year: 12, quarter: 3, month: 1 }[
    unit ?? ""
  ]
  if (unit === undefined || unit === "week") throw new NoSpelling("there is no such unit of an interval")
  return intervalParts(names, args[1]!, (parts) =>
    names.bind([parts.months, parts.days, parts.micros], (m, d, us) => {
      if (months !== undefined) {
        return packedInterval({ months: `(${m} - ${m} % ${months})`, days: `(0 * ${d})`, micros: "0" })
      }
      const time = unit === "day" ? `(0 * ${us})` : `(${us} - ${us} % toInt64(${FIXED_UNITS.get(unit)}))`
      return packedInterval({ months: m, days: d, micros: time })
    }),
  )
}

/** extract() from a time or a date: the field in millionths, at the result's scale. */
function extractSql(kind: "timestamp" | "date"): ClickHouseSpelling {
  return spelled((call) => {
    const field = timeField(constantText(call, 0, "the field"))
    if (field === undefined) throw new NoSpelling("there is no such field")
    const { names, args } = call
    const micros = kind === "date" ? `(toInt64(${args[1]}) * ${DAY_SQL})` : args[1]!
    const { scale } = shapeOf(call.type)
    if (field === "julian") return julianSql(names, micros, scale)
    return rescaleSql(names, dateFieldSql(names, field, micros), scale - 6)
  })
}

function julianSql(names: Names, micros: string, scale: number): string {
  return names.bind([micros], (t) => {
    const days = `(toInt256(${daysOfMicros(names, t)} + 2440588))`
    const places = `toInt256('1${"0".repeat(20)}')`
    const rest = `intDiv(toInt256(${timeOfDaySql(t)}) * ${places} * 2 + ${DAY_SQL}, (${DAY_SQL} * 2))`
    return rescaleSql(names, `(${days} * ${places} + ${rest})`, scale - 20)
  })
}

/** date_part(): the same as floating point, seconds and their fraction added up. */
function partSql(kind: "timestamp" | "date"): ClickHouseSpelling {
  return spelled((call) => {
    const field = timeField(constantText(call, 0, "the field"))
    if (field === undefined) throw new NoSpelling("there is no such field")
    const { names, args } = call
    const micros = kind === "date" ? `(toInt64(${args[1]}) * ${DAY_SQL})` : args[1]!
    return names.bind([micros], (t) => {
      if (field === "julian") {
        const time = `toFloat64(${timeOfDaySql(t)}) / 1000000. / 86400.`
        return `(toFloat64(${daysOfMicros(names, t)} + 2440588) + ${time})`
      }
      if (field === "second" || field === "milliseconds") {
        const [whole, part] = field === "second" ? ["", "1000000."] : [" * 1000", "1000."]
        const ofMinute = `positiveModulo(${t}, 60000000)`
        const fraction = `toFloat64(${ofMinute} % 1000000) / ${part}`
        return `(toFloat64(intDiv(${ofMinute}, 1000000)${whole}) + ${fraction})`
      }
      return `(toFloat64(${dateFieldSql(names, field, t)}) / 1000000.)`
    })
  })
}

function intervalFieldSql(call: SpellingCall): string {
  const field = timeField(constantText(call, 0, "the field"))
  const { names, args, type } = call
  const { scale } = shapeOf(type)
  const value = intervalParts(names, args[1]!, (parts) =>
    names.bind([parts.months, parts.days, parts.micros], (m, d, us) => {
      const whole = (sql: string) => `toInt256(${sql}) * 1000000`
      switch (field) {
        case "epoch": {
          const quarters = `1461 * intDiv(${m}, 12) + 120 * (${m} % 12) + 4 * ${d}`
          return `intDiv(toInt256(${quarters}) * ${DAY_SQL}, 4) + toInt256(${us})`
        }
        case "second":
          return `toInt256(${us} % 60000000)`
        case "milliseconds":
          return `toInt256(${us} % 60000000) * 1000`
        case "microseconds":
          return whole(`${us} % 60000000`)
        case "minute":
          return whole(`intDiv(${us}, 60000000) % 60`)
        case "hour":
          return whole(`intDiv(${us}, toInt64(3600000000))`)
        case "day":
          return whole(d)
        case "week":
          return whole(`intDiv(${d}, 7)`)
        case "month":
          return whole(`${m} % 12`)
        case "quarter":
          return whole(`if(${m} >= 0, intDiv(${m} % 12, 3) + 1, -(intDiv(-${m} % 12, 3) + 1))`)
        case "year":
        case "decade":
        case "century":
        case "millennium":
          return whole(`intDiv(${m}, ${{ year: 12, decade: 120, century: 1200, millennium: 12_000 }[field]})`)
        default:
          throw new NoSpelling("an interval has no such field")
      }
    }),
  )
  return rescaleSql(names, `(${value})`, scale - 6)
}

const difference = strictly(({ names }, a, b) =>
  names.bind([`toInt64(${a} - ${b})`], (d) =>
    packedInterval({ months: "0", days: `intDiv(${d}, ${DAY_SQL})`, micros: `${d} % ${DAY_SQL}` }),
  ),
)

/** A width without months, of constants or not. */
const bin = strictly(({ names }, stride, time, origin) =>
  intervalParts(names, stride, ({ days, micros }) =>
    names.bind(
      [`greatest(toInt64(1), ${days} * ${DAY_SQL} + ${micros})`, `${time} - ${origin}`],
      (width, t) => `toInt64(${time} - positiveModulo(${t}, ${width}))`,
    ),
  ),
)

const makeDay = (names: Names, y: string, m: string, d: string) =>
  daysSql(names, { year: `if(${y} < 0, ${y} + 1, ${y})`, month: m, day: d })

const makeTime = strictly(({ names }, y, m, d, hour, minute, second) => {
  const seconds = `accurateCastOrNull(roundBankers(${second} * 1000000.), 'Int64')`
  const clock = `toInt64((${hour} * 60 + ${minute}) * 60) * 1000000 + ${seconds}`
  return `(${makeDay(names, y, m, d)} * ${DAY_SQL} + ${clock})`
})

const ofSeconds = template(
  "(accurateCastOrNull(roundBankers(($1 - 946684800.) * 1000000.), 'Int64') + toInt64('946684800000000'))",
)

const FLOAT_SPAN = "an interval times or by a number rounds in floating point, part by part"

export const timeSpellings: Readonly<Record<string, ClickHouseSpelling>> = {
  "add(timestamp,interval)": shift(1, 0),
  "add(interval,timestamp)": shift(1, 1),
  "subtract(timestamp,interval)": shift(-1, 0),
  "date_add(timestamp,interval)": shift(1, 0),
  "date_subtract(timestamp,interval)": shift(-1, 0),
  "add(date,interval)": shift(1, 0, true),
  "add(interval,date)": shift(1, 1, true),
  "subtract(date,interval)": shift(-1, 0, true),
  "subtract(timestamp,timestamp)": difference,
  "add(date,int32)": template("toInt32($1 + $2)"),
  "add(int32,date)": template("toInt32($1 + $2)"),
  "subtract(date,int32)": template("toInt32($1 - $2)"),
  "subtract(date,date)": template("toInt32($1 - $2)"),
  "add(interval,interval)": template("($1 + $2)"),
  "subtract(interval,interval)": template("($1 - $2)"),
  "negate(interval)": template("(-$1)"),
  "multiply(interval,float64)": none(FLOAT_SPAN),
  "multiply(float64,interval)": none(FLOAT_SPAN),
  "divide(interval,float64)": none(FLOAT_SPAN),
  "date_trunc(string,timestamp)": spelled(truncateSql),
  "date_trunc(string,timestamp,string)": none(ZONES),
  "local_time(string,timestamp)": none(ZONES),
  "instant(string,timestamp)": none(ZONES),
  "date_trunc(string,interval)": spelled(truncateIntervalSql),
  "date_bin(interval,timestamp,timestamp)": bin,
  "date_part(string,timestamp)": partSql("timestamp"),
  "date_part(string,date)": partSql("date"),
  "date_part(string,interval)": none("the parts of an interval are added up in floating point"),
  "extract(string,timestamp)": extractSql("timestamp"),
  "extract(string,date)": extractSql("date"),
  "extract(string,interval)": spelled(intervalFieldSql),
  "make_date(int32,int32,int32)": strictly(({ names }, y, m, d) => `toInt32(${makeDay(names, y, m, d)})`),
  "make_timestamp(int32,int32,int32,int32,int32,float64)": makeTime,
  "make_timestamptz(int32,int32,int32,int32,int32,float64)": makeTime,
  "to_timestamp(float64)": ofSeconds,
  "age(timestamp,timestamp)": none(
    "ClickHouse's age() counts one unit; days are not borrowed as PostgreSQL does",
  ),
  "justify_hours(interval)": none("ClickHouse has no interval of several units"),
  "justify_days(interval)": none("ClickHouse has no interval of several units"),
  "justify_interval(interval)": none("ClickHouse has no interval of several units"),
  "date(timestamp)": spelled(({ names, args }) => `toInt32(${daysOfMicros(names, args[0]!)})`),
}
