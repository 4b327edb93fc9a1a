/**
 * `pattern()`: a view whose rows are matches of a pattern, as frozen data. Its conditions are SQL over the
 * rows of one key; nothing is parsed here. What SQL's MATCH_RECOGNIZE can say means the same.
 */
import { parseDuration } from "../std/durations.ts"
import type {
  Contiguity,
  PatternDefinition,
  PatternSkip,
  PatternStepDefinition,
} from "./pattern/definition.ts"
import { invalidPattern } from "./pattern/errors.ts"
import { matchRecognize } from "./pattern/match-recognize.ts"
import { NAME, type ViewDefinition, viewName } from "./view.ts"

export interface PatternStepOptions {
  /** How conditions and `select` call its rows: snake_case. */
  readonly name: string
  /** An SQL condition. Bare columns are those of the row that is asked; `step.column` is of the last row that
   *  an earlier step took; first(), last(), prev(), count(), sum(), avg(), min() and max() look further. */
  readonly where: string
  /** How many rows it takes. @default 1 */
  readonly times?: number | { readonly atLeast?: number; readonly atMost?: number }
  /** Where a row suits this step and a later one: take as many rows as there are. @default true */
  readonly greedy?: boolean
  /** strict: its row follows the row taken before at once. relaxed: rows that the pattern has no use for may
   *  lie between. @default what the pattern says */
  readonly contiguity?: Contiguity
  /** No row like this may come between the rows of the steps around it, or after the last one within the
   *  pattern's time. */
  readonly not?: boolean
}

export interface PatternOptions {
  /** An event, or a view whose rows only come and have a time. */
  readonly from: string
  /** The column, or columns, whose rows belong together. */
  readonly key: string | readonly string[]
  readonly steps: readonly PatternStepOptions[]
  /** Between the first and the last row of a match, at most; what bounds the pattern's memory. */
  readonly within: string
  /** Of steps that do not say. @default "strict" */
  readonly contiguity?: Contiguity
  /** Where the search goes on: "skip past last row", "skip to next row", "skip to first STEP", "skip to last
   *  STEP". @default "skip past last row" */
  readonly afterMatch?: string
  /** Puts out what was there when time ran out too, told by a last column `timed_out`. @default false */
  readonly timeout?: boolean
  /** The columns of a match, as a SELECT list. Bare columns are those of its last row. */
  readonly select: string
  readonly description?: string
}

const OPTIONS = new Set("from key steps within contiguity afterMatch timeout select description".split(" "))
const STEP_OPTIONS = new Set("name where times greedy contiguity not".split(" "))
/** Longer patterns are several patterns, one over the other. */
const MAX_STEPS = 20
/** Each key keeps its rows for so long. */
const MAX_WITHIN_MS = 366 * 86_400_000
/** A search goes through the rows one by one. */
const MAX_TIMES = 10_000

/**
 * @example
 * const cardTesting = pattern("card_testing", {
 *   from: "payment",
 *   key: "card",
 *   steps: [
 *     { name: "probe", where: "amount < 2", times: { atLeast: 3 } },
 *     { name: "hit", where: "amount > 500" },
 *   ],
 *   contiguity: "relaxed",
 *   within: "10 minutes",
 *   select: "card, first(probe.paid_at) AS began, count(probe.*) AS probes, hit.amount AS amount",
 * })
 * @throws PlatformError invalid-pattern, invalid-duration
 */
export function pattern(name: string, options: PatternOptions): ViewDefinition {
  const problem = viewName(name)
  if (problem !== null) throw invalidPattern(JSON.stringify(name), problem)
  const refuse = (message: string) => invalidPattern(name, message)
  const definition = Object.freeze(readOptions(options, name, refuse))
  return Object.freeze({
    kind: "view",
    name,
    sql: matchRecognize(definition),
    description: options.description ?? null,
    emit: "changes",
    allowedLatenessMs: 0,
    state: "bounded",
    pattern: definition,
    process: null,
    module: null,
  })
}

type Refuse = (message: string) => Error

function readOptions(options: PatternOptions, name: string, refuse: Refuse): PatternDefinition {
  const { from, key, steps, within, contiguity = "strict", timeout = false, select } = options
  const unknown = Object.keys(options).filter((option) => !OPTIONS.has(option))
  if (unknown.length > 0) throw refuse(`there is no option ${unknown.join(", ")}`)
  if (typeof from !== "string") throw refuse("from is the name of an event or a view")
  const keys = typeof key === "string" ? [key] : key
  if (!Array.isArray(keys) || keys.length === 0 || keys.some((each) => typeof each !== "string"))
    throw refuse("key is the column, or a list of columns, whose rows belong together")
  if (typeof select !== "string") throw refuse("select is a string: the columns of a match, as a SELECT list")
  if (typeof timeout !== "boolean") throw refuse("timeout is true or false")
  if (typeof within !== "string")
    throw refuse('within is needed, such as within: "10 minutes": it bounds what the pattern remembers')
  const withinMs = parseDuration(within, `within of pattern ${name}`)
  if (withinMs <= 0 || withinMs > MAX_WITHIN_MS) throw refuse("within is above zero and at most 366 days")
  const read = readSteps(steps, contiguity, refuse)
  const afterMatch = readAfterMatch(options.afterMatch ?? "skip past last row", read, refuse)
  return {
    from,
    key: [...new Set(keys as readonly string[])],
    steps: read,
    withinUs: BigInt(withinMs) * 1_000n,
    afterMatch,
    timeout,
    select,
  }
}

