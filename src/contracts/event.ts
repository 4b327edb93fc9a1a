/**
 * The users' word `event`: a contract from a zod schema and a few names. Everything that cannot work is
 * refused here, when it is declared, naming the event, the field and what to write instead.
 */
import type { z } from "zod"
import { parseDuration } from "../std/durations.ts"
import type { ContractField, EventContract, OnInvalid, UnknownFields } from "./contract.ts"
import { type DedupDefinition, resolveDedup } from "./dedup.ts"
import { describeSchema } from "./describe-schema.ts"
import { invalidEvent, personalNotSupported } from "./errors.ts"
import { mapField } from "./field-mapping.ts"
import { fingerprintContract } from "./fingerprint.ts"
import { writeJsonSchema } from "./json-schema.ts"

/** Names of fields whose values are always of type T. */
type FieldsOf<S extends z.ZodObject, T> = {
  [K in keyof z.output<S>]-?: z.output<S>[K] extends T ? K : never
}[keyof z.output<S>] &
  string

export interface EventDefinition<S extends z.ZodObject> {
  readonly schema: S
  /** The field that tells one event from another: text or a whole number, always there. */
  readonly id: FieldsOf<S, string | number | bigint>
  /** The field with the event's own time: a timestamp, always there. */
  readonly time: FieldsOf<S, string | number>
  /** Rows with the same key go to one partition, in order. @default rows are spread by id */
  readonly key?: keyof z.output<S> & string
  /** @default the event's name */
  readonly topic?: string
  /** @default 1 */
  readonly partitions?: number
  /** How far behind the newest row of its partition a row may come and still count. @default "0 s" */
  readonly outOfOrderness?: string
  /** A partition that brings nothing for this long no longer holds the watermark. @default "30 seconds" */
  readonly idle?: string
  /** Let the watermark follow the clock while everything is idle. @default false */
  readonly idleAdvance?: boolean
  /** Rows whose id was seen less than this long ago are duplicates. @default ids are not remembered */
  readonly dedup?: DedupDefinition | null
  /** Keys that the schema does not name: kept in the log, or the row is refused. @default "keep" */
  readonly unknownFields?: UnknownFields
  /**
   * Rows that do not fit are refused, or kept as dead letters to be looked at, corrected and sent again.
   * @default "reject"
   */
  readonly onInvalid?: OnInvalid
  readonly retention?: { readonly time?: string; readonly bytes?: number }
  /** How the log stores its batches. @default "none" */
  readonly compression?: "none" | "zstd"
  /** How long the store keeps a row after it came, such as "90 days". @default for ever */
  readonly store?: { readonly retention?: string }
  readonly description?: string
  readonly owner?: string
  /** Refused until sealing exists. */
  readonly personal?: readonly string[]
}

/** PostgreSQL's limit for identifiers. */
const MAX_NAME_LENGTH = 63
/** More fields than any table that people read; keeps generated code and rejections bounded. */
const MAX_FIELDS = 1_000
/** Each partition has files, an index and a watermark of its own. */
const MAX_PARTITIONS = 1_024
const IDLE = "30 seconds"
const OPTIONS: Readonly<Record<keyof EventDefinition<z.ZodObject>, true>> = {
  schema: true,
  id: true,
  time: true,
  key: true,
  topic: true,
  partitions: true,
  outOfOrderness: true,
  idle: true,
  idleAdvance: true,
  dedup: true,
  unknownFields: true,
  onInvalid: true,
  retention: true,
  compression: true,
  store: true,
  description: true,
  owner: true,
  personal: true,
}

/**
 * Declares an event.
 * @example
 * const userSignup = event("user_signup", {
 *   schema: z.object({ event_id: z.uuid(), timestamp: timestamp(), plan: z.string().optional() }),
 *   id: "event_id",
 *   time: "timestamp",
 * })
 * @throws PlatformError invalid-event, unsupported-field, personal-not-supported, invalid-duration
 */
