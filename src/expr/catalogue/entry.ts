/**
 * One overload of a function or operator: what SQL calls it, which types it takes and gives, how it treats
 * NULL, the code it becomes, and how each home spells it. Entries are written as
 *
 *   fn("strpos(string,string) -> int32", kernel)
 *   op("+", "add(int64,int64) -> int64", kernel)
 *
 * where a name followed by `...` may come any number of times and `any` takes every type.
 */

import type { LogicalType, Scalar, TypeKind } from "../../columns/types.ts"
import { assert } from "../../std/assert.ts"
import type { Kernel } from "../compile/kernel.ts"

/** unknown: an untyped literal or NULL, as in PostgreSQL. */
export type ArgumentType = LogicalType | "unknown"
export type Literals = readonly (Scalar | undefined)[]
export type ParameterKind = TypeKind | "any"

/**
 * strict: NULL exactly when an argument is. nullable: NULL when an argument is, and for some other values.
 * never: no NULL comes out. own: NULLs have a meaning of their own and may come out.
 */
export type NullBehaviour = "strict" | "nullable" | "never" | "own"

/** Settles the argument types of an entry that takes `any`; null when it does not take these. */
export type Unify = (args: readonly ArgumentType[], literals: Literals) => readonly LogicalType[] | null

/** The result's exact type, from the arguments' types after implicit casts. */
export type ResultRule = (args: readonly LogicalType[], literals: Literals) => LogicalType

/** What is wrong with constant arguments, as a sentence; null when nothing is. */
export type Fault = (literals: Literals) => string | null

/** ClickHouse's are functions, in clickhouse/spellings.ts, one for each signature. */
export interface Spelling {
  /** Template over $1, $2 … and $* (all, separated by commas). */
  readonly postgres: string
  readonly flink: string | "none"
}

export interface CatalogueEntry {
  readonly kind: "function" | "operator"
  /** As SQL writes it: `strpos`, `+`, `is not null`. */
  readonly name: string
  /** `add(int64,int64)`: names the overload in a plan. */
  readonly signature: string
  readonly parameters: readonly ParameterKind[]
  readonly variadic: boolean
  readonly result: ParameterKind
  readonly resultType: ResultRule
  /** Of local times too. */
  readonly givesInstant: boolean
  readonly nulls: NullBehaviour
  readonly unify: Unify | null
  readonly kernel: Kernel
  /** Finds fault with constant arguments that would fail for every row; null when there is none. */
  readonly fault: Fault | null
  readonly spelling: Spelling
}

export interface EntryOptions {
  readonly nulls?: NullBehaviour
  /** Needed when the result is a decimal or `any`. */
  readonly type?: ResultRule
  readonly unify?: Unify
  readonly fault?: Fault
  readonly givesInstant?: boolean
  readonly postgres?: string
}

export function fn(text: string, kernel: Kernel, options: EntryOptions = {}): CatalogueEntry {
  const { word, ...shape } = parseShape(text)
  return finish({ kind: "function", name: word, word, kernel, ...shape }, options)
}

export function op(name: string, text: string, kernel: Kernel, options: EntryOptions = {}): CatalogueEntry {
  const { word, ...shape } = parseShape(text)
  return finish({ kind: "operator", name, word, kernel, ...shape }, options)
}

interface Shape {
  readonly parameters: readonly ParameterKind[]
  readonly variadic: boolean
  readonly result: ParameterKind
}

function parseShape(text: string): Shape & { word: string } {
  const match = /^(\w+)\(([\w,]*)(\.\.\.)?\) -> (\w+)$/.exec(text)
  assert(match !== null, `"${text}" reads name(type,…) -> type`)
  const [, word = "", parameters = "", dots, result = ""] = match
  return {
    word,
    parameters: (parameters === "" ? [] : parameters.split(",")) as ParameterKind[],
    variadic: dots !== undefined,
    result: result as ParameterKind,
  }
}

type Named = Shape & Pick<CatalogueEntry, "kind" | "name" | "kernel"> & { readonly word: string }

function finish({ word, ...entry }: Named, options: EntryOptions): CatalogueEntry {
  const { parameters, variadic, result } = entry
  const fixed = result === "any" || result === "decimal" ? null : ({ kind: result } as LogicalType)
  assert(fixed !== null || options.type !== undefined, `${word} has a rule for its ${result} result`)
  return {
    ...entry,
    signature: `${word}(${parameters.join(",")}${variadic ? "..." : ""})`,
    resultType: options.type ?? (() => fixed!),
    givesInstant: options.givesInstant ?? false,
    nulls: options.nulls ?? "strict",
    unify: options.unify ?? null,
    fault: options.fault ?? null,
    spelling: {
      postgres: options.postgres ?? defaultSpelling(entry),
      flink: "none",
    },
  }
}

function defaultSpelling({ kind, name, parameters, variadic }: Omit<Named, "word">): string {
  if (kind === "function")
    return variadic ? `${name}($*)` : `${name}(${parameters.map((_, i) => `$${i + 1}`)})`
  if (parameters.length === 2) return `($1 ${name} $2)`
  return name.startsWith("is ") ? `($1 ${name})` : `(${name} $1)`
}
