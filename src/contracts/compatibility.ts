/**
 * May a contract follow an earlier version of itself? The law: every row that the earlier version took is in
 * the log as it was sent, and the new version must read it. So a change may widen what is taken and never
 * narrow it.
 */
import type { EventContract } from "./contract.ts"
import type { LockedCheck, LockedEvent, LockedField } from "./lock.ts"
import { describe } from "./lock.ts"

export type IncompatibilityCode =
  | "required-field-added"
  | "field-refused"
  | "unknown-fields-refused"
  | "type-changed"
  | "form-changed"
  | "became-required"
  | "null-refused"
  | "check-narrowed"
  | "id-changed"
  | "time-changed"
  | "key-changed"
  | "topic-changed"

export interface Incompatibility {
  readonly event: string
  /** Null when the event as a whole is at fault. */
  readonly field: string | null
  readonly code: IncompatibilityCode
  readonly message: string
  readonly suggestion: string
}

type Found = Omit<Incompatibility, "event">

/** Why rows of `previous` could not be read by `next`; empty when all of them can. */
export function compatibility(previous: LockedEvent, next: EventContract): Incompatibility[] {
  const now = describe(next)
  const oldFields = new Map(previous.fields.map((field) => [field.name, field]))
  const newFields = new Map(now.fields.map((field) => [field.name, field]))
  const found: Found[] = [...compareRoles(previous, now)]
  for (const field of previous.fields) {
    const successor = newFields.get(field.name)
    if (successor !== undefined) found.push(...compareField(field, successor))
    else if (now.unknownFields === "refuse") found.push(fieldRefused(field))
  }
  for (const field of now.fields) {
    if (!oldFields.has(field.name)) found.push(...compareAdded(field))
  }
  return found.map((one) => ({ event: next.name, ...one }))
}

const ANOTHER_EVENT = "declare another event with a new name and keep this one for the rows that exist"

function compareRoles(previous: LockedEvent, now: LockedEvent): Found[] {
  const found: Found[] = []
  for (const { role, code, reason } of ROLES) {
    const [was, is] = [previous[role], now[role]]
    if (was === is) continue
    const message = `${role} was ${was ?? "not set"} and is now ${is ?? "not set"}: ${reason}`
    found.push({ field: is, code, message, suggestion: ANOTHER_EVENT })
  }
  if (previous.unknownFields === "keep" && now.unknownFields === "refuse") {
    found.push({
      field: null,
      code: "unknown-fields-refused",
      message: "unknown fields were kept and are now refused: rows that have some could not be read again",
      suggestion: 'leave unknownFields: "keep"',
    })
  }
  if (now.rowChecks !== undefined && now.rowChecks !== previous.rowChecks) {
    found.push({
      field: null,
      code: "check-narrowed",
      message: "the checks over several fields are new or different: rows in the log were not held to them",
      suggestion: "put the condition into the views that need it, or declare another event",
    })
  }
  return found
}

const ROLES = [
  { role: "id", code: "id-changed", reason: "duplicates of older events would not be recognised" },
  { role: "time", code: "time-changed", reason: "older events would move to other windows" },
  { role: "key", code: "key-changed", reason: "events of one key would lie in two partitions, out of order" },
  { role: "topic", code: "topic-changed", reason: "the older events stay in the other topic" },
] as const

function fieldRefused(field: LockedField): Found {
  return {
    field: field.name,
    code: "field-refused",
    message: `field ${field.name} is gone and unknown fields are refused: rows that have it would not read`,
    suggestion: `keep ${field.name} as optional(), or set unknownFields: "keep"`,
  }
}

/**
 * A new field must be one that rows may lack. (Where unknown fields were kept, a producer may have sent the
 * key before, with any value; the earlier version promised nothing about it, so nothing can be checked.)
 */
function compareAdded({ name, optional }: LockedField): Found[] {
  if (optional) return []
  return [
    {
      field: name,
      code: "required-field-added",
      message: `field ${name} is new and required: rows in the log do not have it`,
      suggestion: "make it optional() or give it a default()",
    },
  ]
}