export function event<S extends z.ZodObject, Id extends EventDefinition<S>["id"]>(
  name: string,
  definition: EventDefinition<S> & { readonly id: Id },
): EventContract<z.output<S>, z.input<S>> & { readonly id: Id } {
  checkName(name)
  checkOptions(name, definition)
  checkSchema(name, definition.schema)
  checkRowChecks(name, definition.schema)
  const personal = definition.personal ?? []
  if (personal.length > 0) throw personalNotSupported(name, personal)
  const fields = mapFields(name, definition.schema)
  checkRoles(name, definition, fields)
  checkPlacement(name, definition)
  const unknownFields = resolveUnknownFields(name, definition)
  const hasRowChecks = (definition.schema._zod.def.checks?.length ?? 0) > 0
  const description = definition.description ?? null
  const { dedup, outOfOrderness = "0 s", idle = IDLE } = definition
  const contract: EventContract<z.output<S>, z.input<S>> & { readonly id: Id } = {
    kind: "event",
    name,
    description,
    fields,
    id: definition.id,
    time: definition.time,
    key: definition.key ?? null,
    topic: definition.topic ?? name,
    partitions: definition.partitions ?? 1,
    outOfOrdernessMs: parseDuration(outOfOrderness, `outOfOrderness of event "${name}"`),
    idleMs: parseDuration(idle, `idle of event "${name}"`),
    idleAdvance: definition.idleAdvance ?? false,
    ...resolveDedup(name, dedup),
    unknownFields,
    onInvalid: resolveOnInvalid(name, definition.onInvalid),
    retention: resolveRetention(name, definition),
    compression: definition.compression ?? "none",
    jsonSchema: writeJsonSchema({ name, description, fields, unknownFields, schema: definition.schema }),
    fingerprint: fingerprintContract({
      fields,
      unknownFields,
      rowChecks: hasRowChecks ? describeSchema(definition.schema) : null,
    }),
    rowSchema: hasRowChecks ? definition.schema : null,
    owner: definition.owner ?? null,
    ...(definition.store === undefined ? {} : { store: resolveStore(name, definition.store) }),
  }
  return Object.freeze(contract)
}

function checkName(name: string): void {
  if (typeof name === "string" && /^[a-z][a-z0-9_]*$/.test(name) && name.length <= MAX_NAME_LENGTH) return
  throw invalidEvent(
    String(name),
    `the name must be snake_case: a letter, then letters, digits and "_", at most ${MAX_NAME_LENGTH} in all`,
  )
}

/** Modules run without a type check: a mistyped option would silently be its default. */
function checkOptions(name: string, definition: object): void {
  const unknown = Object.keys(definition).filter((option) => !Object.hasOwn(OPTIONS, option))
  if (unknown.length === 0) return
  throw invalidEvent(
    name,
    `there is no option ${unknown.join(", ")}; the options are ${Object.keys(OPTIONS).join(", ")}`,
  )
}

function checkSchema(name: string, schema: unknown): asserts schema is z.ZodObject {
  const type = (schema as Partial<z.ZodObject> | null | undefined)?._zod?.def?.type
  if (type !== "object") {
    throw invalidEvent(name, `schema must be a z.object({...}) of zod 4, got ${type ?? typeof schema}`)
  }
}

function checkRowChecks(name: string, schema: z.ZodObject): void {
  const changes = (schema._zod.def.checks ?? []).some((check) => check._zod.def.check === "overwrite")
  if (changes)
    throw invalidEvent(name, "the schema changes the row (overwrite); change it in a view's SQL instead")
}

function mapFields(name: string, schema: z.ZodObject): readonly ContractField[] {
  const entries = Object.entries(schema._zod.def.shape) as [string, z.ZodType][]
  if (entries.length > MAX_FIELDS) {
    throw invalidEvent(name, `the schema has ${entries.length} fields, at most ${MAX_FIELDS} are possible`)
  }
  const fields = entries.map(([field, fieldSchema]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(field) || field.length > MAX_NAME_LENGTH || field === "__proto__") {
      throw invalidEvent(
        name,
        `the field name ${JSON.stringify(field)} is no column name: letters, digits and "_", not first ` +
          `a digit, at most ${MAX_NAME_LENGTH} in all`,
      )
    }
    if (field === "processed_at") {
      throw invalidEvent(name, `the field name "processed_at" is taken by the append time; choose another`)
    }
    return Object.freeze(mapField({ event: name, field }, fieldSchema))
  })
  return Object.freeze(fields)
}

const ID_TYPES = new Set(["string", "int32", "int64"])
const KEY_TYPES = new Set(["string", "int32", "int64", "boolean", "date", "decimal", "bytes"])

