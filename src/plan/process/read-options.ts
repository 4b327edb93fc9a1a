/** The options of `process()`, checked: everything that can be said without knowing the other definitions. */
import type { z } from "zod"
import type { ContractField } from "../../contracts/contract.ts"
import { mapField } from "../../contracts/field-mapping.ts"
import { parseDuration } from "../../std/durations.ts"
import { isPlatformError } from "../../std/errors.ts"
import type { ProcessDefinition, ProcessHandlers, ProcessOutput, ProcessState } from "./definition.ts"
import { EVENT_TIME, FAILURES_OUTPUT, sideName } from "./definition.ts"
import { invalidProcess } from "./errors.ts"
import { forbiddenIn } from "./forbidden.ts"
import { stateCodec } from "./state-codec.ts"

const OPTIONS = new Set(
  (
    "from row columns key state initial stateBound output sideOutputs allowedLateness version description " +
    "onRow onEventTimer onProcessingTimer"
  ).split(" "),
)
const COLUMN_NAME = /^[a-z_][a-z0-9_]{0,62}$/
const MAX_NAME_LENGTH = 63
/** More are several processes. */
const MAX_SIDES = 20
const MAX_COLUMNS = 1_000
/** As of views. */
const MAX_LATENESS_MS = 31 * 86_400_000
const HANDLERS = ["onRow", "onEventTimer", "onProcessingTimer"] as const

type Refuse = (message: string) => Error
/** As a module without a type check may write them. */
type Options = Readonly<Record<string, unknown>>

export function readProcess(name: string, given: object): ProcessDefinition {
  const refuse: Refuse = (message) => invalidProcess(name, message)
  const options = given as Options
  const unknown = Object.keys(options).filter((option) => !OPTIONS.has(option))
  if (unknown.length > 0)
    throw refuse(`there is no option ${unknown.join(", ")}; the options are ${[...OPTIONS].join(", ")}`)
  const { key, version } = options
  const keys = typeof key === "string" ? [key] : key
  if (!Array.isArray(keys) || keys.length === 0 || keys.some((each) => typeof each !== "string"))
    throw refuse("key is the column, or a list of columns, whose rows share a state")
  if (!Number.isSafeInteger(version) || (version as number) < 1)
    throw refuse("version is a whole number from 1; raise it when the handlers mean something else")
  return Object.freeze({
    ...readSource(options, refuse),
    key: [...new Set(keys as readonly string[])],
    isSingleKey: typeof key === "string",
    state: readState(name, options, refuse),
    outputs: readOutputs(name, options, refuse),
    latenessUs: readLateness(name, options, refuse),
    version: version as number,
    handlers: readHandlers(options, refuse),
  })
}

function readSource(
  { from, row, columns }: Options,
  refuse: Refuse,
): Pick<ProcessDefinition, "from" | "rowFields" | "columns"> {
  const source = typeof from === "string" ? from : nameOf(from)
  if (source === null) throw refuse("from is an event, a view, or the name of one")
  const isEvent = typeof from === "object" && from !== null && "kind" in from && from.kind === "event"
  if (row === undefined && !isEvent)
    throw refuse(`row is needed: the columns of ${source} that the handlers read, as a z.object({...})`)
  if (columns !== undefined && row !== undefined)
    throw refuse("row says which columns there are; leave columns out")
  const isList =
    Array.isArray(columns) && columns.length > 0 && columns.every((each) => typeof each === "string")
  if (columns !== undefined && !isList) throw refuse("columns is a list of the event's fields")
  return {
    from: source,
    rowFields: row === undefined ? null : fieldsOf("row", row, refuse),
    columns: columns === undefined ? null : [...new Set(columns as readonly string[])],
  }
}

function nameOf(from: unknown): string | null {
  if (typeof from !== "object" || from === null || !("name" in from) || !("kind" in from)) return null
  return (from.kind === "event" || from.kind === "view") && typeof from.name === "string" ? from.name : null
}

function readState(
  name: string,
  { state, initial, stateBound }: Options,
  refuse: Refuse,
): ProcessState | null {
  if (state === undefined) {
    if (initial === undefined && stateBound === undefined) return null
    throw refuse(
      "initial and stateBound are of a state; declare state as a z.object({...}), or leave them out",
    )
  }
  if (schemaType(state) !== "object") throw refuse("state is a z.object({...}) of zod 4")
  const codec = stateCodec(state as z.ZodObject, refuse)
  if (initial === undefined) throw refuse("initial is needed: the state of a key that has none yet")
  let initialText: string
  try {
    initialText = codec.write(initial)
  } catch (error) {
    throw refuse(`initial does not fit the state's schema: ${(error as Error).message}`)
  }
  return Object.freeze({ codec, initialText, timeToLiveUs: readBound(name, stateBound, refuse) })
}