function compareField(old: LockedField, now: LockedField): Found[] {
  const { name } = old
  const found: Found[] = []
  if (!readsType(old.type, now.type)) {
    found.push({
      field: name,
      code: "type-changed",
      message: `field ${name} was ${old.type} and is now ${now.type}, which does not hold every ${old.type}`,
      suggestion: `leave it ${old.type}, or add a new optional field beside it and cast in the views`,
    })
  } else if (!readsForm(old, now)) {
    found.push({
      field: name,
      code: "form-changed",
      message: `field ${name} was sent as ${old.form ?? "usual text"} and is now ${now.form ?? "usual text"}`,
      suggestion: "leave it as it was, or add a new optional field beside it",
    })
  }
  if (old.optional && !now.optional) {
    found.push({
      field: name,
      code: "became-required",
      message: `field ${name} was optional and is now required: rows without it could not be read again`,
      suggestion: "leave it optional() or give it a default()",
    })
  }
  if (old.nullable && !now.nullable) {
    found.push({
      field: name,
      code: "null-refused",
      message: `field ${name} could be null and no longer can: rows with null could not be read again`,
      suggestion: "leave it nullable()",
    })
  }
  const narrowed = (now.checks ?? []).find((check) => !isImplied(check, old))
  if (narrowed !== undefined) {
    found.push({
      field: name,
      code: "check-narrowed",
      message: `field ${name} has a stricter check (${wordsOf(narrowed)}) than rows in the log`,
      suggestion: "leave the check out and put the condition into the views that need it",
    })
  }
  return found
}

/** Does every JSON text that reads as `old` read as `now`, with the same value? */
function readsType(old: string, now: string): boolean {
  if (old === now || now === "json") return true
  const target = digitsOf(now)
  if (old === "int32" && (now === "int64" || now === "float64")) return true
  if (target === null) return false
  if (old === "int32") return target.whole >= 10
  if (old === "int64") return target.whole >= 19
  const source = digitsOf(old)
  return source !== null && target.whole >= source.whole && target.scale >= source.scale
}

function digitsOf(type: string): { whole: number; scale: number } | null {
  const match = /^decimal\((\d+),(\d+)\)$/.exec(type)
  return match === null ? null : { whole: Number(match[1]) - Number(match[2]), scale: Number(match[2]) }
}

/**
 * Forms of one type; a type that changed lawfully takes numbers and text alike, except int64 without text.
 */
function readsForm(old: LockedField, now: LockedField): boolean {
  if (now.type === "json" || old.form === now.form) return true
  if (now.type !== "timestamp") return now.form === undefined || old.type === "int32"
  return old.form === "zulu" && (now.form === undefined || now.form === "pattern")
}

/** Was everything that the old field took held to `check` already? */
function isImplied(check: LockedCheck, old: LockedField): boolean {
  const same = (old.checks ?? []).filter((known) => known.kind === check.kind)
  if (same.some((known) => JSON.stringify(known) === JSON.stringify(check))) return true
  switch (check.kind) {
    case "minimum":
      return same.some((known) => isTighter(known, check)) || Number(check.value) <= lowestOf(old.type)
    case "maximum":
      return same.some((known) => isTighter(check, known)) || Number(check.value) >= -lowestOf(old.type) - 1
    case "min-length":
      return Number(check.value) <= 0 || same.some((known) => Number(known.value) >= Number(check.value))
    case "max-length":
      return same.some((known) => Number(known.value) <= Number(check.value))
    case "one-of":
      return same.some((known) => (known.values ?? []).every((value) => check.values?.includes(value)))
    default:
      return false
  }
}

/**
 * For minimums: `high` excludes at least what `low` excludes. With the arguments turned round, for maximums.
 */
function isTighter(high: LockedCheck, low: LockedCheck): boolean {
  const order = compareNumbers(high.value ?? "", low.value ?? "")
  if (order !== 0) return order > 0
  return high.kind === "minimum"
    ? low.inclusive === true || high.inclusive === false
    : high.inclusive === true || low.inclusive === false
}

/** Exact for whole numbers. */
function compareNumbers(a: string, b: string): number {
  const whole = /^-?\d+$/
  if (!whole.test(a) || !whole.test(b)) return Number(a) - Number(b)
  return Number(BigInt(a) > BigInt(b)) - Number(BigInt(a) < BigInt(b))
}

/** The lowest value of a whole-number type; nothing is implied by the others. */
function lowestOf(type: string): number {
  return type === "int32" ? -(2 ** 31) : type === "int64" ? -(2 ** 63) : Number.NEGATIVE_INFINITY
}

function wordsOf({ kind, value, values, inclusive }: LockedCheck): string {
  const strict = inclusive === false ? ", exclusive" : ""
  return `${kind} ${value ?? values?.join(", ") ?? ""}${strict}`.trim()
}
