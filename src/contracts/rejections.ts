/** Why rows are refused: the codes (documented in docs/errors.md) and the words around a value. */
import type { ValueForm } from "./field-rule.ts"

/** Each code with what it says about a row; docs/errors.md adds what to do. */
export const REJECTIONS = [
  { code: "not-json", means: "the row is not JSON" },
  { code: "not-an-object", means: "the row is JSON but no object" },
  { code: "invalid-utf8", means: "the row is not UTF-8" },
  { code: "too-deep", means: "arrays and objects are nested too deep" },
  { code: "row-too-large", means: "the row has too many bytes" },
  { code: "missing-field", means: "a required key is missing" },
  { code: "unknown-field", means: "the event refuses keys that it does not name" },
  { code: "wrong-type", means: "the JSON value is of another kind" },
  { code: "invalid-format", means: "the text is not spelled as the type wants it" },
  { code: "out-of-range", means: "the type or a bound of the schema does not hold the value" },
  { code: "check-failed", means: "a check of the schema refused the value" },
  { code: "nul-character", means: "a string contains U+0000" },
  { code: "lone-surrogate", means: "a string contains half of a surrogate pair" },
  { code: "missing-event-type", means: "the row does not name its event" },
  { code: "unknown-event", means: "the row names an event that does not exist" },
] as const

export type RejectCode = (typeof REJECTIONS)[number]["code"]

/** Completes "it must be …". */
export function expectedWords(form: ValueForm): string {
  switch (form.kind) {
    case "boolean":
      return "true or false"
    case "int32":
      return "a whole number from -2147483648 to 2147483647"
    case "int64":
      return form.strings
        ? "a whole number of 64 bits, as a number or as text"
        : "a whole number of at most 2^53 - 1; declare int64() for larger ones"
    case "float64":
      return "a number that a 64-bit float can hold"
    case "decimal": {
      const { precision, scale } = form
      return `a decimal with at most ${precision - scale} digits before and ${scale} behind the point`
    }
    case "string":
      return "a string"
    case "bytes":
      return "bytes as base64 with padding"
    case "json":
      return "a JSON value other than null"
    case "date":
      return "a date YYYY-MM-DD in the years 0001 to 9999"
    case "epoch":
      return `a number of ${EPOCH_WORDS[form.unit]} since 1970, in the years 0001 to 9999`
    case "timestamp":
      return form.dialect === "zulu"
        ? "a UTC time such as 2024-05-01T12:00:00Z, in the years 0001 to 9999"
        : "an RFC 3339 time such as 2024-05-01T12:00:00Z, in the years 0001 to 9999"
  }
}

const EPOCH_WORDS = { s: "seconds", ms: "milliseconds", us: "microseconds" } as const

/** The text of a field's refusal. `found` is the value as JSON, already cut. */
export function refusalMessage(code: RejectCode, field: string, found: string, form: ValueForm): string {
  switch (code) {
    case "missing-field":
      return `${field} is missing; it must be ${expectedWords(form)}`
    case "nul-character":
      return `${field} contains the character U+0000, which cannot be stored; leave it out`
    case "lone-surrogate":
      return `${field} contains half of a surrogate pair, which is no character; send both halves`
    default:
      return `${field} is ${found}; it must be ${expectedWords(form)}`
  }
}
