/**
 * millrace.lock.json, committed beside the project: every event contract and view with its version, so that a
 * change is seen, numbered and checked against what is in the log. Pure: text in, data and text out.
 */
import { z } from "zod"
import { typeName } from "../columns/types.ts"
import { fingerprint } from "../std/fingerprint.ts"
import type { ContractField, EventContract } from "./contract.ts"
import { describeSchema } from "./describe-schema.ts"
import { invalidLock } from "./errors.ts"
import type { Check, ValueForm } from "./field-rule.ts"
import { plainRule } from "./field-rule.ts"

const lockedCheck = z.strictObject({
  kind: z.string(),
  /** The bound, length, divisor, pattern, or the fingerprint of a check that zod does. */
  value: z.string().optional(),
  inclusive: z.boolean().optional(),
  /** What may be sent, as JSON. */
  values: z.array(z.string()).optional(),
})

const lockedField = z.strictObject({
  name: z.string(),
  type: z.string(),
  /** JSON null is taken. */
  nullable: z.boolean(),
  /** The key may be missing. */
  optional: z.boolean(),
  /** How the value is sent, where its type has several ways: "epoch ms". */
  form: z.string().optional(),
  checks: z.array(lockedCheck).optional(),
})

const past = z.strictObject({ version: z.int().min(1), fingerprint: z.string() })

const lockedEvent = past.extend({
  /** The project no longer has it; its rows may still be in the log. */
  removed: z.boolean().optional(),
  id: z.string(),
  time: z.string(),
  key: z.string().nullable(),
  topic: z.string(),
  unknownFields: z.enum(["keep", "refuse"]),
  /** Fingerprint of the checks over several fields. */
  rowChecks: z.string().optional(),
  /** By name. */
  fields: z.array(lockedField),
  /** Earlier versions, oldest first. */
  history: z.array(past).optional(),
})

const lockedView = past.extend({ removed: z.boolean().optional() })

const lockSchema = z.strictObject({
  lockVersion: z.literal(1),
  events: z.record(z.string(), lockedEvent),
  views: z.record(z.string(), lockedView),
})

export type LockedCheck = z.infer<typeof lockedCheck>
export type LockedField = z.infer<typeof lockedField>
export type LockedEvent = z.infer<typeof lockedEvent>
export type LockedView = z.infer<typeof lockedView>
export type Lock = z.infer<typeof lockSchema>

export interface LockChange {
  readonly kind: "event" | "view"
  readonly name: string
  readonly change: "added" | "changed" | "removed" | "restored"
  /** Null for what is new. */
  readonly fromVersion: number | null
  readonly toVersion: number
}

export const EMPTY_LOCK: Lock = { lockVersion: 1, events: {}, views: {} }

/** @throws PlatformError invalid-lock */
export function readLock(text: string): Lock {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw invalidLock(`is not JSON (${(error as Error).message})`)
  }
  const version = (value as { lockVersion?: unknown } | null)?.lockVersion
  if (typeof version === "number" && version > 1) {
    throw invalidLock(`has lockVersion ${version}, written by a newer millrace than this one, which reads 1`)
  }
  const result = lockSchema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw invalidLock(
    `does not read as one: ${issue?.path.map(String).join(".") ?? ""} ${issue?.message ?? ""}`,
  )
}

/** The file's text: equal for equal locks, keys in order, one final newline. */
export function writeLock(lock: Lock): string {
  const events = Object.entries(lock.events).sort(byName)
  const views = Object.entries(lock.views).sort(byName)
  const sorted = {
    lockVersion: lock.lockVersion,
    events: Object.fromEntries(events),
    views: Object.fromEntries(views),
  }
  return `${JSON.stringify(sorted, null, 2)}\n`
}

/** The lock after this project, and what is different from before. The lock that was given stays as it is. */
export function nextLock(
  lock: Lock,
  contracts: readonly EventContract[],
  views: readonly { readonly name: string; readonly fingerprint: string }[],
): { readonly lock: Lock; readonly changes: readonly LockChange[] } {
  const changes: LockChange[] = []
  const events = advance({
    kind: "event",
    before: lock.events,
    now: contracts.map((contract) => [contract.name, describe(contract)]),
    changes,
  })
  const nextViews = advance({
    kind: "view",
    before: lock.views,
    now: views.map((view) => [view.name, { version: 1, fingerprint: view.fingerprint }]),
    changes,
  })
  return { lock: { lockVersion: 1, events, views: nextViews }, changes }
}

