/**
 * One text per meaning: equal texts are equal expressions. Names of columns and what is derived from the
 * parts (nullability) are left out, so that renaming an inner alias or proving more about NULL changes
 * nothing.
 */
import type { LogicalType, Scalar } from "../../columns/types.ts"
import { isLocal, typeName } from "../../columns/types.ts"
import type {
  AggregateCall,
  Call,
  Expression,
  FrameBound,
  OverCall,
  SortTerm,
} from "../../expr/expression.ts"
import type { PatternValue } from "../../expr/pattern.ts"
import { assertNever } from "../../std/assert.ts"
import { timeZone } from "../../std/time-zone.ts"

export function canonical(expression: Expression): string {
  switch (expression.kind) {
    case "column":
      return `#${expression.index}${isLocal(expression.type) ? "~" : ""}`
    case "literal":
      return `${scalarText(expression.value)}:${typeText(expression.type)}`
    case "call":
      return `${expression.signature}->${typeText(expression.type)}[${argumentsText(expression)}]`
    case "cast":
      return `cast->${typeText(expression.type)}[${canonical(expression.input)}]`
    case "and":
    case "or":
      return `${expression.kind}[${all(expression.args)}]`
    case "coalesce":
      return `coalesce->${typeText(expression.type)}[${all(expression.args)}]`
    case "case": {
      const branches = expression.branches.map(({ when, then }) => `${canonical(when)}?${canonical(then)}`)
      return `case->${typeText(expression.type)}[${branches.join()};${canonical(expression.otherwise)}]`
    }
    default:
      return assertNever(expression)
  }
}

/** A local time is not the instant that it is kept as. */
const typeText = (type: LogicalType): string => `${typeName(type)}${isLocal(type) ? "~" : ""}`

/** Where the zone stands in calls that ask one. */
const ZONE_AT: Readonly<Record<string, number>> = {
  "local_time(string,timestamp)": 0,
  "instant(string,timestamp)": 0,
  "date_trunc(string,timestamp,string)": 2,
}

/** A zone with other rules gives other times. */
function argumentsText({ signature, args }: Call): string {
  const zone = Object.hasOwn(ZONE_AT, signature) ? args[ZONE_AT[signature]!] : undefined
  const name = zone?.kind === "literal" && typeof zone.value === "string" ? zone.value : null
  return `${all(args)}${name === null ? "" : `/${timeZone(name)?.rules}`}`
}

const all = (expressions: readonly Expression[]): string => expressions.map(canonical).join()

export function canonicalAggregate(call: AggregateCall): string {
  const { name, argument, other, distinct, type, filter, order, constant } = call
  const over = argument === null ? "*" : canonical(argument)
  const beside = other === undefined ? "" : `,${canonical(other)}`
  const constants = constant === undefined ? "" : `,${scalarText(constant)}`
  const sorted = order === undefined ? "" : `/${order.map(canonicalTerm).join()}`
  const where = filter === undefined ? "" : `?${canonical(filter)}`
  return `${name}${distinct ? "!" : ""}->${typeText(type)}[${over}${beside}${constants}${sorted}]${where}`
}

function canonicalTerm({ expression, descending, nullsFirst }: SortTerm): string {
  return `${canonical(expression)}${descending ? "-" : "+"}${nullsFirst ? "-" : "+"}`
}

export function canonicalOver({ name, args, filter, frame, type }: OverCall): string {
  const taken = filter === null ? "" : `|${canonical(filter)}`
  const without = frame?.exclude === undefined ? "" : ` without ${frame.exclude}`
  const within =
    frame === null ? "" : ` ${frame.unit} ${boundText(frame.start)}..${boundText(frame.end)}${without}`
  return `${name}->${typeText(type)}[${all(args)}${taken}${within}]`
}

export function canonicalPatternValue(value: PatternValue): string {
  const of = "step" in value ? `@${value.step ?? "all"}` : ""
  switch (value.kind) {
    case "row":
      return `${value.from}${value.offset}${of}#${value.column}`
    case "previous":
      return `previous#${value.column}`
    case "aggregate":
      return `${canonicalOver(value.call)}${of}`
    case "timed-out":
      return "timed-out"
    default:
      return assertNever(value)
  }
}

const boundText = (bound: FrameBound): string => (bound.kind === "offset" ? String(bound.offset) : bound.kind)

/** JSON strings quote themselves, so no text can be mistaken for another kind of value. */
function scalarText(value: Scalar): string {
  if (value === null) return "null"
  if (typeof value === "string") return JSON.stringify(value)
  if (typeof value === "number") return Object.is(value, -0) ? "0" : String(value)
  if (typeof value === "boolean" || typeof value === "bigint") return String(value)
  if (value instanceof Uint8Array)
    return `x${Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("")}`
  return `i${value.months}/${value.days}/${value.micros}`
}
