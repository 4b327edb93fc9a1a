/**
 * One field of the general path: from a scanned JSON value to its column, or the code of what is wrong with
 * it. Every form and every check is understood here; the generated loops take only the usual spellings and
 * leave the rest to this.
 */
import { assert } from "../../std/assert.ts"
import { parseDate, parseTimestamp } from "../../std/calendar-text.ts"
import type { ContractField } from "../contract.ts"
import type { Check, FieldRule } from "../field-rule.ts"
import { plainRule } from "../field-rule.ts"
import { MAX_FRACTION_DIGITS } from "../field-types.ts"
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
import type { NumberSlice } from "./store-number.ts"
import { storeDecimal, storeEpoch, storeFloat64, storeInt32, storeInt64 } from "./store-number.ts"
import type { Scratch } from "./text.ts"
import { appendUnescaped, sliceText } from "./text.ts"
import type { TimeKernel } from "./time-kernel.ts"

/** A scanned value: its bytes with quotes, and the scanner's flags for it. */
export interface ScannedValue {
  bytes: Uint8Array
  /** On the same bytes. */
  view: DataView
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
  readonly #time: TimeKernel
  readonly #default: ScannedValue | null

  constructor(field: ContractField, scratch: Scratch, time: TimeKernel) {
    this.field = field
    this.rule = field.rule ?? plainRule(field.type, field.nullable)
    this.readForSchema = valueReader(this.rule)
    this.#scratch = scratch
    this.#time = time
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
    if (this.rule.form.kind !== "json") return this.#store(this.#default, column, row, base)
    column.values[row] = base + this.#scratch.length
    this.#scratch.append(this.#default.bytes)
    column.ends[row] = base + this.#scratch.length
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
        return value.kind === KIND_NUMBER ? storeInt32(numberSlice(value), column, row) : "wrong-type"
      case "float64":
        return value.kind === KIND_NUMBER ? storeFloat64(numberSlice(value), column, row) : "wrong-type"
      case "epoch":
        return value.kind === KIND_NUMBER
          ? storeEpoch(numberSlice(value), column, row, form.unit)
          : "wrong-type"
      case "int64":
        if (value.kind !== KIND_NUMBER && !(form.strings && value.kind === KIND_STRING)) return "wrong-type"
        return storeInt64(numberSlice(value), column, row)
      case "decimal":
        if (value.kind !== KIND_NUMBER && value.kind !== KIND_STRING) return "wrong-type"
        return storeDecimal(numberSlice(value), column, row, form)
      case "date":
      case "timestamp":
        return value.kind === KIND_STRING ? this.#storeTime(value, column, row) : "wrong-type"
    }
  }

  #storeString(value: ScannedValue, column: ColumnStore, row: number, base: number): RejectCode | null {
    if (value.kind !== KIND_STRING) return "wrong-type"
    if (value.flags & FLAG_NUL) return "nul-character"
    if (value.flags & FLAG_LONE_SURROGATE) return "lone-surrogate"
    if ((value.flags & FLAG_ESCAPED) === 0) {
      column.values[row] = value.start + 1
      column.ends[row] = value.end - 1
      return null
    }
    column.values[row] = base + this.#scratch.length
    appendUnescaped(value.bytes, value.start + 1, value.end - 1, this.#scratch)
    column.ends[row] = base + this.#scratch.length
    return null
  }

  #storeBytes(value: ScannedValue, column: ColumnStore, row: number, base: number): RejectCode | null {
    if (value.kind !== KIND_STRING) return "wrong-type"
    const isEscaped = (value.flags & FLAG_ESCAPED) !== 0
    const source = isEscaped ? encoder.encode(contentText(value)) : value.bytes
    const start = isEscaped ? 0 : value.start + 1
    const end = isEscaped ? source.length : value.end - 1
    column.values[row] = base + this.#scratch.length
    const isBase64 = decodeBase64(source, start, end, this.#scratch)
    column.ends[row] = base + this.#scratch.length
    return isBase64 ? null : "invalid-format"
  }

  #storeTime(value: ScannedValue, column: ColumnStore, row: number): RejectCode | null {
    const { form } = this.rule
    const time = this.#time
    if (form.kind === "date") {
      const isUsual = time.date(value.bytes, value.view, value.start + 1, value.end) === value.end
      const days = isUsual ? time.value : parseDate(contentText(value))
      if (days === null) return "invalid-format"
      column.values[row] = days
      return null
    }
    assert(form.kind === "timestamp", "only dates and timestamps are times")
    if (time.timestamp(value.bytes, value.view, value.start + 1, value.end) === value.end) {
      column.halves[2 * row] = time.value | 0
      column.halves[2 * row + 1] = Math.floor(time.value / 4294967296)
      return null
    }
    const text = contentText(value)
    if (form.dialect === "zulu" && !/^[^a-z]*Z$/.test(text)) return "invalid-format"
    if (form.dialect === "rfc3339" && TOO_MANY_FRACTION_DIGITS.test(text)) return "invalid-format"
    const micros = parseTimestamp(text)
    if (micros === null) return "invalid-format"
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
      column.values[row] = base + this.#scratch.length
      this.#scratch.append(text)
      column.ends[row] = base + this.#scratch.length
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

/** The digits, with FLAG_ESCAPED also those that were written as escapes. */
function numberSlice(value: ScannedValue): NumberSlice {
  const { bytes, start, end, kind, flags } = value
  if (kind === KIND_NUMBER) return { bytes, start, end, isText: false }
  if ((flags & FLAG_ESCAPED) === 0) return { bytes, start: start + 1, end: end - 1, isText: true }
  const text = encoder.encode(contentText(value))
  return { bytes: text, start: 0, end: text.length, isText: true }
}

/** Marked as escaped, so that it is copied: it is no slice of the input. */
function defaultValue(text: string): ScannedValue {
  const first = text[0]
  const kind =
    first === '"' ? KIND_STRING : first === "t" ? KIND_TRUE : first === "f" ? KIND_FALSE : KIND_NUMBER
  const bytes = encoder.encode(text)
  return { bytes, view: new DataView(bytes.buffer), start: 0, end: bytes.length, kind, flags: FLAG_ESCAPED }
}