function readSteps(
  steps: readonly PatternStepOptions[],
  contiguity: Contiguity,
  refuse: Refuse,
): readonly PatternStepDefinition[] {
  if (!Array.isArray(steps) || steps.length === 0) throw refuse("steps is a list of at least one step")
  if (steps.length > MAX_STEPS)
    throw refuse(`there are ${steps.length} steps; at most ${MAX_STEPS} are taken`)
  const read = steps.map((step) => readStep(step, contiguity, refuse))
  const twice = read.find(({ name }, k) => read.findIndex((other) => other.name === name) !== k)
  if (twice !== undefined) throw refuse(`two steps are called ${twice.name}; give each a name of its own`)
  const [first] = read
  if (first!.not) throw refuse("a match begins with a row, so the first step cannot be a not step")
  if (first!.least === 0) throw refuse("a match begins with a row, so the first step takes at least one")
  return Object.freeze(read)
}

function readStep(step: PatternStepOptions, inherited: Contiguity, refuse: Refuse): PatternStepDefinition {
  if (typeof step !== "object" || step === null) throw refuse('a step is { name: "a", where: "condition" }')
  const { name, where, times = 1, greedy = true, contiguity = inherited, not = false } = step
  if (typeof name !== "string" || !NAME.test(name))
    throw refuse(`the step's name ${JSON.stringify(name)} is not snake_case`)
  const wrong = (message: string) => refuse(`step ${name}: ${message}`)
  const unknown = Object.keys(step).filter((option) => !STEP_OPTIONS.has(option))
  if (unknown.length > 0) throw wrong(`there is no option ${unknown.join(", ")}`)
  if (typeof where !== "string") throw wrong("where is a string that holds an SQL condition")
  if (typeof greedy !== "boolean" || typeof not !== "boolean") throw wrong("greedy and not are true or false")
  if (contiguity !== "strict" && contiguity !== "relaxed") throw wrong('contiguity is "strict" or "relaxed"')
  if (not && step.times !== undefined) throw wrong("a not step takes no rows, so leave times out")
  if (not && step.contiguity !== undefined)
    throw wrong("a not step forbids rows wherever others may lie, so leave contiguity out")
  return Object.freeze({ name, where, ...readTimes(times, wrong), greedy, contiguity, not })
}

function readTimes(
  times: NonNullable<PatternStepOptions["times"]>,
  wrong: Refuse,
): { readonly least: number; readonly most: number | null } {
  const form = "times is a whole number above zero, or { atLeast: 2, atMost: 5 } with one of them or both"
  const isCount = (value: unknown, from: number) =>
    Number.isInteger(value) && (value as number) >= from && (value as number) <= MAX_TIMES
  if (typeof times === "number") {
    if (!isCount(times, 1)) throw wrong(`${form}, up to ${MAX_TIMES}`)
    return { least: times, most: times }
  }
  const known = typeof times === "object" && times !== null ? Object.keys(times) : []
  if (known.length === 0 || known.some((option) => option !== "atLeast" && option !== "atMost"))
    throw wrong(form)
  const { atLeast = 1, atMost } = times
  if (!isCount(atLeast, 0)) throw wrong(`times.atLeast is a whole number, up to ${MAX_TIMES}`)
  if (atMost !== undefined && (!isCount(atMost, 1) || atMost < atLeast))
    throw wrong(`times.atMost is a whole number, not below atLeast, up to ${MAX_TIMES}`)
  return { least: atLeast, most: atMost ?? null }
}

function readAfterMatch(text: string, steps: readonly PatternStepDefinition[], refuse: Refuse): PatternSkip {
  const words = typeof text === "string" ? text.trim().toLowerCase().split(/\s+/).join(" ") : ""
  if (words === "skip past last row") return { kind: "past-last" }
  if (words === "skip to next row") return { kind: "next-row" }
  const [, place, name] = /^skip to (first|last) (\w+)$/.exec(words) ?? []
  const step = steps.find((each) => each.name === name)
  if (place === undefined || step === undefined) {
    const forms = '"skip past last row", "skip to next row", "skip to first STEP" or "skip to last STEP"'
    throw refuse(`afterMatch is ${forms} with the name of one of the steps`)
  }
  if (step.not || step.least === 0)
    throw refuse(`afterMatch: step ${name} may have taken no row; use "skip to next row"`)
  if (step === steps[0] && (place === "first" || step.least === 1)) {
    throw refuse(
      `afterMatch: a match begins with step ${name}, so the same match would be found again; ` +
        'use "skip to next row"',
    )
  }
  return { kind: place === "first" ? "to-first" : "to-last", step: step.name }
}
