/**
 * Random expressions over a row of every type, built as the SQL binder builds them: overloads are resolved
 * and casts are explicit. Left out is what is right only within a tolerance, because its digits would be
 * compared further up: library functions of floats, inexact quotients and roots of decimals.
 */
import type { LogicalType, Scalar, TypeKind } from "../../src/columns/types.ts"
import { BOOLEAN, decimal, sameType } from "../../src/columns/types.ts"
import { CATALOGUE } from "../../src/expr/catalogue/catalogue.ts"
import type { CatalogueEntry } from "../../src/expr/catalogue/entry.ts"
import { foldConstants } from "../../src/expr/compile/scalar.ts"
import { shapeOf } from "../../src/expr/decimal-types.ts"
import type { Expression } from "../../src/expr/expression.ts"
import {
  castAllowed,
  commonType,
  resolveFunction,
  resolveOperator,
  resultNullable,
} from "../../src/expr/resolve.ts"
import { someColumn } from "../../src/expr/rewrite.ts"
import type { Random } from "../../src/std/random.ts"
import { SPECIAL } from "./edge-values.ts"
import { pick, randomScalar } from "./random-values.ts"

/** Left out; the last lines because PostgreSQL evaluates a part of them beforehand. */
const INEXACT = new Set(
  [
    "cbrt exp ln log log10 degrees radians sin cos tan asin acos atan atan2 sinh cosh tanh",
    "power pow power_of pi",
    "divide(decimal,decimal) sqrt(decimal) encode chr date_bin(interval,timestamp,timestamp)",
    "regexp_replace regexp_like matches matches_nocase not_matches not_matches_nocase",
    "json_path json_path_text",
    "like_escape not_like_escape ilike_escape not_ilike_escape date_part(string,date)",
  ]
    .join(" ")
    .split(" "),
)

export const FIELDS: readonly LogicalType[] = [
  ...(["boolean", "int32", "int64", "float64", "string", "bytes", "json", "timestamp", "date"] as const).map(
    (kind): LogicalType => ({ kind }),
  ),
  decimal(10, 2),
  decimal(38, 10),
]
const KINDS: readonly TypeKind[] = [...new Set(FIELDS.map((type) => type.kind)), "interval"]

/** A field settles the type; a length could make more text than there is room for. */
const CONSTANT_ARGUMENTS = new Set([
  "extract",
  "repeat",
  "lpad",
  "rpad",
  "at time zone",
  "local at time zone",
])
/** PostgreSQL takes most short words for zones of their own. */
const isZone = ({ signature }: CatalogueEntry, index: number) =>
  signature === "date_trunc(string,timestamp,string)" && index === 2

const JS_TYPE: Readonly<Record<string, string>> = { string: "string", int32: "number", float64: "number" }

const word = (entry: CatalogueEntry) => entry.signature.slice(0, entry.signature.indexOf("("))
const usable = CATALOGUE.filter((entry) => !INEXACT.has(word(entry)) && !INEXACT.has(entry.signature))

/** An expression whose value has the given kind. */
export class ExpressionMaker {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  any(depth: number): Expression {
    return this.of(pick(this.#random, KINDS), depth)
  }

  /**
   * PostgreSQL evaluates constants before rows, even in branches that no row takes: none may fail, nor be
   * NULL.
   */
  of(kind: TypeKind, depth: number): Expression {
    const made = this.#make(kind, depth)
    if (someColumn(made, () => true)) return made
    const folded = foldConstants(made)
    return folded.kind === "literal" && folded.value !== null ? made : this.#leaf(kind)
  }

  #make(kind: TypeKind, depth: number): Expression {
    if (depth <= 0) return this.#leaf(kind)
    const roll = this.#random.below(20)
    if (roll < 2) return this.#leaf(kind)
    if (roll === 2) return this.#case(kind, depth)
    if (roll === 3) return this.#coalesce(kind, depth)
    if (roll < 6) return this.#cast(kind, depth)
    if (roll < 9 && kind === "boolean") return this.#logical(depth)
    return this.#call(kind, depth) ?? this.#leaf(kind)
  }

  #leaf(kind: TypeKind): Expression {
    const indexes = FIELDS.flatMap((type, index) => (type.kind === kind ? [index] : []))
    if (indexes.length === 0 || this.#random.below(3) === 0) return this.#literal(kind)
    const index = pick(this.#random, indexes)
    return { kind: "column", index, name: `c${index}`, type: FIELDS[index]!, nullable: true }
  }

  #literal(kind: TypeKind): Expression {
    const type = FIELDS.find((field) => field.kind === kind) ?? ({ kind } as LogicalType)
    const value = this.#constant(() => randomScalar(this.#random, type))
    return { kind: "literal", value, type, nullable: value === null }
  }

  /** NULLs are in the rows: a constant one makes PostgreSQL leave out what is beside it. */
  #constant(choose: () => Scalar): Scalar {
    for (;;) {
      const value = choose()
      if (value !== null) return value
    }
  }

