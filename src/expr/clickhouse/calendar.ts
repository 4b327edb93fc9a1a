/**
 * The proleptic Gregorian calendar as integer arithmetic: ClickHouse's own dates end in 2299. After Howard
 * Hinnant's days_from_civil and civil_from_days, which count years from March, so that a leap day comes last.
 */
import type { Names } from "./sql-writer.ts"
import { floorDivide } from "./sql-writer.ts"

/** Days between 0000-03-01 and 1970-01-01. */
const SHIFT = 719_468n
const ERA_DAYS = 146_097n

export interface CivilSql {
  readonly year: string
  readonly month: string
  readonly day: string
}

/** Year (astronomical), month and day of a number of days since 1970; Int64 each. */
export function civilSql(names: Names, days: string, body: (civil: CivilSql) => string): string {
  const civil = names.bind([`toInt64(${days}) + ${SHIFT}`], (z) =>
    names.bind([`positiveModulo(${z}, ${ERA_DAYS})`], (doe) => {
      const days = `${doe} - intDiv(${doe}, 1460) + intDiv(${doe}, 36524) - intDiv(${doe}, 146096)`
      const yoe = `intDiv(${days}, 365)`
      return names.bind([yoe], (y) =>
        names.bind([`${doe} - (365 * ${y} + intDiv(${y}, 4) - intDiv(${y}, 100))`], (doy) =>
          names.bind([`intDiv(5 * ${doy} + 2, 153)`], (mp) => {
            const month = `if(${mp} < 10, ${mp} + 3, ${mp} - 9)`
            const year = `${y} + intDiv(${z} - ${doe}, ${ERA_DAYS}) * 400 + if(${mp} < 10, 0, 1)`
            const day = `${doy} - intDiv(153 * ${mp} + 2, 5) + 1`
            return `tuple(toInt64(${year}), toInt64(${month}), toInt64(${day}))`
          }),
        ),
      )
    }),
  )
  return names.bind([civil], (c) => body({ year: `${c}.1`, month: `${c}.2`, day: `${c}.3` }))
}

/** Days since 1970 of a year, month (1 to 12) and day. Int64. */
export function daysSql(names: Names, { year, month, day }: CivilSql): string {
  return names.bind([year, month, day], (y, m, d) =>
    names.bind([`toInt64(${y}) - if(${m} <= 2, 1, 0)`], (marchYear) => {
      const doy = `intDiv(153 * (${m} + if(${m} > 2, -3, 9)) + 2, 5) + ${d} - 1`
      return names.bind([`positiveModulo(${marchYear}, 400)`], (yoe) => {
        const doe = `(${yoe} * 365 + intDiv(${yoe}, 4) - intDiv(${yoe}, 100) + ${doy})`
        return `toInt64(intDiv(${marchYear} - ${yoe}, 400) * ${ERA_DAYS} + ${doe} - ${SHIFT})`
      })
    }),
  )
}

export function daysInMonthSql(names: Names, year: string, month: string): string {
  return names.bind([year, month], (y, m) => {
    const divides = (years: number) => `positiveModulo(${y}, ${years}) = 0`
    const leap = `((${divides(4)} AND NOT ${divides(100)}) OR ${divides(400)})`
    return `multiIf(${m} = 2, if(${leap}, 29, 28), ${m} IN (4, 6, 9, 11), 30, 31)`
  })
}

export function daysOfMicros(names: Names, micros: string): string {
  return floorDivide(names, `toInt64(${micros})`, 86_400_000_000n)
}

export function timeOfDaySql(micros: string): string {
  return `positiveModulo(toInt64(${micros}), toInt64(86400000000))`
}
