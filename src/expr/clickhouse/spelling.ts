/** How one overload is written in ClickHouse's SQL, or why it is not. */
import type { LogicalType, Scalar } from "../../columns/types.ts"
import type { Names } from "./sql-writer.ts"

export interface SpellingCall {
  /** Arguments as SQL, of the types below. */
  readonly args: readonly string[]
  readonly types: readonly LogicalType[]
  /** undefined: not a constant. */
  readonly literals: readonly (Scalar | undefined)[]
  readonly type: LogicalType
  readonly names: Names
}

export type Spell = (call: SpellingCall) => string

/** `none`: the reason, which completes "… has no spelling in ClickHouse: ". */
export type ClickHouseSpelling = { readonly spell: Spell } | { readonly none: string }

/** `$1`, `$2`, … and `$*`, each used once in the text; NULL comes out where an argument is NULL. */
export function template(text: string): ClickHouseSpelling {
  return {
    spell: ({ args, names }) => {
      const uses = args.map((_, i) => text.split(`$${i + 1}`).length - 1)
      const write = (values: readonly string[]) =>
        text.replace(/\$(\d|\*)/g, (_, which: string) =>
          which === "*" ? values.join(", ") : values[Number(which) - 1]!,
        )
      return uses.some((count) => count > 1) ? names.bind(args, (...bound) => write(bound)) : write(args)
    },
  }
}

export function spelled(spell: Spell): ClickHouseSpelling {
  return { spell }
}

export function none(reason: string): ClickHouseSpelling {
  return { none: reason }
}

/** Over names that are not NULL: NULL where an argument is. */
export function strictly(body: (call: SpellingCall, ...names: string[]) => string): ClickHouseSpelling {
  return { spell: (call) => call.names.strict(call.args, (...bound) => body(call, ...bound)) }
}

/** Raised by a spelling that needs a constant where there is none; spell.ts says where. */
export class NoSpelling extends Error {}

export function constantText({ literals }: SpellingCall, index: number, what: string): string {
  const value = literals[index]
  if (typeof value === "string") return value
  throw new NoSpelling(`${what} is not a constant`)
}
