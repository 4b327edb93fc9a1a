/**
 * Code for one value of a shape: its usual spelling inline, every other one through `h.value`, which knows
 * them all and does all checks itself. Locals of the loop: p is where the value begins and then where it
 * ends, n the end of what may be read, b the bytes, v a DataView on them, row the row to write.
 */
import type { Check } from "../field-rule.ts"
import type { FieldReader } from "./field-reader.ts"
import { KeyTable } from "./key-table.ts"

/** Makes a value a parameter of the generated function and returns its name. */
export type Bind = (value: unknown) => string

interface ValuePlace {
  readonly reader: FieldReader
  readonly field: number
  readonly bind: Bind
  /** Statement that reads the value at `s` whatever it is. */
  readonly other: string
  /** Statement that writes "not null", where the column can be null. */
  readonly mark: string
}

const word = (text: string): number => new DataView(new TextEncoder().encode(text).buffer).getInt32(0, true)
const NULL = word("null")
const TRUE = word("true")
const FALS = word("fals")

export function valueCode(reader: FieldReader, field: number, bind: Bind): string {
  const { rule } = reader
  const other = `p = h.value(${field}, s, n, row); if (p < 0) break row`
  const mark = reader.field.nullable ? `n${field}[row] = 0` : ""
  const inline = inlineCode({ reader, field, bind, other, mark })
  if (inline === null) return `s = p\n${other}`
  if (!rule.acceptsNull || rule.judgesAbsence) return `s = p\n${inline}`
  return `s = p
    if (p + 4 <= n && v.getInt32(p, true) === ${NULL}) { n${field}[row] = 1; p += 4 } else { ${inline} }`
}

/** Statements for a field whose key is not there. */
export function absentCode(reader: FieldReader, field: number): string {
  const { rule } = reader
  if (reader.field.optional && rule.defaultText === null && !rule.judgesAbsence) return `n${field}[row] = 1`
  return `if (!h.absent(${field}, row)) break row`
}

function inlineCode(place: ValuePlace): string | null {
  const { form, checks } = place.reader.rule
  switch (form.kind) {
    case "boolean":
      return booleanCode(place)
    case "int32":
    case "int64":
      return wholeCode(place, form.kind)
    case "float64":
      return floatCode(place)
    case "decimal":
      return checks.length === 0 ? decimalCode(place, form) : null
    case "string":
      return stringCode(place)
    case "epoch":
      return checks.length === 0 ? epochCode(place, form.unit) : null
    case "timestamp":
      return checks.length === 0 && form.dialect !== "pattern" ? timeCode(place, "timestamp") : null
    case "date":
      return checks.length === 0 ? timeCode(place, "date") : null
    case "bytes":
    case "json":
      return null
  }
}

function booleanCode({ reader, field, bind, other, mark }: ValuePlace): string {
  return `w = p + 5 <= n ? v.getInt32(p, true) : 0
    if (w === ${TRUE}) { x = 1; p += 4 }
    else if (w === ${FALS} && b[p + 4] === 101) { x = 0; p += 5 }
    else x = -1
    if (x < 0) { ${other} } else {
      ${reader.rule.checks.map((check) => numberCheck(check, field, bind, "x === 1")).join("\n")}
      ${mark}
      v${field}[row] = x
    }`
}

/**
 * Up to 9 digits as integers, up to 15 as a double, which is exact; more digits, points and exponents go on.
 */
const DIGITS = `neg = 0
  if (b[p] === 45) { neg = 1; p++ }
  d = p
  x = 0
  w = p + 9 < n ? p + 9 : n
  c = 10
  while (p < w && (c = (b[p] - 48) >>> 0) < 10) { x = (Math.imul(x, 10) + c) | 0; p++ }
  if (p === w && p < n) {
    y = 0
    m = 1
    w = p + 6 < n ? p + 6 : n
    while (p < w && (c = (b[p] - 48) >>> 0) < 10) { y = (Math.imul(y, 10) + c) | 0; m *= 10; p++ }
    x = x * m + y
    if (p < n) c = (b[p] - 48) >>> 0
  }
  if (p === d || p >= n || c < 10 || c === ${46 - 48 + 2 ** 32} || c === 53 || c === 21) x = -1
  else if (p - d > 1 && b[d] === 48) break row
  else if (neg === 1) x = 0 - x, neg = 2`

function wholeCode(place: ValuePlace, kind: "int32" | "int64"): string {
  const { reader, field, bind, other, mark } = place
  const fits = kind === "int32" ? `x !== (x | 0)` : "false"
  return `${DIGITS}
    if ((x === -1 && neg !== 2) || ${fits}) { ${other} } else {
      ${reader.rule.checks.map((check) => numberCheck(check, field, bind, "x")).join("\n")}
      ${mark}
      ${kind === "int32" ? `v${field}[row] = x` : storeCode(field)}
    }`
}

/** A whole double of at most 2^53 as 64 bits. */
function storeCode(field: number): string {
  return `h${field}[2 * row] = x | 0; h${field}[2 * row + 1] = Math.floor(x / 4294967296)`
}

/** Doubles hold microseconds exactly up to this many of each unit. */
const EPOCH_FACTORS = { s: 1_000_000, ms: 1_000, us: 1 } as const

function epochCode({ field, other, mark }: ValuePlace, unit: keyof typeof EPOCH_FACTORS): string {
  const factor = EPOCH_FACTORS[unit]
  const limit = Math.floor(Number.MAX_SAFE_INTEGER / factor)
  return `${DIGITS}
    if ((x === -1 && neg !== 2) || x > ${limit} || x < -${limit}) { ${other} } else {
      x *= ${factor}
      ${mark}
      ${storeCode(field)}
    }`
}

