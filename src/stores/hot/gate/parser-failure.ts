/** What ClickHouse's parser says, with the place in the user's text. */
import type { PlatformError } from "../../../std/errors.ts"
import { engineText } from "./engine-text.ts"
import { queryRefused, querySyntax } from "./errors.ts"

/** Names of what would have been right there; ClickHouse lists dozens. */
const MAX_EXPECTED = 8
const MAX_REASON_CHARACTERS = 300

const PLACE = /failed at position (\d+)(?: \(([\s\S]*?)\))?(?: \(line (\d+), col (\d+)\))?:/
const OF_THE_PARSER = /^(?:SYNTAX_ERROR|TOO_DEEP_RECURSION|TOO_BIG_AST|TOO_SLOW_PARSING|QUERY_IS_TOO_LARGE)$/

/** The failure itself when it does not come from the parser. */
export function parserFailure(error: unknown, sql: string): unknown {
  const said = engineText(error)
  if (said === null || !OF_THE_PARSER.test(said.name)) return error
  const text = said.text.replace(/: In scope [\s\S]*$/, "")
  if (text.includes("Multi-statements are not allowed")) return severalStatements()
  return syntaxFailure(text, sql)
}

function syntaxFailure(text: string, sql: string): PlatformError {
  const place = PLACE.exec(text)
  if (place === null) return querySyntax(text.slice(0, MAX_REASON_CHARACTERS), null)
  const position = characterOf(sql, Number(place[1]))
  const found = foundText(place[2], sql, position)
  const expected = /Expected one of: ([\s\S]*)$/.exec(text)?.[1]?.replace(/\.$/, "").split(", ") ?? []
  const names = [...new Set(expected)].filter((name) => !/^(?:Parser|token)/.test(name))
  const more = names.length > MAX_EXPECTED ? " or other things" : ""
  const list = names.length === 0 ? "" : `, expected ${names.slice(0, MAX_EXPECTED).join(", ")}${more}`
  return querySyntax(`${lineAndColumn(sql, position)}: ${found}${list}`, position)
}

function foundText(given: string | undefined, sql: string, position: number): string {
  if (given === "end of query" || position > sql.length) return "the statement ends too early"
  return `"${
    sql
      .slice(position - 1)
      .split(/\s/, 1)[0]
      ?.slice(0, 40) || given
  }" is not expected`
}

/** ClickHouse counts bytes from 1. */
function characterOf(sql: string, position: number): number {
  return (
    Buffer.from(sql)
      .subarray(0, position - 1)
      .toString().length + 1
  )
}

/** Of the character `position`, from 1. */
export function lineAndColumn(sql: string, position: number): string {
  const lines = sql.slice(0, position - 1).split("\n")
  return `line ${lines.length}, column ${lines.at(-1)!.length + 1}`
}

function severalStatements(): PlatformError {
  return queryRefused({
    construct: "several statements",
    reason: "stand in one query",
    advice: "send one SELECT at a time",
  })
}
