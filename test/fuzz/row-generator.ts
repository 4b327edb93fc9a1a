/**
 * Seeded JSON rows for a contract: mostly valid, in a few spellings that repeat (so that key orders are learned),
 * with edge values, and then sometimes broken byte by byte.
 */
import type { ContractField, EventContract } from "../../src/contracts/contract.ts"
import type { Random } from "../../src/std/random.ts"

const pick = <T>(random: Random, from: readonly T[]): T => from[random.below(from.length)]!
const chance = (random: Random, percent: number): boolean => random.float() * 100 < percent

const STRINGS = [
  "",
  "a",
  "hello world",
  "Zürich",
  "日本語",
  "\u{1f600}",
  'q"uote',
  "back\\slash",
  "line\nbreak",
  "tab\t",
  "0123456789abcdef0123456789abcdef0123456789",
  "\u007f",
  "\u0080",
  "\uffff",
  "é".repeat(40),
  "low",
  "high",
  "très haut",
]
const RAW_STRINGS = [
  '"\\u0000"',
  '"\\ud800"',
  '"\\ud83d\\ude00"',
  '"\\udc00x"',
  '"\\/\\b\\f"',
  '"\\u00e9"',
  '"\\u12"',
  '"\\x"',
  '"a\\"b"',
  '"\\uD83D\\u0041"',
  '"\u2028"',
  '"abc',
  '"a\u0001b"',
]
const NUMBERS = [
  "0",
  "-0",
  "1",
  "-1",
  "7",
  "42",
  "150",
  "1e2",
  "1E+2",
  "12e-1",
  "1.0",
  "0.5",
  "0.25",
  "-1.5",
  "12345678.91",
  "99999999999.99",
  "3.14159",
  "2147483647",
  "2147483648",
  "-2147483648",
  "-2147483649",
  "9007199254740991",
  "9007199254740993",
  "-9007199254740993",
  "9223372036854775807",
  "9223372036854775808",
  "-9223372036854775808",
  "-9223372036854775809",
  "123456789012345678",
  "999999999999999999",
  "1e18",
  "1e308",
  "1e309",
  "-1e400",
  "5e-324",
  "0.1",
  "0.30000000000000004",
  "123456789.123456789",
  "1.7976931348623157e308",
  "00",
  "01",
  "1.",
  ".5",
  "+1",
  "-",
  "1e",
  "0x1",
  "NaN",
  "Infinity",
  "1700000000",
  "1700000000000",
  "1700000000123456",
  "1700000000.123456789",
  "253402300799",
  "253402300800",
  "-62135596800",
  "-62135596801",
  "1e999999999",
  "0e999999999",
  "1234567890123456789012345678.0123456789",
  "99999999999999999999999999999999999999",
  "0.0000000001",
  "0.00000000001",
  "4294967295",
  "4294967296",
  "100000",
  "15",
  "5",
  "8.125",
]
const TIMES = [
  "2024-02-29T12:34:56Z",
  "2024-02-29T12:34:56.789Z",
  "2024-02-29T12:34:56.789012Z",
  "2024-02-29T12:34:56.789012345Z",
  "2024-02-29t12:34:56z",
  "2024-02-29T12:34:56+05:30",
  "2024-02-29T12:34:56.5-23:59",
  "2023-02-29T00:00:00Z",
  "1969-12-31T23:59:59.999999Z",
  "0001-01-01T00:00:00Z",
  "0000-01-01T00:00:00Z",
  "9999-12-31T23:59:59.999999Z",
  "9999-12-31T23:59:59-00:01",
  "0001-01-01T00:00:00+00:01",
  "2024-01-01T24:00:00Z",
  "2024-01-01T23:59:60Z",
  "2024-01-01T00:00Z",
  "2024-01-01 00:00:00Z",
  "2024-01-01T00:00:00",
  "2024-13-01T00:00:00Z",
  "2024-00-01T00:00:00Z",
  "2024-01-32T00:00:00Z",
  "2024-04-31T00:00:00Z",
  "2024-01-01T00:00:00.Z",
  "2024-01-01T00:00:00.1234567890Z",
  "2300-01-01T00:00:00.000001Z",
  "1600-01-01T00:00:00.1Z",
  "2024-01-01T00:00:00+24:00",
  "2024-01-01T00:60:00Z",
  "2000-01-01T00:00:00-00:00",
]
const DAYS = [
  "2024-02-29",
  "2023-02-29",
  "1970-01-01",
  "1969-12-31",
  "0001-01-01",
  "0000-01-01",
  "9999-12-31",
  "2024-1-1",
  "2024-01-01T00:00:00Z",
  "20240101",
]
const BLOBS = [
  "",
  "aGk=",
  "aGVsbG8=",
  "AAAA",
  "QQ==",
  "QR==",
  "aGk",
  "a===",
  "====",
  "a b=",
  "-_-_",
  "/+9=",
  "YWJj\\nZGVm",
]
const JSONS = [
  "{}",
  "[]",
  '{"a":1}',
  "[1,[2,[3]]]",
  '{"a":{"b":[null,true,"x"]}}',
  '"text"',
  "1.50",
  "true",
  '{"lines":[]}',
  '{"lines":[{"sku":"x","n":"9223372036854775807","price":"1.50"}]}',
  '{"lines":[{"sku":"x","n":9223372036854775808,"price":1}]}',
  '{"lines":[{"sku":"x","n":1,"price":1.005}]}',
  '["a","b"]',
  '["a",1]',
  '{"__proto__":{"x":1}}',
  '{"a":"\\u0000"}',
  '{"a":"\\ud800"}',
  "[1,]",
  "{a:1}",
  '{"a":1,}',
  `${"[".repeat(63)}${"]".repeat(63)}`,
  `${"[".repeat(64)}${"]".repeat(64)}`,
  `${'{"a":'.repeat(62)}1${"}".repeat(62)}`,
  "[ 1 , 2 ]",
  '{ "a" : 1 }',
]
const TEXTS = [
  "a@b.co",
  "not an email",
  "123e4567-e89b-42d3-a456-426614174000",
  "123e4567",
  "AB12",
  "ab12",
  "https://example.com/x?y=1",
  " https://example.com ",
  "order",
  "a",
  "b",
]
const WORDS = ["true", "false", "null", "True", "nul"]