/** Digits with a point: y of them, f behind it, x without it; more than 15 or an exponent go on. */
const POINT_DIGITS = `neg = 0
  if (b[p] === 45) { neg = 1; p++ }
  d = p
  x = 0
  c = 10
  while (p < n && (c = (b[p] - 48) >>> 0) < 10) { x = x * 10 + c; p++ }
  y = p - d
  if (y > 1 && b[d] === 48) break row
  f = 0
  if (y > 0 && p < n && b[p] === 46) {
    p++
    f = p
    c = 10
    while (p < n && (c = (b[p] - 48) >>> 0) < 10) { x = x * 10 + c; p++ }
    f = p - f
    if (f === 0) break row
  }
  if (y === 0 || p >= n || c === 53 || c === 21) y = 99
  y += f`

const POWERS = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent)

function floatCode({ reader, field, bind, other, mark }: ValuePlace): string {
  return `${POINT_DIGITS}
    if (y > 15) { ${other} } else {
      if (f !== 0) x /= ${bind(POWERS)}[f]
      if (neg === 1) x = 0 - x
      ${reader.rule.checks.map((check) => numberCheck(check, field, bind, "x")).join("\n")}
      ${mark}
      v${field}[row] = x
    }`
}

function decimalCode(place: ValuePlace, { precision, scale }: { precision: number; scale: number }): string {
  const { field, bind, other, mark } = place
  const limit = precision > 15 ? Number.MAX_SAFE_INTEGER : 10 ** precision
  const wide = precision > 18
  const store = wide
    ? `w = x < 0 ? -1 : 0; h${field}[4 * row] = x | 0; h${field}[4 * row + 1] = Math.floor(x / 4294967296)
       h${field}[4 * row + 2] = w; h${field}[4 * row + 3] = w`
    : storeCode(field)
  return `${POINT_DIGITS}
    if (f <= ${scale} && y + ${scale} - f <= 15) x *= ${bind(POWERS)}[${scale} - f]
    else y = 99
    if (y > 15 || x >= ${limit}) { ${other} } else {
      if (neg === 1) x = 0 - x
      ${mark}
      ${store}
    }`
}

function timeCode({ field, other, mark }: ValuePlace, kind: "timestamp" | "date"): string {
  const store = kind === "date" ? `v${field}[row] = x` : storeCode(field)
  return `w = b[p] === 34 ? time.${kind}(b, v, p + 1, n) : -1
    if (w < 0) { ${other} } else {
      p = w
      x = time.value
      ${mark}
      ${store}
    }`
}

/**
 * From the opening quote at p a word at a time to the quote, backslash or control character behind it; c is
 * that byte (34: the string ends at p and had no escapes), `hi` is not 0 when there may be bytes that are not
 * ASCII. In x, y and w - 0x20 the high bit of a byte is set where the byte is the one looked for; carries can
 * only set it in bytes above, so the lowest one counts.
 */
const SCAN_STRING = `c = 0
  if (b[p] === 34) {
    p++
    hi = 0
    while (p + 4 <= n) {
      w = v.getInt32(p, true)
      x = w ^ 0x22222222
      y = w ^ 0x5c5c5c5c
      t = (((x - 0x01010101) & ~x) | ((y - 0x01010101) & ~y) | ((w - 0x20202020) & ~w)) & 0x80808080
      hi |= w
      if (t !== 0) {
        p += (31 - Math.clz32(t & -t)) >> 3
        c = b[p]
        break
      }
      p += 4
    }
    hi &= 0x80808080
    if (c === 34 && hi !== 0 && !h.isUtf8(s + 1, p)) break row
  }`

function stringCode(place: ValuePlace): string {
  const { reader, field, bind, other, mark } = place
  return `${SCAN_STRING}
    if (c !== 34) { ${other} } else {
      ${reader.rule.checks.map((check) => stringCheck(check, field, bind)).join("\n")}
      ${mark}
      v${field}[row] = s + 1
      e${field}[row] = p
      p++
    }`
}

/** A value that no field wants. */
export const SKIP_CODE = `s = p
  ${SCAN_STRING}
  if (c === 34) p++
  else { p = h.skip(s, n); if (p < 0) break row }`

/** Statements that leave the row when `value` (a double, or a boolean) does not pass. */
function numberCheck(check: Check, field: number, bind: Bind, value: string): string {
  switch (check.kind) {
    case "minimum":
      return `if (!(${value} ${check.inclusive ? ">=" : ">"} ${bind(asDouble(check.value))})) break row`
    case "maximum":
      return `if (!(${value} ${check.inclusive ? "<=" : "<"} ${bind(asDouble(check.value))})) break row`
    case "multiple-of":
      return `if (${value} % ${bind(asDouble(check.value))} != 0) break row`
    case "one-of":
      return `if (!${bind(check.values)}.includes(${value})) break row`
    default:
      return `if (!h.isTaken(${field}, s, p)) break row`
  }
}

/**
 * A bound that a double holds exactly; other bounds leave every row to the general path (NaN never passes).
 */
function asDouble(value: number | bigint): number {
  return typeof value === "number" || BigInt(Number(value)) === value ? Number(value) : Number.NaN
}

function stringCheck(check: Check, field: number, bind: Bind): string {
  const length = "(hi === 0 ? p - s - 1 : h.codePoints(s + 1, p))"
  switch (check.kind) {
    case "min-length":
      return `if (${length} < ${bind(check.length)}) break row`
    case "max-length":
      return `if (${length} > ${bind(check.length)}) break row`
    case "one-of":
      return `if (${bind(new KeyTable(check.values.map(String)))}.find(b, s + 1, p) < 0) break row`
    case "pattern":
      return `if (!h.matches(${bind(check.pattern)}, s + 1, p)) break row`
    default:
      return `if (!h.isTaken(${field}, s, p + 1)) break row`
  }
}
