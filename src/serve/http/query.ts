/** Query strings as lists of pairs, decoded strictly: names are data, never keys of an object. */
import { badParameter, malformedQuery, unknownParameter } from "../errors.ts"
import { MAX_PARAMETERS } from "../limits.ts"
import { suggest } from "./suggest.ts"

export interface QueryParameter {
  readonly name: string
  readonly value: string
}

/** The parameters of a request target in their order. @throws malformed-query */
export function parseQuery(target: string): QueryParameter[] {
  const start = target.indexOf("?")
  if (start < 0) return []
  const parts = target.slice(start + 1).split("&", MAX_PARAMETERS + 2)
  const parameters = parts.filter((part) => part !== "").map(parsePair)
  if (parameters.length > MAX_PARAMETERS) {
    throw malformedQuery(`the query has more than ${MAX_PARAMETERS} parameters`)
  }
  return parameters
}

function parsePair(part: string): QueryParameter {
  const equals = part.indexOf("=")
  return equals < 0
    ? { name: decode(part), value: "" }
    : { name: decode(part.slice(0, equals)), value: decode(part.slice(equals + 1)) }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "))
  } catch {
    // decodeURIComponent has one failure only, and its message ("URI malformed") does not say where.
    throw malformedQuery(`"${text}" in the query is not percent-encoded UTF-8`)
  }
}

/** The parameters by name, each at most once. @throws unknown-parameter, bad-parameter */
export function onlyParameters(
  parameters: readonly QueryParameter[],
  valid: readonly string[],
): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const { name, value } of parameters) {
    if (!valid.includes(name)) throw unknownParameter(name, valid, suggest(name, valid))
    if (found.has(name)) throw badParameter(name, value, "given once only")
    found.set(name, value)
  }
  return found
}

/** A whole number in range, or `absent` when it was not given. @throws bad-parameter */
export function wholeNumber(
  name: string,
  text: string | undefined,
  range: { readonly least: number; readonly most: number; readonly absent: number },
): number {
  if (text === undefined) return range.absent
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= range.least && value <= range.most)) {
    throw badParameter(name, text, `a whole number from ${range.least} to ${range.most}`)
  }
  return value
}
