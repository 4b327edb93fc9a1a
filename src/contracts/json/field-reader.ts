/**
 * One field of the general path: from a scanned JSON value to its column, or the code of what is wrong with it.
 * Every form and every check is understood here; the generated loops take only the usual spellings and leave
 * the rest to this.
 */
import { assert } from "../../std/assert.ts"
import { MAX_TEXT_MICROS, MIN_TEXT_MICROS, parseDate, parseTimestamp } from "../../std/calendar-text.ts"
import type { Misfit } from "../../std/exact-number.ts"
import { parseInt64, parseUnscaled } from "../../std/exact-number.ts"
import type { ContractField } from "../contract.ts"
import type { Check, FieldRule } from "../field-rule.ts"
import { plainRule } from "../field-rule.ts"
import { epochMicros, MAX_FRACTION_DIGITS } from "../field-types.ts"
import type { RejectCode } from "../rejections.ts"
import { decodeBase64 } from "./base64.ts"
import type { ValueReader } from "./judge.ts"
import { judge, valueReader } from "./judge.ts"
import type { ColumnStore } from "./row-store.ts"
import {
  FLAG_ESCAPED,
  FLAG_LONE_SURROGATE,
  FLAG_NUL,
  KIND_FALSE,
  KIND_NULL,
  KIND_NUMBER,
  KIND_STRING,
  KIND_TRUE,
} from "./scanner.ts"
import type { Scratch } from "./text.ts"
import { appendUnescaped, sliceText } from "./text.ts"

/** A scanned value: its bytes with quotes, and the scanner's flags for it. */
export interface ScannedValue {
  readonly bytes: Uint8Array
  start: number
  end: number
  kind: number
  flags: number
}

const encoder = new TextEncoder()

export class FieldReader {
  readonly field: ContractField
  readonly rule: FieldRule
  readonly readForSchema: ValueReader
  readonly #scratch: Scratch
  readonly #default: { readonly bytes: Uint8Array; readonly kind: number } | null

  constructor(field: ContractField, scratch: Scratch) {
    this.field = field
    this.rule = field.rule ?? plainRule(field.type, field.nullable)
    this.readForSchema = valueReader(this.rule)
    this.#scratch = scratch
    this.#default = this.rule.defaultText === null ? null : defaultValue(this.rule.defaultText)
  }

