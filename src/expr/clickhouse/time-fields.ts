/** Fields of a time, in millionths (Int256), by PostgreSQL's counting. */
import { civilSql, daysOfMicros, daysSql, timeOfDaySql } from "./calendar.ts"
import type { Names } from "./sql-writer.ts"

/** `field` is a field's own name, but not julian; `micros` an Int64. */
export function dateFieldSql(names: Names, field: string, micros: string): string {
  const whole = (sql: string) => `(toInt256(${sql}) * 1000000)`
  switch (field) {
    case "epoch":
      return `toInt256(${micros})`
    case "second":
      return `toInt256(positiveModulo(${micros}, 60000000))`
    case "milliseconds":
      return `(toInt256(positiveModulo(${micros}, 60000000)) * 1000)`
    case "microseconds":
      return whole(`positiveModulo(${micros}, 60000000)`)
    case "minute":
      return whole(`intDiv(${timeOfDaySql(micros)}, 60000000) % 60`)
    case "hour":
      return whole(`intDiv(${timeOfDaySql(micros)}, 3600000000)`)
    case "timezone":
    case "timezone_hour":
    case "timezone_minute":
      return whole(`0 * ${micros}`)
    default:
      return names.bind([daysOfMicros(names, micros)], (days) => whole(dayFieldSql(names, field, days)))
  }
}

function dayFieldSql(names: Names, field: string, days: string): string {
  switch (field) {
    case "dow":
      return `positiveModulo(${days} + 4, 7)`
    case "isodow":
      return `positiveModulo(${days} + 3, 7) + 1`
    case "week":
    case "isoyear":
      return isoWeekSql(names, field, days)
    default:
      return civilSql(names, days, (civil) => {
        const { year, month, day } = civil
        switch (field) {
          case "day":
            return day
          case "month":
            return month
          case "quarter":
            return `intDiv(${month} - 1, 3) + 1`
          case "year":
            return writtenYear(year)
          case "decade":
            return `intDiv(${year} - positiveModulo(${year}, 10), 10)`
          case "century":
            return awayFromZero(year, 100)
          case "millennium":
            return awayFromZero(year, 1000)
          default:
            return `${days} - ${daysSql(names, { year, month: "1", day: "1" })} + 1`
        }
      })
  }
}

/** A week belongs to its Thursday's year. */
function isoWeekSql(names: Names, field: string, days: string): string {
  return names.bind([`${days} - positiveModulo(${days} + 3, 7) + 3`], (thursday) =>
    civilSql(names, thursday, ({ year }) => {
      if (field === "isoyear") return writtenYear(year)
      return `intDiv(${thursday} - ${daysSql(names, { year, month: "1", day: "1" })}, 7) + 1`
    }),
  )
}

/** There is no year 0: 1 BC is -1. */
const writtenYear = (year: string) => `if(${year} > 0, ${year}, ${year} - 1)`

function awayFromZero(year: string, span: number): string {
  return `if(${year} > 0, intDiv(${year} + ${span - 1}, ${span}), -intDiv(${span} - ${year}, ${span}))`
}
