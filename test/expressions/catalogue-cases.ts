/** Calls of every catalogue entry over the edges of its types: how rows are chosen and calls are built. */
import type { Column, LogicalType, Scalar } from "../../src/columns/types.ts"
import { sameType } from "../../src/columns/types.ts"
import type { CatalogueEntry } from "../../src/expr/catalogue/entry.ts"
import type { Call, Expression } from "../../src/expr/expression.ts"
import type { Random } from "../../src/std/random.ts"
import { poolsOf, SPECIAL } from "./edge-values.ts"

/** One overload with settled types and the rows of arguments to try. */
export interface CallCase {
  readonly entry: CatalogueEntry
  readonly types: readonly LogicalType[]
  readonly rows: readonly (readonly Scalar[])[]
}

/** Types that stand in for `any`. */
const ANY_KINDS = ["int32", "decimal", "string", "timestamp", "float64", "boolean"]

export function casesOf(entry: CatalogueEntry, random: Random, rowsPerCase: number): CallCase[] {
  const kinds = parameterKinds(entry)
  return kinds.flatMap((list) => {
    const pools = list.map((kind) => poolsOf(kind))
    const choices = Math.max(...pools.map((pool) => pool.length), 1)
    return Array.from({ length: choices }, (_, choice) => {
      const chosen = pools.map((pool, index) => pool[(choice * (index + 1)) % pool.length]!)
      const types = chosen.map((pool) => pool.type)
      const lists = chosen.map((pool, index) => special(entry, index, pool.type) ?? pool.values)
      return { entry, types, rows: rowsOf(lists, random, rowsPerCase) }
    })
  })
}

function parameterKinds({ parameters, variadic, signature }: CatalogueEntry): readonly (readonly string[])[] {
  const list = variadic ? [...parameters, ...parameters.slice(-1)] : parameters
  if (!list.includes("any")) return [list]
  if (signature.startsWith("append")) return ANY_KINDS.map((kind) => ["string", kind])
  return ANY_KINDS.map((kind) => list.map((parameter) => (parameter === "any" ? kind : parameter)))
}

function special(entry: CatalogueEntry, index: number, type: LogicalType): readonly Scalar[] | undefined {
  const word = entry.signature.slice(0, entry.signature.indexOf("(")).replace(/^not_/, "")
  const values = (SPECIAL[word === "regexp_like" ? "matches" : word] ?? SPECIAL[word.replace("tz", "")])?.[
    index
  ]
  const sample = values?.find((value) => value !== null)
  const fits = typeof sample === { string: "string", int32: "number", float64: "number" }[type.kind as string]
  return fits ? values : undefined
}

/**
 * All combinations when they are few, else a random choice of them in which every value of each list occurs.
 */
function rowsOf(lists: readonly (readonly Scalar[])[], random: Random, wanted: number): Scalar[][] {
  const count = lists.reduce((product, list) => product * list.length, 1)
  if (count <= wanted) return combinations(lists)
  return Array.from({ length: wanted }, (_, row) =>
    lists.map((list, index) => (index === 0 ? list[row % list.length]! : list[random.below(list.length)]!)),
  )
}

function combinations(lists: readonly (readonly Scalar[])[]): Scalar[][] {
  return lists.reduce<Scalar[][]>(
    (rows, list) => rows.flatMap((row) => list.map((value) => [...row, value])),
    [[]],
  )
}

/** A call over columns 0, 1, … or over literals. */
export function callOf({ entry, types }: CallCase, args: readonly Expression[]): Call {
  const literals = args.map((arg) => (arg.kind === "literal" ? arg.value : undefined))
  const wanted = entry.unify?.(types, literals) ?? types
  const type = entry.resultType(wanted, literals)
  const cast = args.map((arg, index) => castTo(arg, wanted[index]!))
  return { kind: "call", signature: entry.signature, args: cast, type, nullable: true }
}

function castTo(input: Expression, type: LogicalType): Expression {
  return sameType(input.type, type) ? input : { kind: "cast", input, type, nullable: input.nullable }
}

export function columnsOf(types: readonly LogicalType[]): Column[] {
  return types.map((type, index) => ({ name: `c${index}`, type, nullable: true }))
}