  /** Writes the value into `column` at `row`; null when it was taken. `base`: where scratch memory begins. */
  read(value: ScannedValue, column: ColumnStore, row: number, base: number): RejectCode | null {
    if (value.kind === KIND_NULL) {
      if (!this.rule.acceptsNull) return "wrong-type"
      column.nulls[row] = 1
      return this.rule.judgesAbsence ? this.#judgeAbsent(null) : null
    }
    column.nulls[row] = 0
    const problem = this.#store(value, column, row, base)
    if (problem !== null) return problem
    for (const check of this.rule.checks) {
      if (!this.#passes(check, value, column, row, base))
        return check.kind === "minimum" || check.kind === "maximum" ? "out-of-range" : "check-failed"
    }
    return null
  }

  /** The key is missing. */
  readAbsent(column: ColumnStore, row: number, base: number): RejectCode | null {
    if (!this.field.optional) return "missing-field"
    if (this.rule.judgesAbsence && this.#judgeAbsent(undefined) !== null) return "check-failed"
    column.nulls[row] = 1
    if (this.#default === null) return null
    column.nulls[row] = 0
    const { bytes, kind } = this.#default
    const value = { bytes, start: 0, end: bytes.length, kind, flags: 0 }
    if (this.rule.form.kind === "string") value.flags = FLAG_ESCAPED // not a slice of the input: copied
    if (this.rule.form.kind !== "json") return this.#store(value, column, row, base)
    this.#storeSlice(column, row, base, () => this.#scratch.append(bytes))
    return null
  }

  #judgeAbsent(value: null | undefined): RejectCode | null {
    assert(this.rule.schema !== null, "a rule with zod's checks has its schema")
    return judge(this.rule.schema, value).message === null ? null : "check-failed"
  }

  #store(value: ScannedValue, column: ColumnStore, row: number, base: number): RejectCode | null {
    const { form } = this.rule
    switch (form.kind) {
      case "boolean":
        if (value.kind !== KIND_TRUE && value.kind !== KIND_FALSE) return "wrong-type"
        column.values[row] = value.kind === KIND_TRUE ? 1 : 0
        return null
      case "string":
        return this.#storeString(value, column, row, base)
      case "json":
        if (value.flags & FLAG_NUL) return "nul-character"
        if (value.flags & FLAG_LONE_SURROGATE) return "lone-surrogate"
        column.values[row] = value.start
        column.ends[row] = value.end
        return null
      case "bytes":
        return this.#storeBytes(value, column, row, base)
      case "int32":
      case "float64":
      case "epoch":
        return value.kind === KIND_NUMBER ? this.#storeNumber(contentText(value), column, row) : "wrong-type"
      case "int64":
        if (value.kind !== KIND_NUMBER && !(form.strings && value.kind === KIND_STRING)) return "wrong-type"
        return storeInt64(value, column, row)
      case "decimal":
        if (value.kind !== KIND_NUMBER && value.kind !== KIND_STRING) return "wrong-type"
        return storeDecimal(value, column, row, form)
      case "date":
      case "timestamp":
        return value.kind === KIND_STRING ? this.#storeTime(contentText(value), column, row) : "wrong-type"
    }
  }

  #storeString(value: ScannedValue, column: ColumnStore, row: number, base: number): RejectCode | null {
    if (value.kind !== KIND_STRING) return "wrong-type"
    if (value.flags & FLAG_NUL) return "nul-character"
    if (value.flags & FLAG_LONE_SURROGATE) return "lone-surrogate"
    if (value.flags & FLAG_ESCAPED) {
      this.#storeSlice(column, row, base, () =>
        appendUnescaped(value.bytes, value.start + 1, value.end - 1, this.#scratch),
      )
    } else {
      column.values[row] = value.start + 1
      column.ends[row] = value.end - 1
    }
    return null
  }

  #storeBytes(value: ScannedValue, column: ColumnStore, row: number, base: number): RejectCode | null {
    if (value.kind !== KIND_STRING) return "wrong-type"
    let { bytes, start, end } = { bytes: value.bytes, start: value.start + 1, end: value.end - 1 }
    if (value.flags & FLAG_ESCAPED) {
      bytes = encoder.encode(contentText(value))
      start = 0
      end = bytes.length
    }
    let valid = false
    this.#storeSlice(column, row, base, () => {
      valid = decodeBase64(bytes, start, end, this.#scratch)
    })
    return valid ? null : "invalid-format"
  }

  #storeSlice(column: ColumnStore, row: number, base: number, write: () => void): void {
    column.values[row] = base + this.#scratch.length
    write()
    column.ends[row] = base + this.#scratch.length
  }

  #storeNumber(text: string, column: ColumnStore, row: number): RejectCode | null {
    const { form } = this.rule
    if (form.kind === "epoch") {
      const micros = epochMicros(text, form.unit)
      if (micros === null) return "out-of-range"
      column.values[row] = micros
      return null
    }
    const number = Number(text)
    if (form.kind === "float64") {
      if (!Number.isFinite(number)) return "out-of-range"
      column.values[row] = number + 0 // -0 is 0
      return null
    }
    const whole = parseInt64(text)
    if (typeof whole === "string") return numberProblem(whole, true)
    if (whole !== BigInt(number | 0)) return "out-of-range"
    column.values[row] = number | 0
    return null
  }

  #storeTime(text: string, column: ColumnStore, row: number): RejectCode | null {
    const { form } = this.rule
    if (form.kind === "date") {
      const days = parseDate(text)
      if (days === null) return "invalid-format"
      column.values[row] = days
      return null
    }
    assert(form.kind === "timestamp", "only dates and timestamps are times")
    if (form.dialect === "zulu" && !/^[^a-z]*Z$/.test(text)) return "invalid-format"
    if (form.dialect === "rfc3339" && TOO_MANY_FRACTION_DIGITS.test(text)) return "invalid-format"
    const micros = parseTimestamp(text)
    if (micros === null) return "invalid-format"
    assert(micros >= MIN_TEXT_MICROS && micros <= MAX_TEXT_MICROS, "a parsed time is in the years 1 to 9999")
    column.values[row] = micros
    return null
  }

  #passes(check: Check, value: ScannedValue, column: ColumnStore, row: number, base: number): boolean {
    switch (check.kind) {
      case "minimum":
        return check.inclusive ? column.values[row]! >= check.value : column.values[row]! > check.value
      case "maximum":
        return check.inclusive ? column.values[row]! <= check.value : column.values[row]! < check.value
      case "multiple-of":
        return BigInt(column.values[row]!) % check.value === 0n
      case "min-length":
        return codePoints(value) >= check.length
      case "max-length":
        return codePoints(value) <= check.length
      case "one-of":
        return check.values.includes(this.readForSchema(value.bytes, value.start, value.end) as string)
      case "pattern":
        check.pattern.lastIndex = 0 // a global pattern would go on where it last stopped
        return check.pattern.test(contentText(value))
      case "zod":
        return this.#judge(value, column, row, base)
    }
  }

  #judge(value: ScannedValue, column: ColumnStore, row: number, base: number): boolean {
    assert(this.rule.schema !== null, "a rule with zod's checks has its schema")
    const given = this.readForSchema(value.bytes, value.start, value.end)
    const verdict = judge(this.rule.schema, given)
    if (verdict.message !== null) return false
    if (this.rule.form.kind === "string" && typeof verdict.value === "string" && verdict.value !== given) {
      const text = encoder.encode(verdict.value) // z.url() takes spaces around a URL and drops them
      this.#storeSlice(column, row, base, () => this.#scratch.append(text))
    }
    return true
  }
}

