/** Numbers and times out of text, by PostgreSQL's input syntax; text that is none gives NULL or any value. */
import { daysSql } from "./calendar.ts"
import { DAY_SQL } from "./intervals.ts"
import type { Names } from "./sql-writer.ts"
import { divideRoundedSql, textLiteral } from "./sql-writer.ts"

const trimmed = (text: string) => `trimBoth(assumeNotNull(${text}), ' \\t\\n\\r\\v\\f')`
const DIGITS = "'0123456789abcdef'"

/** Decimal, hexadecimal, octal, binary, with underscores. Int256. */
export function readInteger(names: Names, text: string): string {
  return names.strict([text], (t) =>
    names.bind([`replaceAll(lower(${trimmed(t)}), '_', '')`], (word) =>
      names.bind([`replaceRegexpOne(${word}, '^[+-]', '')`], (unsigned) => {
        const prefix = `substring(${unsigned}, 1, 2)`
        const base = `transform(${prefix}, ['0x', '0o', '0b'], [16, 8, 2], 10)`
        const digits = `if(${prefix} IN ('0x', '0o', '0b'), substring(${unsigned}, 3), ${unsigned})`
        return names.bind([base, digits], (b, d) => {
          const step = `a * toInt256(${b}) + toInt256(position(${DIGITS}, c)) - 1`
          const value = `arrayFold((a, c) -> ${step}, extractAll(${d}, '.'), toInt256(0))`
          return `if(startsWith(${word}, '-'), -${value}, ${value})`
        })
      }),
    ),
  )
}

/** Rounded half away from zero to `scale`. Int256. */
export function readDecimal(names: Names, text: string, scale: number): string {
  return names.strict([text], (t) =>
    names.bind([`replaceAll(lower(${trimmed(t)}), '_', '')`], (word) => {
      const pattern = "'^([+-]?)([0-9]*)[.]?([0-9]*)(?:e([+-]?[0-9]+))?$'"
      const prefixed = `match(${word}, '^[+-]?0[xob]')`
      const whole = `${readInteger(names, word)} * toInt256('1${"0".repeat(scale)}')`
      const numeral = names.bind([`extractGroups(${word}, ${pattern})`], (g) =>
        names.bind(
          [
            `replaceRegexpOne(concat(${g}[2], ${g}[3]), '^0+', '')`,
            `toInt64(ifNull(toInt64OrNull(${g}[4]), 0)) - toInt64(length(${g}[3])) + ${scale}`,
          ],
          (digits, shift) => shifted(names, { digits, shift, negative: `${g}[1] = '-'` }),
        ),
      )
      return `if(${prefixed}, ${whole}, ${numeral})`
    }),
  )
}

/** More digits than any type has behind the cut do not change what is rounded. */
const MAX_DIGITS = 75

interface Numeral {
  readonly digits: string
  readonly shift: string
  readonly negative: string
}

function shifted(names: Names, { digits, shift, negative }: Numeral): string {
  const padded = `concat(${digits}, repeat('0', least(greatest(${shift}, 0), ${MAX_DIGITS})))`
  const kept = `length(${digits}) + ${shift} + 1`
  // One digit more than is kept decides how to round.
  const cut = `substring(${digits}, 1, toUInt64(greatest(${kept}, 0)))`
  const text = `if(${shift} >= 0, ${padded}, ${cut})`
  return names.bind([`toInt256OrZero(concat('0', substring(${text}, 1, ${MAX_DIGITS})))`], (value) => {
    const rounded = `if(${shift} >= 0, ${value}, ${divideRoundedSql(names, value, "toInt256(10)")})`
    return `if(${negative}, -${rounded}, ${rounded})`
  })
}

/** Reads precisely by the setting precise_float_parsing (SETTINGS of the runner). */
export function readFloat(names: Names, text: string): string {
  return names.strict([text], (t) =>
    names.bind([`lower(${trimmed(t)})`], (word) => {
      const special = `match(${word}, '^[+-]?(nan|inf|infinity)$')`
      const value = `multiIf(${word} = 'nan', nan, startsWith(${word}, '-'), -inf, inf)`
      return `if(${special}, ${value}, toFloat64OrNull(replaceRegexpOne(${word}, '^[+]', '')))`
    }),
  )
}

const DATE = "([0-9]{3,7})-([0-9]{1,2})-([0-9]{1,2})"
const BASIC = "([0-9]{4})([0-9]{2})([0-9]{2})"
const TIME = "([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:[.]([0-9]*))?)?"
const ZONE = "(?:z|utc|gmt|([+-])([0-9]{1,2}):?([0-9]{2})?:?([0-9]{2})?)"
const SHAPE = textLiteral(`^(?:${DATE}|${BASIC})(?:(?:\\s*t|\\s+)${TIME})?(?:\\s*${ZONE})?(?:\\s*(bc|ad))?$`)

/** `body` over the days and the microseconds within them. */
function readTime(names: Names, text: string, body: (days: string, micros: string) => string): string {
  return names.strict([text], (t) =>
    names.bind([`lower(${trimmed(t)})`], (word) =>
      names.bind([`extractGroups(if(${word} = 'epoch', '1970-01-01', ${word}), ${SHAPE})`], (g) => {
        const number = (i: number) => `toInt64(ifNull(toInt64OrNull(${g}[${i}]), 0))`
        const either = (i: number) => `if(empty(${g}[${i}]), ${number(i + 3)}, ${number(i)})`
        const year = `if(${g}[15] = 'bc', 1 - ${either(1)}, ${either(1)})`
        const part = `toFloat64OrZero(concat('0.', ${g}[10])) * 1000000.`
        const fraction = `if(empty(${g}[10]), 0, accurateCastOrNull(roundBankers(${part}), 'Int64'))`
        const seconds = (hours: number) =>
          `(${number(hours)} * 3600 + ${number(hours + 1)} * 60 + ${number(hours + 2)})`
        const clock = `${seconds(7)} * 1000000 + ${fraction}`
        const offset = `${seconds(12)} * if(${g}[11] = '-', -1, 1)`
        const days = daysSql(names, { year, month: either(2), day: either(3) })
        return `if(empty(${g}), NULL, ${body(days, `${clock} - ${offset} * 1000000`)})`
      }),
    ),
  )
}

export function readTimestamp(names: Names, text: string): string {
  return readTime(names, text, (days, micros) => `toInt64(${days} * ${DAY_SQL} + ${micros})`)
}

export function readDate(names: Names, text: string): string {
  return readTime(names, text, (days) => `toInt32(${days})`)
}
