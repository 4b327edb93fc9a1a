/**
 * Expressions as ClickHouse's SQL. The text has the type that sql-writer.ts gives the expression's, or its
 * Nullable. No part of it throws whatever the row is: which branches ClickHouse evaluates does not matter.
 */
import { assertNever } from "../../std/assert.ts"
import { entryOf } from "../catalogue/catalogue.ts"
import { noClickHouseSpelling } from "../errors.ts"
import type { Call, Expression } from "../expression.ts"
import { castSql } from "./casts.ts"
import { NoSpelling } from "./spelling.ts"
import { spellingOf } from "./spellings.ts"
import type { Names } from "./sql-writer.ts"
import { typedLiteral } from "./sql-writer.ts"

/** How a column of the input is written. */
export type ColumnSql = (index: number) => string

/** @throws PlatformError no-clickhouse-spelling */
export function spellClickHouse(expression: Expression, column: ColumnSql, names: Names): string {
  const spell = (child: Expression) => spellClickHouse(child, column, names)
  switch (expression.kind) {
    case "column":
      return column(expression.index)
    case "literal":
      return typedLiteral(expression.value, expression.type)
    case "call":
      return spellCall(expression, expression.args.map(spell), names)
    case "cast": {
      const { input, type } = expression
      const place = `CAST(… AS ${type.kind})`
      return attempt(place, () => castSql({ names, value: spell(input), from: input.type, to: type }))
    }
    case "and":
    case "or":
      return `(${expression.args.map((arg) => `(${spell(arg)})`).join(` ${expression.kind.toUpperCase()} `)})`
    case "coalesce":
      return `coalesce(${expression.args.map(spell).join(", ")})`
    case "case": {
      const branches = expression.branches.flatMap(({ when, then }) => [spell(when), spell(then)])
      return `multiIf(${[...branches, spell(expression.otherwise)].join(", ")})`
    }
    default:
      return assertNever(expression)
  }
}

function spellCall(call: Call, args: readonly string[], names: Names): string {
  const spelling = spellingOf(call.signature)
  const name = entryOf(call.signature)?.name ?? call.signature
  if ("none" in spelling) throw noClickHouseSpelling(name, spelling.none)
  const types = call.args.map((arg) => arg.type)
  const literals = call.args.map((arg) => (arg.kind === "literal" ? arg.value : undefined))
  return attempt(name, () => spelling.spell({ args, types, literals, type: call.type, names }))
}

function attempt(place: string, spell: () => string): string {
  try {
    return spell()
  } catch (error) {
    if (error instanceof NoSpelling) throw noClickHouseSpelling(place, error.message)
    throw error
  }
}
