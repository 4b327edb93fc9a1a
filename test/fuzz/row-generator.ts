/**
 * Seeded JSON rows for a contract: mostly valid, in a few spellings that repeat (so that key orders are
 * learned), with edge values, and then sometimes broken byte by byte.
 */
import type { ContractField, EventContract } from "../../src/contracts/contract.ts"
import type { Random } from "../../src/std/random.ts"
import {
  BLOBS,
  DAYS,
  JSONS,
  LIKELY,
  NUMBERS,
  RAW_STRINGS,
  STRINGS,
  TEXTS,
  TIMES,
  TOKENS,
  WORDS,
} from "./fuzz-values.ts"

const pick = <T>(random: Random, from: readonly T[]): T => from[random.below(from.length)]!
const chance = (random: Random, percent: number): boolean => random.float() * 100 < percent

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
