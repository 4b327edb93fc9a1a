/**
 * SQL text -> PostgreSQL's raw parse tree, by PostgreSQL's own parser. The parser counts tree locations in
 * bytes of UTF-8 and error positions in characters; both leave here as indexes into the JavaScript string.
 */
import type { Node, SelectStmt } from "libpg-query"
import { hasSqlDetails, loadModule, parseSync } from "libpg-query"
import { assert } from "../../std/assert.ts"
import type { Finding } from "../errors.ts"
import { findings } from "../errors.ts"
import { foreignConstruct } from "./other-dialects.ts"
import { offsetOfCharacter } from "./places.ts"
import { depthOf } from "./tree.ts"

/** Far above any view written by hand; keeps one project from holding the parser for seconds. */
export const MAX_SQL_LENGTH = 100_000
/** Some 500 operators inside each other: binding and generated code recurse, and the stack must hold them. */
const MAX_TREE_DEPTH = 1_000

export type ParsedSql =
  | { readonly ok: true; readonly select: SelectStmt }
  | { readonly ok: false; readonly finding: Finding; readonly offset: number | null }

/** Must be awaited once before `parseSelect`; later calls return at once. */
export const loadParser: () => Promise<void> = loadModule

/** One SELECT statement, or what keeps the text from being one. */
export function parseSelect(sql: string): ParsedSql {
  if (sql.trim() === "") return refuse(findings.sqlEmpty(), 0)
  if (sql.length > MAX_SQL_LENGTH) return refuse(findings.sqlTooLong(sql.length, MAX_SQL_LENGTH), null)
  if (sql.includes("\0"))
    return refuse(findings.sqlSyntax("a NUL character ends the text"), sql.indexOf("\0"))
  let statements: readonly { readonly stmt?: Node; readonly stmt_location?: number }[]
  try {
    statements = parseSync(sql).stmts ?? []
  } catch (error) {
    return explainFailure(error, sql)
  }
  const first = statements[0]?.stmt
  if (first === undefined) return refuse(findings.sqlEmpty(), 0)
  if (statements.length > 1) return refuse(findings.severalStatements(), secondStatement(sql, statements))
  if (!("SelectStmt" in first)) return refuse(findings.notASelect(statementWord(first)), firstWord(sql))
  if (depthOf(first.SelectStmt) > MAX_TREE_DEPTH) return refuse(findings.sqlTooDeep(), null)
  return { ok: true, select: first.SelectStmt }
}

function refuse(finding: Finding, offset: number | null): ParsedSql {
  return { ok: false, finding, offset }
}

function explainFailure(error: unknown, sql: string): ParsedSql {
  if (hasSqlDetails(error)) {
    const { message, cursorPosition } = error.sqlDetails ?? { message: error.message, cursorPosition: -1 }
    if (message.startsWith("memory exhausted")) return refuse(findings.sqlTooDeep(), null)
    const offset = cursorPosition < 0 ? null : offsetOfCharacter(sql, cursorPosition)
    const foreign = foreignConstruct(sql)
    const met = foreign === null ? message : `${message}: PostgreSQL's grammar has no ${foreign.construct}`
    return refuse(findings.sqlSyntax(met, foreign?.instead), offset)
  }
  if (error instanceof RangeError) return refuse(findings.sqlTooDeep(), null)
  if (error instanceof Error && /cannot be empty/.test(error.message)) return refuse(findings.sqlEmpty(), 0)
  throw error
}

function secondStatement(sql: string, statements: readonly { readonly stmt_location?: number }[]): number {
  const byte = statements[1]?.stmt_location ?? 0
  const rest = new TextDecoder().decode(new TextEncoder().encode(sql).subarray(byte))
  return sql.length - rest.trimStart().length
}

function firstWord(sql: string): number {
  return sql.length - sql.trimStart().length
}

/** "InsertStmt" -> "INSERT", "CreateTableAsStmt" -> "CREATE TABLE AS". */
function statementWord(node: Node): string {
  const kind = Object.keys(node)[0]
  assert(kind !== undefined, "a node has a kind")
  return kind
    .replace(/Stmt$/, "")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toUpperCase()
}