function readBound(name: string, stateBound: unknown, refuse: Refuse): bigint | null {
  const forms =
    'stateBound is { timeToLive: "1 day" }, or "unbounded" where ctx.clear() keeps it within memory'
  if (stateBound === undefined) throw refuse(`the states of keys that are seen no more never go; ${forms}`)
  if (stateBound === "unbounded") return null
  const isObject = typeof stateBound === "object" && stateBound !== null
  if (!isObject || Object.keys(stateBound).join() !== "timeToLive") throw refuse(forms)
  const { timeToLive } = stateBound as { readonly timeToLive: unknown }
  if (typeof timeToLive !== "string") throw refuse(forms)
  const timeToLiveMs = parseDuration(timeToLive, `stateBound.timeToLive of process ${name}`)
  if (timeToLiveMs <= 0) throw refuse("stateBound.timeToLive is longer than zero")
  return BigInt(timeToLiveMs) * 1_000n
}

function readOutputs(
  name: string,
  { output, sideOutputs = {} }: Options,
  refuse: Refuse,
): readonly ProcessOutput[] {
  if (schemaType(output) !== "object")
    throw refuse("output is a z.object({...}) of the columns that are put out")
  if (typeof sideOutputs !== "object" || sideOutputs === null)
    throw refuse("sideOutputs is an object of z.object({...}), by name")
  const sides = Object.entries(sideOutputs)
  if (sides.length > MAX_SIDES)
    throw refuse(`there are ${sides.length} side outputs; at most ${MAX_SIDES} are taken`)
  for (const [side] of sides) {
    if (!COLUMN_NAME.test(side)) throw refuse(`the side output ${JSON.stringify(side)} is not snake_case`)
    if (side === FAILURES_OUTPUT)
      throw refuse(`the side output ${side} is there already, with the failed calls`)
    if (sideName(name, side).length > MAX_NAME_LENGTH)
      throw refuse(`the view's name ${sideName(name, side)} is longer than ${MAX_NAME_LENGTH} characters`)
  }
  if (sideName(name, FAILURES_OUTPUT).length > MAX_NAME_LENGTH)
    throw refuse(
      `the name is too long: with _${FAILURES_OUTPUT} it has at most ${MAX_NAME_LENGTH} characters`,
    )
  return Object.freeze([
    { name: "output", fields: outputFields("output", output, refuse) },
    ...sides.map(([side, schema]) => {
      return { name: side, fields: outputFields(`sideOutputs.${side}`, schema, refuse) }
    }),
  ])
}

function outputFields(what: string, schema: unknown, refuse: Refuse): readonly ContractField[] {
  const fields = fieldsOf(what, schema, refuse)
  for (const { name } of fields) {
    if (!COLUMN_NAME.test(name)) throw refuse(`${what}: the column ${JSON.stringify(name)} is not snake_case`)
    if (name === EVENT_TIME)
      throw refuse(`${what}: the column ${EVENT_TIME} is added by the platform; leave it out`)
  }
  return fields
}

function fieldsOf(what: string, schema: unknown, refuse: Refuse): readonly ContractField[] {
  if (schemaType(schema) !== "object") throw refuse(`${what} is a z.object({...}) of its columns`)
  const { def } = (schema as z.ZodObject)._zod
  if ((def.checks?.length ?? 0) > 0)
    throw refuse(`${what} has checks over several columns; check that in the handler`)
  const entries = Object.entries(def.shape) as [string, z.ZodType][]
  if (entries.length === 0 || entries.length > MAX_COLUMNS)
    throw refuse(`${what} has 1 to ${MAX_COLUMNS} columns`)
  return Object.freeze(
    entries.map(([field, fieldSchema]) => {
      try {
        return Object.freeze(mapField({ event: what, field }, fieldSchema))
      } catch (error) {
        if (!isPlatformError(error, "unsupported-field")) throw error
        throw refuse(`${what}: ${error.message.slice(error.message.indexOf("field "))}`)
      }
    }),
  )
}

function readLateness(name: string, { allowedLateness = "0 s" }: Options, refuse: Refuse): bigint | null {
  if (allowedLateness === "unbounded") return null
  if (typeof allowedLateness !== "string")
    throw refuse('allowedLateness is a duration, such as "1 hour", or "unbounded"')
  const latenessMs = parseDuration(allowedLateness, `allowedLateness of process ${name}`)
  if (latenessMs > MAX_LATENESS_MS) throw refuse('allowedLateness is at most 31 days, or "unbounded"')
  return BigInt(latenessMs) * 1_000n
}

function readHandlers(options: Options, refuse: Refuse): ProcessHandlers {
  if (typeof options["onRow"] !== "function") throw refuse("onRow(ctx, row) is needed")
  for (const handler of HANDLERS) {
    const given = options[handler]
    if (given === undefined) continue
    if (typeof given !== "function") throw refuse(`${handler} is a function`)
    const problem = forbiddenIn(given as () => unknown)
    if (problem !== null) throw refuse(`${handler} ${problem}`)
  }
  const bound = (handler: (typeof HANDLERS)[number]) => options[handler] ?? null
  return Object.freeze({
    onRow: bound("onRow"),
    onEventTimer: bound("onEventTimer"),
    onProcessingTimer: bound("onProcessingTimer"),
  } as ProcessHandlers)
}

function schemaType(schema: unknown): string | null {
  return (schema as Partial<z.ZodObject> | null | undefined)?._zod?.def?.type ?? null
}
