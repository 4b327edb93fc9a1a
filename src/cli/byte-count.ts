/** A number of bytes for people: three digits and a unit. */
const UNITS = ["B", "KB", "MB", "GB", "TB"] as const

export function byteCount(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1_000 && unit < UNITS.length - 1) {
    value /= 1_000
    unit++
  }
  return `${unit === 0 ? value : value.toPrecision(3)} ${UNITS[unit]}`
}
