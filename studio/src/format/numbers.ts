/**
 * Numbers as people read them. int64 and decimal arrive as text and are grouped without becoming a double.
 */

const grouped = new Intl.NumberFormat("en-US")
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 })
const fine = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 6 })
const coarse = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 })

/** Decimals behind the point that a table shows; the exact text is in the cell's title. */
const SHOWN_DECIMALS = 4

export function formatCount(value: number): string {
  return withMinus(grouped.format(value))
}

/** 12.4k, 3M: for axes and tight places. */
export function formatCompact(value: number): string {
  return withMinus(Math.abs(value) < 10_000 ? coarse.format(value) : compact.format(value))
}

export function formatRate(perSecond: number): string {
  if (perSecond === 0) return "0"
  if (perSecond < 10) return perSecond.toFixed(1)
  return grouped.format(Math.round(perSecond))
}

export function formatFloat(value: number): string {
  return withMinus(fine.format(value))
}

/** A minus is as wide as a digit; a hyphen is not. */
function withMinus(text: string): string {
  return text.replace("-", "\u2212")
}

/** Groups the digits of exact text: "-1234567.8900" becomes "−1,234,567.8900". */
export function formatExact(text: string): string {
  const match = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(text)
  if (match === null) return text
  const whole = grouped.format(BigInt(match[2]!))
  const given = match[3] ?? ""
  const decimals = given.length > SHOWN_DECIMALS ? given.slice(0, SHOWN_DECIMALS) : given
  const sign = match[1] === "-" ? "\u2212" : ""
  return decimals === "" ? `${sign}${whole}` : `${sign}${whole}.${decimals}`
}
