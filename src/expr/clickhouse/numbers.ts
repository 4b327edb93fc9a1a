/** Arithmetic. Integers wrap where ours fail the row; such a row has its verdict and is left out. */
import { powerOfTen } from "../decimal.ts"
import { shapeOf } from "../decimal-types.ts"
import type { ClickHouseSpelling, SpellingCall } from "./spelling.ts"
import { NoSpelling, none, spelled, strictly, template } from "./spelling.ts"
import { divideRoundedSql, powerLiteral, rescaleSql } from "./sql-writer.ts"

/** Digits that Int256 holds for sure. */
const WIDE_DIGITS = 76

const scaleOf = (call: SpellingCall, index: number) => shapeOf(call.types[index]).scale

/** Both at one scale. */
function aligned(call: SpellingCall): readonly [string, string, number] {
  const [x, y] = [scaleOf(call, 0), scaleOf(call, 1)]
  const scale = Math.max(x, y)
  const { names, args } = call
  return [rescaleSql(names, args[0]!, scale - x), rescaleSql(names, args[1]!, scale - y), scale]
}

const decimalSum = (sign: string) =>
  spelled((call) => {
    const [a, b, scale] = aligned(call)
    return rescaleSql(call.names, `(${a} ${sign} ${b})`, shapeOf(call.type).scale - scale)
  })

const decimalProduct = spelled((call) => {
  const surplus = scaleOf(call, 0) + scaleOf(call, 1) - shapeOf(call.type).scale
  return rescaleSql(call.names, `(${call.args[0]} * ${call.args[1]})`, -surplus)
})

/** Long division in two steps where the dividend would not fit at once. */
const decimalQuotient = spelled((call) => {
  const { names, args, types } = call
  const shift = shapeOf(call.type).scale + scaleOf(call, 1) - scaleOf(call, 0)
  if (shift < 0 || shift + shapeOf(types[1]).precision > WIDE_DIGITS) {
    throw new NoSpelling("these digits need more than 256 bits")
  }
  if (shift + shapeOf(types[0]).precision <= WIDE_DIGITS) {
    return divideRoundedSql(names, rescaleSql(names, args[0]!, shift), args[1]!)
  }
  const power = powerLiteral(shift)
  return names.bind([args[0]!, args[1]!], (a, b) => {
    const rest = divideRoundedSql(names, `(moduloOrZero(${a}, ${b}) * ${power})`, b)
    return `(intDivOrZero(${a}, ${b}) * ${power} + ${rest})`
  })
})

const decimalRemainder = spelled((call) => {
  const [a, b] = aligned(call)
  return `toInt256(moduloOrZero(${a}, ${b}))`
})

const wholeQuotient = spelled((call) => {
  const [a, b] = aligned(call)
  return `toInt256(intDivOrZero(${a}, ${b}))`
})

/** Over the unscaled value and 10^scale. */
const whole = (body: (value: string, one: string) => string) =>
  spelled((call) => {
    const one = powerLiteral(scaleOf(call, 0))
    return call.names.bind([call.args[0]!], (x) => `toInt256(${body(x, one)})`)
  })

const MAX_PLACES = 76

function toPlaces(rounded: boolean): ClickHouseSpelling {
  return spelled((call) => {
    const { names, args, literals } = call
    const from = scaleOf(call, 0)
    const places = literals[1]
    if (typeof places !== "number") throw new NoSpelling("the number of places is not a constant")
    const wanted = Math.max(-MAX_PLACES, Math.min(from, places))
    const digits = from - wanted
    if (digits > WIDE_DIGITS) return "toInt256(0)"
    const cut = rounded
      ? rescaleSql(names, args[0]!, -digits)
      : `intDiv(${args[0]}, toInt256('${powerOfTen(digits)}'))`
    return `(${rescaleSql(names, `toInt256(${cut})`, shapeOf(call.type).scale - wanted)})`
  })
}

/** Integers through a wider type, so that nothing throws, then back to their own. */
const int = (bits: 32 | 64, text: string) => template(`toInt${bits}(${text})`)

function integers(bits: 32 | 64): Record<string, ClickHouseSpelling> {
  const kind = `int${bits}`
  const pair = `${kind},${kind}`
  const wide = "toInt256($1), toInt256($2)"
  const shift = bits === 32 ? 31 : 63
  return {
    [`add(${pair})`]: int(bits, "$1 + $2"),
    [`subtract(${pair})`]: int(bits, "$1 - $2"),
    [`multiply(${pair})`]: int(bits, "$1 * $2"),
    [`divide(${pair})`]: int(bits, `intDivOrZero(${wide})`),
    [`modulo(${pair})`]: int(bits, `moduloOrZero(${wide})`),
    [`mod(${pair})`]: int(bits, `moduloOrZero(${wide})`),
    [`negate(${kind})`]: int(bits, "-toInt256($1)"),
    [`plus(${kind})`]: int(bits, "$1"),
    [`abs(${kind})`]: int(bits, "abs(toInt256($1))"),
    [`bit_and(${pair})`]: int(bits, "bitAnd($1, $2)"),
    [`bit_or(${pair})`]: int(bits, "bitOr($1, $2)"),
    [`bit_xor(${pair})`]: int(bits, "bitXor($1, $2)"),
    [`bit_not(${kind})`]: int(bits, "bitNot($1)"),
    [`shift_left(${kind},int32)`]: int(bits, `bitShiftLeft($1, bitAnd($2, ${shift}))`),
    [`shift_right(${kind},int32)`]: int(bits, `bitShiftRight($1, bitAnd($2, ${shift}))`),
    [`gcd(${pair})`]: strictly(({ names: _ }, a, b) => `toInt${bits}(${gcd(a, b)})`),
    [`lcm(${pair})`]: strictly(
      (_, a, b) => `toInt${bits}(intDivOrZero(abs(toInt256(${a}) * toInt256(${b})), toInt256(${gcd(a, b)})))`,
    ),
  }
}