const quoted = (random: Random, texts: readonly string[]): string => {
  const text = pick(random, texts)
  const json = JSON.stringify(text)
  if (text === "" || !chance(random, 8)) return json
  const at = random.below(text.length)
  const unit = text.charCodeAt(at)
  if (unit < 0x20 || unit >= 0x7f || unit === 0x22 || unit === 0x5c) return json
  const escaped = `\\u${unit.toString(16).padStart(4, "0")}`
  return (
    JSON.stringify(text.slice(0, at)).slice(0, -1) + escaped + JSON.stringify(text.slice(at + 1)).slice(1)
  )
}

/** JSON text for a field, that fits it most of the time. */
function valueText(random: Random, field: ContractField): string {
  if (chance(random, 0.5)) return anyText(random)
  if (!chance(random, 3)) return likelyText(random, field)
  switch (field.rule!.form.kind) {
    case "string":
      return chance(random, 20) ? pick(random, RAW_STRINGS) : quoted(random, [...STRINGS, ...TEXTS])
    case "timestamp":
      return quoted(random, TIMES)
    case "date":
      return quoted(random, DAYS)
    case "bytes":
      return `"${pick(random, BLOBS)}"`
    case "json":
      return pick(random, JSONS)
    case "boolean":
      return pick(random, WORDS)
    default:
      return chance(random, 20) ? `"${pick(random, NUMBERS)}"` : pick(random, NUMBERS)
  }
}

function anyText(random: Random): string {
  const kind = random.below(6)
  if (kind === 0) return pick(random, NUMBERS)
  if (kind === 1) return quoted(random, [...STRINGS, ...TEXTS, ...TIMES, ...DAYS])
  if (kind === 2) return pick(random, JSONS)
  if (kind === 3) return pick(random, RAW_STRINGS)
  return pick(random, WORDS)
}

const LIKELY: Readonly<Record<string, readonly string[]>> = {
  id: ['"x1"', "17", '"18"'],
  level: ['"low"', '"très haut"'],
  kind: ['"order"'],
  step: ["5", "-10"],
  share: ["0.5", "0.999"],
  ratio: ["0.25", "8.125"],
  email: ['"a@b.co"'],
  key: ['"123e4567-e89b-42d3-a456-426614174000"'],
  code: ['"AB12"'],
  home: ['"https://example.com/x?y=1"'],
  even: ["42", '"9223372036854775806"'],
  choice: ['"a"', "null"],
  order: ['{"lines":[]}', '{"lines":[{"sku":"x","n":"9223372036854775807","price":"1.50"}]}'],
  either: ['"text"', '{"a":1}'],
  tags: ['["a","b"]', "[]"],
  extra: ['{"a":1}'],
}