  #call(kind: TypeKind, depth: number): Expression | null {
    const fitting = usable.filter((entry) => entry.result === kind || entry.result === "any")
    for (let attempt = 0; attempt < 8 && fitting.length > 0; attempt++) {
      const call = this.#resolved(pick(this.#random, fitting), kind, depth)
      if (call !== null) return call
    }
    return null
  }

  #resolved(entry: CatalogueEntry, wanted: TypeKind, depth: number): Expression | null {
    const anyKind = entry.result === "any" ? wanted : pick(this.#random, KINDS)
    const extra = entry.variadic ? this.#random.below(3) : 0
    const parameters = [...entry.parameters, ...Array<string>(extra).fill(entry.parameters.at(-1) ?? "any")]
    const args = parameters.map((parameter, index) => {
      return (
        this.#special(entry, index) ??
        this.of(parameter === "any" ? anyKind : (parameter as TypeKind), depth - 1)
      )
    })
    const resolve = entry.kind === "function" ? resolveFunction : resolveOperator
    const literals = args.map((arg) => (arg.kind === "literal" ? arg.value : undefined))
    const resolution = resolve(
      entry.name,
      args.map((arg) => arg.type),
      literals,
    )
    if (!resolution.ok || resolution.type.kind !== wanted || !isExact(resolution.signature, args)) return null
    return {
      kind: "call",
      signature: resolution.signature,
      args: args.map((arg, index) => castTo(arg, resolution.argumentTypes[index]!)),
      type: resolution.type,
      nullable: resultNullable(
        resolution,
        args.map((arg) => arg.nullable),
      ),
    }
  }

  /** Arguments that say little when they are random: units, patterns, places. */
  #special(entry: CatalogueEntry, index: number): Expression | null {
    const values = SPECIAL[word(entry).replace(/^not_/, "")]?.[index]
    const kind = entry.parameters[index]
    if (entry.parameters.join() === "decimal,int32" && index === 1) {
      return { kind: "literal", value: this.#random.below(5), type: { kind: "int32" }, nullable: false }
    }
    const sample = values?.find((value) => value !== null)
    const wanted = JS_TYPE[kind ?? ""]
    if (values === undefined || typeof sample !== wanted) return null
    const mustBeLiteral = CONSTANT_ARGUMENTS.has(entry.name) || isZone(entry, index)
    if (!mustBeLiteral && this.#random.below(4) === 0) return null
    const value = this.#constant(() => pick(this.#random, values))
    return { kind: "literal", value, type: { kind } as LogicalType, nullable: value === null }
  }

  #logical(depth: number): Expression {
    const args = Array.from({ length: 2 + this.#random.below(2) }, () => this.of("boolean", depth - 1))
    const kind = this.#random.below(2) === 0 ? "and" : "or"
    return { kind, args, type: BOOLEAN, nullable: args.some((arg) => arg.nullable) }
  }

  #case(kind: TypeKind, depth: number): Expression {
    const count = 1 + this.#random.below(2)
    const results = Array.from({ length: count + 1 }, () => this.of(kind, depth - 1))
    const type = commonType(results.map((result) => result.type))!
    const cast = results.map((result) => castTo(result, type))
    const branches = cast.slice(1).map((result) => ({
      when: this.of("boolean", depth - 1),
      then: result,
    }))
    return {
      kind: "case",
      branches,
      otherwise: cast[0]!,
      type,
      nullable: cast.some((result) => result.nullable),
    }
  }

  #coalesce(kind: TypeKind, depth: number): Expression {
    const args = Array.from({ length: 2 + this.#random.below(2) }, () => this.of(kind, depth - 1))
    const type = commonType(args.map((arg) => arg.type))!
    const cast = args.map((arg) => castTo(arg, type))
    return { kind: "coalesce", args: cast, type, nullable: cast.every((arg) => arg.nullable) }
  }

  #cast(kind: TypeKind, depth: number): Expression {
    const target = FIELDS.find((field) => field.kind === kind) ?? ({ kind } as LogicalType)
    const sources = FIELDS.filter(
      (field) => castAllowed(field, target, "explicit") && field.kind !== "string",
    )
    if (sources.length === 0) return this.#leaf(kind)
    return castTo(this.of(pick(this.#random, sources).kind, depth - 1), target)
  }
}

/** Products that had to give up places are rounded; PostgreSQL's are not. */
function isExact(signature: string, args: readonly Expression[]): boolean {
  if (signature === "divide(decimal,decimal)" || signature === "sqrt(decimal)") return false
  if (!signature.startsWith("multiply(decimal")) return true
  const [a, b] = args.map((arg) => shapeOf(arg.type))
  return a!.scale + b!.scale <= 16
}

function castTo(input: Expression, type: LogicalType): Expression {
  return sameType(input.type, type) ? input : { kind: "cast", input, type, nullable: input.nullable }
}