/** gcd() throws over zero. */
function gcd(a: string, b: string): string {
  const [x, y] = [`abs(toInt256(${a}))`, `abs(toInt256(${b}))`]
  const safe = (value: string) => `if(${value} = 0, toUInt64(1), toUInt64(${value}))`
  return `multiIf(${a} = 0, ${y}, ${b} = 0, ${x}, toInt256(gcd(${safe(x)}, ${safe(y)})))`
}

const LIBRARY = ["cbrt", "exp", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh"]

/** Where the argument has no value ours fail; here NaN or an infinity comes out. */
const floats: Record<string, ClickHouseSpelling> = {
  "add(float64,float64)": template("($1 + $2)"),
  "subtract(float64,float64)": template("($1 - $2)"),
  "multiply(float64,float64)": template("($1 * $2)"),
  "divide(float64,float64)": template("($1 / $2)"),
  "negate(float64)": template("(-$1)"),
  "plus(float64)": template("$1"),
  "abs(float64)": template("abs($1)"),
  "sign(float64)": template("toFloat64(multiIf($1 > 0, 1, $1 < 0, -1, 0) + if(isNull($1), NULL, 0))"),
  "ceil(float64)": template("ceil($1)"),
  "ceiling(float64)": template("ceil($1)"),
  "floor(float64)": template("floor($1)"),
  "round(float64)": template("roundBankers($1)"),
  "trunc(float64)": template("trunc($1)"),
  "sqrt(float64)": template("sqrt($1)"),
  "ln(float64)": template("log($1)"),
  "log(float64)": template("log10($1)"),
  "degrees(float64)": template("degrees($1)"),
  "radians(float64)": template("radians($1)"),
  // ClickHouse's own loses digits near 0.
  "tanh(float64)": template("if(abs($1) > 20, sign($1) * 1., sinh($1) / cosh($1))"),
  "atan2(float64,float64)": template("atan2($1, $2)"),
  "pi()": template("pi()"),
  ...Object.fromEntries(
    ["power(float64,float64)", "pow(float64,float64)", "power_of(float64,float64)"].map((name) => [
      name,
      template("pow($1, $2)"),
    ]),
  ),
  ...Object.fromEntries(LIBRARY.map((name) => [`${name}(float64)`, template(`${name}($1)`)])),
}

const decimals: Record<string, ClickHouseSpelling> = {
  "add(decimal,decimal)": decimalSum("+"),
  "subtract(decimal,decimal)": decimalSum("-"),
  "multiply(decimal,decimal)": decimalProduct,
  "divide(decimal,decimal)": decimalQuotient,
  "modulo(decimal,decimal)": decimalRemainder,
  "mod(decimal,decimal)": decimalRemainder,
  "div(decimal,decimal)": wholeQuotient,
  "negate(decimal)": template("(-$1)"),
  "plus(decimal)": template("$1"),
  "abs(decimal)": template("toInt256(abs($1))"),
  "sign(decimal)": template("toInt256(multiIf($1 > 0, 1, $1 < 0, -1, 0) + if(isNull($1), NULL, 0))"),
  "ceil(decimal)": whole((x, one) => `intDiv(${x}, ${one}) + if(${x} > 0 AND ${x} % ${one} != 0, 1, 0)`),
  "floor(decimal)": whole((x, one) => `intDiv(${x}, ${one}) - if(${x} < 0 AND ${x} % ${one} != 0, 1, 0)`),
  "trunc(decimal)": whole((x, one) => `intDiv(${x}, ${one})`),
  "round(decimal)": spelled((call) => rescaleSql(call.names, call.args[0]!, -scaleOf(call, 0))),
  "round(decimal,int32)": toPlaces(true),
  "trunc(decimal,int32)": toPlaces(false),
  "sqrt(decimal)": none("ClickHouse has no exact square root of more than 53 bits"),
}

export const numberSpellings: Readonly<Record<string, ClickHouseSpelling>> = {
  ...integers(32),
  ...integers(64),
  ...floats,
  ...decimals,
  "ceiling(decimal)": decimals["ceil(decimal)"]!,
}