function checkRoles(
  name: string,
  definition: { readonly id: string; readonly time: string; readonly key?: string },
  fields: readonly ContractField[],
): void {
  const id = findField(name, "id", definition.id, fields)
  requireAlways(name, "id", id)
  if (!ID_TYPES.has(id.type.kind)) {
    throw invalidEvent(name, `id: field "${id.name}" is ${id.type.kind}; an id is a string, int32 or int64`)
  }
  const time = findField(name, "time", definition.time, fields)
  requireAlways(name, "time", time)
  if (time.type.kind !== "timestamp") {
    const hint = "declare it as timestamp(), timestamp({ unit }) or z.iso.datetime()"
    throw invalidEvent(name, `time: field "${time.name}" is ${time.type.kind}, not a timestamp; ${hint}`)
  }
  if (definition.key === undefined) return
  const key = findField(name, "key", definition.key, fields)
  if (!KEY_TYPES.has(key.type.kind)) {
    throw invalidEvent(
      name,
      `key: field "${key.name}" is ${key.type.kind}, which does not tell keys apart exactly`,
    )
  }
}

function findField(
  name: string,
  role: string,
  field: unknown,
  fields: readonly ContractField[],
): ContractField {
  const found = fields.find((candidate) => candidate.name === field)
  if (found !== undefined) return found
  const names = fields.map((candidate) => candidate.name).join(", ")
  throw invalidEvent(
    name,
    `${role}: ${JSON.stringify(field) ?? "undefined"} is none of its fields (${names})`,
  )
}

function requireAlways(name: string, role: string, field: ContractField): void {
  if (!field.nullable && !field.optional) return
  throw invalidEvent(
    name,
    `${role}: field "${field.name}" may be missing or null; every event needs its ${role}, ` +
      "so leave optional(), nullable() and default() out",
  )
}

function checkPlacement(
  name: string,
  definition: { readonly topic?: string; readonly partitions?: number },
): void {
  const { topic = name, partitions = 1 } = definition
  if (!/^[a-zA-Z0-9.-][a-zA-Z0-9._-]{0,248}$/.test(topic) || topic === "." || topic === "..") {
    const rule = 'letters, digits, ".", "_" and "-", not beginning with "_", at most 249 in all'
    throw invalidEvent(name, `topic: ${JSON.stringify(topic)} is no topic name: ${rule}`)
  }
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > MAX_PARTITIONS) {
    throw invalidEvent(name, `partitions: ${partitions} is not a whole number from 1 to ${MAX_PARTITIONS}`)
  }
}

function resolveUnknownFields(
  name: string,
  { schema, unknownFields }: { readonly schema: z.ZodObject; readonly unknownFields?: UnknownFields },
): UnknownFields {
  const catchall = (schema._zod.def.catchall as z.core.$ZodTypes | undefined)?._zod.def.type
  if (catchall !== undefined && catchall !== "never" && catchall !== "unknown" && catchall !== "any") {
    throw invalidEvent(name, "the schema has a catchall type, which nothing checks; name the fields instead")
  }
  const declared = catchall === "never" ? "refuse" : "keep"
  if (unknownFields === undefined) return declared
  if (unknownFields !== "keep" && unknownFields !== "refuse") {
    throw invalidEvent(name, `unknownFields: ${JSON.stringify(unknownFields)} is neither "keep" nor "refuse"`)
  }
  if (declared === "refuse" && unknownFields === "keep") {
    throw invalidEvent(name, 'unknownFields: "keep" contradicts z.strictObject(); use z.object()')
  }
  return unknownFields
}

function resolveOnInvalid(name: string, onInvalid: OnInvalid = "reject"): OnInvalid {
  if (onInvalid === "reject" || onInvalid === "dead-letter") return onInvalid
  throw invalidEvent(name, `onInvalid: ${JSON.stringify(onInvalid)} is neither "reject" nor "dead-letter"`)
}

function resolveStore(name: string, options: NonNullable<EventDefinition<z.ZodObject>["store"]>) {
  const unknown = Object.keys(options).filter((key) => key !== "retention")
  if (unknown.length > 0) throw invalidEvent(name, `store has retention only, not ${unknown.join(", ")}`)
  const { retention } = options
  const what = `store.retention of event "${name}"`
  return { retentionMs: retention === undefined ? null : parseDuration(retention, what) }
}

function resolveRetention(
  name: string,
  { retention }: { readonly retention?: { readonly time?: string; readonly bytes?: number } },
): EventContract["retention"] {
  const { time, bytes } = retention ?? {}
  if (bytes !== undefined && (!Number.isSafeInteger(bytes) || bytes <= 0)) {
    throw invalidEvent(name, `retention.bytes: ${bytes} is not a positive whole number`)
  }
  return {
    ...(time === undefined ? {} : { ms: parseDuration(time, `retention.time of event "${name}"`) }),
    ...(bytes === undefined ? {} : { bytes }),
  }
}
