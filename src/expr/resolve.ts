/**
 * Which overload a call in SQL means, by PostgreSQL's rules (its documentation, chapter 10): an exact match,
 * else the candidate with most exact arguments, then most preferred types, then what untyped literals
 * suggest. The rules run over this catalogue, whose overloads are a subset of PostgreSQL's own tables.
 */
import type { LogicalType, TypeKind } from "../columns/types.ts"
import { isLocal, LOCAL_TIMESTAMP } from "../columns/types.ts"
import { functionNames, overloads } from "./catalogue/catalogue.ts"
import type { ArgumentType, CatalogueEntry, Literals, ParameterKind } from "./catalogue/entry.ts"
import { REFUSED_NAMES, REFUSED_OVERLOADS } from "./catalogue/refused.ts"
import { selectCandidate } from "./catalogue/select.ts"
import { decimalFor } from "./decimal-types.ts"
import { nearestName } from "./nearest-name.ts"
import { aggregateNames } from "./resolve-aggregate.ts"

export type { ArgumentType } from "./catalogue/entry.ts"
export type { LiteralValue } from "./parse-literal.ts"
export { parseLiteral } from "./parse-literal.ts"
export { castAllowed, commonType } from "./type-rules.ts"

export interface Refusal {
  readonly ok: false
  readonly reason: "no-such-function" | "no-overload" | "ambiguous"
  /** Signatures that there are for this name. */
  readonly candidates: readonly string[]
  /** What to write instead, when we know. */
  readonly note?: string
}

export interface Resolved {
  readonly ok: true
  readonly signature: string
  /** What each argument has to be cast to. */
  readonly argumentTypes: readonly LogicalType[]
  readonly type: LogicalType
  /** NULL exactly when an argument is. */
  readonly strict: boolean
  readonly neverNull: boolean
}

export type Resolution = Resolved | Refusal

/** Why there is no function of this name, whatever it is called with; null for others. */
export const refusedName = (name: string): string | null => REFUSED_NAMES.get(name) ?? null

/** `literals`: the arguments that are constants; their values settle decimal types, as in round(x, 2). */
export function resolveFunction(
  name: string,
  args: readonly ArgumentType[],
  literals: Literals = [],
): Resolution {
  const refused = REFUSED_NAMES.get(name)
  if (refused !== undefined) return { ok: false, reason: "no-overload", candidates: [], note: refused }
  return resolve({ name, entries: overloads("function", name), args, literals })
}

const ALIASES: ReadonlyMap<string, string> = new Map([
  ["!=", "<>"],
  ["~~", "like"],
  ["!~~", "not like"],
  ["~~*", "ilike"],
  ["!~~*", "not ilike"],
])

/** Binary and unary operators, by their spelling in lower case: "+", "like", "is distinct from", "in". */
export function resolveOperator(
  operator: string,
  args: readonly ArgumentType[],
  literals: Literals = [],
): Resolution {
  const name = ALIASES.get(operator) ?? operator
  const entries = overloads("operator", name)
  return resolve({ name, entries, args: assumeSameType(entries, args), literals })
}

/** An operator's untyped side is taken for the other side's type, when such an operator exists. */
function assumeSameType(
  entries: readonly CatalogueEntry[],
  args: readonly ArgumentType[],
): readonly ArgumentType[] {
  const known = args.find((arg) => arg !== "unknown")
  if (args.length !== 2 || known === undefined || !args.includes("unknown")) return args
  const exact = entries.some((entry) => entry.parameters.every((kind) => kind === known.kind))
  return exact && known.kind !== "decimal" ? args.map(() => known) : args
}

interface Question {
  readonly name: string
  readonly entries: readonly CatalogueEntry[]
  readonly args: readonly ArgumentType[]
  readonly literals: Literals
}

function resolve({ name, entries, args, literals }: Question): Resolution {
  const candidates = entries.map((entry) => entry.signature)
  if (entries.length === 0) return { ok: false, reason: "no-such-function", candidates }
  const note = REFUSED_OVERLOADS.get(`${name}(${args.map((arg) => kindOf(arg, args))})`)
  if (note !== undefined) return { ok: false, reason: "no-overload", candidates, note }
  const choice = selectCandidate(entries, args)
  if (choice.kind === "one") return settle(choice.entry, args, literals)
  for (const entry of entries) {
    const unified = takes(entry, args.length) ? entry.unify?.(args, literals) : null
    if (unified) return finish(entry, unified, { args, literals })
  }
  return { ok: false, reason: choice.kind === "many" ? "ambiguous" : "no-overload", candidates }
}

/**
 * For refused overloads: integers and literals beside a decimal count as decimals, other literals as strings.
 */
function kindOf(arg: ArgumentType, args: readonly ArgumentType[]): string {
  const besideDecimal = args.some((other) => other !== "unknown" && other.kind === "decimal")
  if (arg === "unknown") return besideDecimal ? "decimal" : "string"
  return besideDecimal && (arg.kind === "int32" || arg.kind === "int64") ? "decimal" : arg.kind
}

export function takes(entry: CatalogueEntry, count: number): boolean {
  const { parameters, variadic } = entry
  return variadic ? count >= parameters.length : count === parameters.length
}

function settle(entry: CatalogueEntry, args: readonly ArgumentType[], literals: Literals): Resolution {
  const types = args.map((arg, index): LogicalType => {
    const kind: ParameterKind = entry.parameters[Math.min(index, entry.parameters.length - 1)] ?? "any"
    if (kind === "decimal") return decimalFor(arg, literals[index])
    return arg !== "unknown" && arg.kind === kind ? arg : ({ kind } as { kind: Exclude<TypeKind, "decimal"> })
  })
  return finish(entry, types, { args, literals })
}

/** What comes of local times alone is local, as timestamps without time zone stay what they are. */
function resultOf(
  entry: CatalogueEntry,
  types: readonly LogicalType[],
  { args, literals }: Pick<Question, "args" | "literals">,
): LogicalType {
  const type = entry.resultType(types, literals)
  const times = args.filter((arg) => arg !== "unknown" && arg.kind === "timestamp")
  const stays = entry.result === "timestamp" && !entry.givesInstant && times.length > 0
  return stays && times.every(isLocal) ? LOCAL_TIMESTAMP : type
}

function finish(
  entry: CatalogueEntry,
  types: readonly LogicalType[],
  { args, literals }: Pick<Question, "args" | "literals">,
): Resolution {
  const note = entry.fault?.(literals) ?? null
  if (note !== null) return { ok: false, reason: "no-overload", candidates: [entry.signature], note }
  return {
    ok: true,
    signature: entry.signature,
    argumentTypes: types,
    type: resultOf(entry, types, { args, literals }),
    strict: entry.nulls === "strict",
    neverNull: entry.nulls === "never",
  }
}

/** The known function nearest to a misspelt name, or null when none is near. */
export function suggestName(name: string, others: readonly string[] = []): string | null {
  return nearestName(name, [...functionNames(), ...aggregateNames(), ...others, "coalesce"])
}

/** Whether a resolved call can be NULL, given whether each argument can. */
export function resultNullable(resolution: Resolved, nullable: readonly boolean[]): boolean {
  if (resolution.neverNull) return false
  return resolution.strict ? nullable.includes(true) : true
}