function likelyText(random: Random, field: ContractField): string {
  const likely = LIKELY[field.name]
  const { form } = field.rule!
  if (likely !== undefined && form.kind !== "int64" && (form.kind !== "string" || field.name !== "extra")) {
    return pick(random, likely)
  }
  switch (form.kind) {
    case "string":
      return quoted(random, STRINGS)
    case "boolean":
      return pick(random, ["true", "false"])
    case "timestamp":
      return `"${pick(random, TIMES.slice(0, 3))}"`
    case "date":
      return `"${pick(random, ["2024-02-29", "1969-12-31"])}"`
    case "bytes":
      return `"${pick(random, BLOBS.slice(0, 6))}"`
    case "json":
      return pick(random, JSONS.slice(0, 8))
    case "epoch":
      return String(random.below(2_000_000_000))
    case "int32":
      return String(random.below(151))
    case "int64": {
      const number = String(random.below(1000) * 5 * 10 ** random.below(9))
      return form.strings && chance(random, 20) ? `"${number}"` : number
    }
    default:
      return String((random.below(10_000_000) / 100) * (chance(random, 20) ? -1 : 1))
  }
}

interface Style {
  readonly order: readonly number[]
  readonly left: readonly boolean[]
  readonly comma: string
  readonly colon: string
  readonly unknownAt: number
}

export class RowGenerator {
  readonly #contract: EventContract
  readonly #random: Random
  #styles: Style[] = []

  constructor(contract: EventContract, random: Random) {
    this.#contract = contract
    this.#random = random
  }

  /** One row; mutated in `mutatePercent` of cases. */
  row(mutatePercent: number): Uint8Array {
    const random = this.#random
    if (this.#styles.length === 0 || chance(random, 1))
      this.#styles = [0, 1, 2].map((kind) => this.#style(kind))
    const style = chance(random, 90) ? pick(random, this.#styles) : this.#style(random.below(4))
    const text = Buffer.from(this.#text(style))
    return chance(random, mutatePercent) ? this.#mutate(text) : text
  }

  #style(kind: number): Style {
    const random = this.#random
    const { fields } = this.#contract
    const order = fields.map((_, index) => index)
    if (kind === 1) order.reverse()
    if (kind > 1) order.sort(() => random.below(3) - 1)
    const left = fields.map((field) => (field.optional ? chance(random, 40) : chance(random, 1)))
    const spaced = kind === 2 || chance(random, 10)
    return {
      order,
      left,
      comma: spaced ? ", " : ",",
      colon: spaced ? ": " : ":",
      unknownAt: chance(random, 15) ? random.below(3) : -1,
    }
  }

  #text({ order, left, comma, colon, unknownAt }: Style): string {
    const random = this.#random
    const members: string[] = []
    order.forEach((index, position) => {
      const field = this.#contract.fields[index]!
      if (position === unknownAt) members.push(`"unknown_${position}"${colon}${anyText(random)}`)
      if (left[index] !== chance(random, 2)) return
      members.push(`${this.#key(field.name)}${colon}${valueText(random, field)}`)
      if (chance(random, 1)) members.push(`"${field.name}"${colon}${valueText(random, field)}`)
      if (chance(random, 0.5)) members.push(`"__proto__"${colon}{"polluted":1}`, `"event_type":"x"`)
    })
    const edge = chance(random, 3) ? pick(random, [" ", "\t", "  ", "\r"]) : ""
    return `${edge}{${members.join(comma)}${edge}}${edge}`
  }

  #key(name: string): string {
    if (!chance(this.#random, 1)) return `"${name}"`
    return `"\\u${name.charCodeAt(0).toString(16).padStart(4, "0")}${name.slice(1)}"`
  }

  #mutate(bytes: Buffer): Uint8Array {
    const random = this.#random
    let mutated = bytes
    for (let times = 1 + random.below(3); times > 0; times--) {
      const at = random.below(mutated.length + 1)
      const before = mutated.subarray(0, at)
      switch (random.below(6)) {
        case 0:
          mutated = Buffer.concat([before, mutated.subarray(at + 1 + random.below(4))])
          break
        case 1:
          mutated = Buffer.concat([before, Buffer.from(pick(random, TOKENS)), mutated.subarray(at)])
          break
        case 2:
          mutated = Buffer.concat([before, Buffer.from([random.below(256)]), mutated.subarray(at)])
          break
        case 3:
          mutated = Buffer.concat([before, Buffer.from([random.below(256)]), mutated.subarray(at + 1)])
          break
        case 4:
          mutated = Buffer.from(before)
          break
        default: {
          const from = random.below(mutated.length + 1)
          mutated = Buffer.concat([
            before,
            mutated.subarray(from, from + random.below(30)),
            mutated.subarray(at),
          ])
        }
      }
    }
    return mutated.filter((byte) => byte !== 0x0a) // a line feed would be another row
  }
}

const TOKENS = [
  '"',
  "\\",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "0",
  "-",
  ".",
  "e",
  "null",
  "true",
  " ",
  "\t",
  "\r",
  "\u00e9",
  "\u{1f600}",
  "\\u",
  "\\ud83d",
  "\0",
  "\u007f",
]
