/** Intervals, packed into one Int256 (sql-writer.ts): their parts, and what is built from parts. */
import type { Names } from "./sql-writer.ts"

const PART = "toInt256('18446744073709551616')"
/** Signed: a literal of this size would be unsigned, and so would what is divided by it. */
export const DAY_SQL = "toInt64(86400000000)"
export const DAY_US = 86_400_000_000n

export interface IntervalParts {
  readonly months: string
  readonly days: string
  readonly micros: string
}

/** The low 64 bits are the microseconds; what is left over is days, then months. Int64 each. */
export function intervalParts(names: Names, value: string, body: (parts: IntervalParts) => string): string {
  return names.bind([value], (x) =>
    names.bind([`toInt64(${x})`], (micros) =>
      names.bind([`intDiv(${x} - toInt256(${micros}), ${PART})`], (rest) =>
        names.bind([`toInt64(${rest})`], (days) => {
          const months = `toInt64(intDiv(${rest} - toInt256(${days}), ${PART}))`
          return body({ months, days, micros })
        }),
      ),
    ),
  )
}

export function packedInterval({ months, days, micros }: IntervalParts): string {
  return `((toInt256(${months}) * ${PART} + toInt256(${days})) * ${PART} + toInt256(${micros}))`
}

/** A month counts 30 days and a day 24 hours, for comparisons only. */
export function comparableInterval(names: Names, value: string): string {
  return intervalParts(names, value, ({ months, days, micros }) => {
    return `((toInt256(${months}) * 30 + toInt256(${days})) * ${DAY_SQL} + toInt256(${micros}))`
  })
}