type Locked = z.infer<typeof past> & { removed?: boolean | undefined; history?: LockedEvent["history"] }

interface Advance<T extends Locked> {
  readonly kind: LockChange["kind"]
  readonly before: Readonly<Record<string, T>>
  /** What the project has now, as version 1. */
  readonly now: readonly (readonly [name: string, entry: T])[]
  readonly changes: LockChange[]
}

function advance<T extends Locked>({ kind, before, now, changes }: Advance<T>): Record<string, T> {
  const next: Record<string, T> = { ...before }
  const present = new Set(now.map(([name]) => name))
  for (const [name, entry] of now) {
    const old = Object.hasOwn(before, name) ? before[name] : undefined
    if (old === undefined) {
      next[name] = entry
      changes.push({ kind, name, change: "added", fromVersion: null, toVersion: 1 })
    } else if (contentOf(old) !== contentOf(entry)) {
      const version = old.version + 1
      const history = [...(old.history ?? []), { version: old.version, fingerprint: old.fingerprint }]
      next[name] = { ...entry, version, ...(kind === "event" ? { history } : {}) }
      changes.push({ kind, name, change: "changed", fromVersion: old.version, toVersion: version })
    } else if (old.removed === true) {
      const { removed: _, ...kept } = old
      next[name] = kept as T
      changes.push({ kind, name, change: "restored", fromVersion: old.version, toVersion: old.version })
    }
  }
  for (const [name, old] of Object.entries(before)) {
    if (present.has(name) || old.removed === true) continue
    next[name] = { ...old, removed: true }
    changes.push({ kind, name, change: "removed", fromVersion: old.version, toVersion: old.version })
  }
  return next
}

/** What makes two entries the same version. */
function contentOf(entry: Locked): string {
  const { version: _version, removed: _removed, history: _history, ...content } = entry
  return JSON.stringify(Object.entries(content).sort(byName))
}

/** A contract as the lock holds it, as version 1. */
export function describe(contract: EventContract): LockedEvent {
  const { id, time, key, topic, unknownFields, rowSchema } = contract
  const fields = contract.fields.map(describeField).sort((a, b) => compareText(a.name, b.name))
  const rowChecks =
    rowSchema === undefined || rowSchema === null ? {} : { rowChecks: fingerprint(describeSchema(rowSchema)) }
  return {
    version: 1,
    fingerprint: contract.fingerprint,
    id,
    time,
    key,
    topic,
    unknownFields,
    ...rowChecks,
    fields,
  }
}

function describeField(field: ContractField): LockedField {
  const { name, type, optional } = field
  const rule = field.rule ?? plainRule(type, field.nullable)
  const form = describeForm(rule.form)
  const checks = rule.checks.map(describeCheck)
  return {
    ...{ name, type: typeName(type), nullable: rule.acceptsNull, optional },
    ...(form === null ? {} : { form }),
    ...(checks.length === 0 ? {} : { checks }),
  }
}

/** Null where the form is what its type says. */
function describeForm(form: ValueForm): string | null {
  if (form.kind === "int64" && !form.strings) return "number"
  if (form.kind === "epoch") return `epoch ${form.unit}`
  return form.kind === "timestamp" && form.dialect !== "rfc3339" ? form.dialect : null
}

function describeCheck(check: Check): LockedCheck {
  const { kind } = check
  switch (kind) {
    case "minimum":
    case "maximum":
      return { kind, value: String(check.value), inclusive: check.inclusive }
    case "multiple-of":
      return { kind, value: String(check.value) }
    case "min-length":
    case "max-length":
      return { kind, value: String(check.length) }
    case "one-of":
      return { kind, values: check.values.map((value) => JSON.stringify(value)).sort() }
    case "pattern":
      return { kind, value: String(check.pattern) }
    case "zod":
      return { kind, value: fingerprint(check.label) }
  }
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return compareText(a, b)
}

/** By code unit, so that no locale changes the file. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