const TOO_MANY_FRACTION_DIGITS = new RegExp(`\\.\\d{${MAX_FRACTION_DIGITS + 1}}`)

/** A string's content without quotes and escapes, or a number's digits. */
function contentText({ bytes, start, end, kind, flags }: ScannedValue): string {
  if (kind !== KIND_STRING) return sliceText(bytes, start, end)
  if (flags & FLAG_ESCAPED) return JSON.parse(sliceText(bytes, start, end)) as string
  return sliceText(bytes, start + 1, end - 1)
}

function codePoints(value: ScannedValue): number {
  let count = 0
  for (const _ of contentText(value)) count++
  return count
}

function storeInt64(value: ScannedValue, column: ColumnStore, row: number): RejectCode | null {
  const whole = parseInt64(contentText(value))
  if (typeof whole === "string") return numberProblem(whole, value.kind === KIND_NUMBER)
  column.values[row] = whole
  return null
}

function storeDecimal(
  value: ScannedValue,
  column: ColumnStore,
  row: number,
  { precision, scale }: { readonly precision: number; readonly scale: number },
): RejectCode | null {
  const unscaled = parseUnscaled(contentText(value), precision, scale)
  if (typeof unscaled === "string") return numberProblem(unscaled, value.kind === KIND_NUMBER)
  if (column.values.length >= 2 * column.nulls.length) {
    column.values[2 * row] = BigInt.asIntN(64, unscaled)
    column.values[2 * row + 1] = unscaled >> 64n
  } else {
    column.values[row] = unscaled
  }
  return null
}

function numberProblem(misfit: Misfit, isNumber: boolean): RejectCode {
  if (misfit === "not-a-number") return "invalid-format"
  if (misfit === "not-an-integer") return isNumber ? "wrong-type" : "invalid-format"
  return "out-of-range"
}

function defaultValue(text: string): { bytes: Uint8Array; kind: number } {
  const first = text[0]
  const kind =
    first === '"' ? KIND_STRING : first === "t" ? KIND_TRUE : first === "f" ? KIND_FALSE : KIND_NUMBER
  return { bytes: encoder.encode(text), kind }
}
