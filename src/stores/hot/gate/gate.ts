/**
 * The gate before the store: a statement passes when ClickHouse's own parser reads it as one SELECT whose
 * tables and functions are all allowed (docs/decisions/0019). Three steps, each of which can only refuse
 * more:
 *
 *   text ──formatQuerySingleLine──▶ canonical text ──EXPLAIN AST──▶ tree ──inspect──▶ passed
 *                                        └──── tokens: what the tree does not show ────┘
 *
 * What runs in the end is the canonical text, so what was looked at and what runs are the same characters.
 */
import { canonicalTokens, type ParameterToken, type Token } from "./canonical-tokens.ts"
import { queryRefused, queryTooLong } from "./errors.ts"
import { escapedField } from "./field-text.ts"
import { refusalOfFunction } from "./function-rules.ts"
import {
  appliedFunctions,
  outputClause,
  parameterTokens,
  settingNames,
  strangeFunctions,
  withNames,
  withoutParameters,
} from "./hidden-clauses.ts"
import { type Inspected, inspect, type TableReference } from "./inspect.ts"
import { MAX_SQL_CHARACTERS } from "./limits.ts"
import { parserFailure } from "./parser-failure.ts"
import { refusalOfStatement } from "./statement-kind.ts"
import { type NamedColumns, namedColumns } from "./statement-reads.ts"
import { parseSyntaxTree, type SyntaxNode } from "./syntax-tree.ts"

/** Runs a statement of the gate's own, params as ClickHouse takes them; resolves with its rows as TSVRaw. */
export type AskEngine = (sql: string, params: Readonly<Record<string, string>>) => Promise<string>

export interface PassedStatement {
  /** What is to run. */
  readonly sql: string
  /** Tables that are no WITH queries. */
  readonly tables: readonly TableReference[]
  readonly perhapsTables: readonly string[]
  readonly parameters: readonly ParameterToken[]
  readonly named: NamedColumns
}

const CANONICAL = "SELECT formatQuerySingleLine({sql:String}) AS once, formatQuerySingleLine(once) AS twice"

/** @throws query-refused, query-syntax, query-too-long */
export async function passGate(sql: string, ask: AskEngine): Promise<PassedStatement> {
  if (sql.length > MAX_SQL_CHARACTERS) throw queryTooLong(MAX_SQL_CHARACTERS, sql.length)
  if (sql.includes("\0")) throw nullCharacter()
  const refusal = refusalOfStatement(sql)
  if (refusal !== null) throw queryRefused(refusal)
  const canonical = await canonicalText(sql, ask)
  const tokens = canonicalTokens(canonical)
  refuseOtherThanSelect(tokens)
  const parameters = parameterTokens(tokens)
  refuseBefore(tokens, parameters)
  const tree = await syntaxTree(withoutParameters(canonical, parameters), ask)
  const inspected = inspect(tree)
  refuseHidden(tokens, inspected)
  const queries = withNames(tokens)
  return {
    sql: canonical,
    tables: inspected.tables.filter(({ database, name }) => database !== null || !queries.has(name)),
    perhapsTables: inspected.perhapsTables.filter((name) => !queries.has(name)),
    parameters,
    named: namedColumns(canonical, tree),
  }
}

async function canonicalText(sql: string, ask: AskEngine): Promise<string> {
  let answer: string
  try {
    answer = await ask(CANONICAL, { sql: escapedField(sql) })
  } catch (error) {
    throw parserFailure(error, sql)
  }
  const [once = "", twice = ""] = answer.replace(/\n$/, "").split("\t")
  if (once !== twice) throw unstable()
  return once
}

async function syntaxTree(select: string, ask: AskEngine): Promise<SyntaxNode> {
  try {
    return parseSyntaxTree(await ask(`EXPLAIN AST ${select}`, {}))
  } catch (error) {
    throw parserFailure(error, select)
  }
}

/** What must not even reach EXPLAIN AST: it applies the settings of what it explains, for one. */
function refuseBefore(tokens: readonly Token[], parameters: readonly ParameterToken[]): void {
  const settings = settingNames(tokens)
  const output = outputClause(tokens)
  if (output === "INTO OUTFILE") throw outputRefused(output)
  if (settings.length > 0) throw settingsRefused(settings)
  if (output !== null) throw outputRefused(output)
  const [name] = strangeFunctions(tokens)
  if (name !== undefined) throw strangeFunction(name)
  const identifier = parameters.find(({ type }) => /^identifier$/i.test(type))
  if (identifier !== undefined) throw identifierRefused(identifier)
}

/** So that nothing in front of the text can make EXPLAIN AST something else. */
function refuseOtherThanSelect([first]: readonly Token[]): void {
  if (first?.kind === "sign" && first.text === "(") return
  if (first?.kind === "word" && (first.text === "SELECT" || first.text === "WITH")) return
  const word = first === undefined || !("text" in first) ? "" : first.text
  throw queryRefused({
    construct: `the statement ${word}`,
    reason: "is not a SELECT, and queries only read",
    advice: "write a SELECT",
  })
}

function refuseHidden(tokens: readonly Token[], inspected: Inspected): void {
  if (inspected.settingsClauses > 0) throw settingsRefused(settingNames(tokens))
  if (inspected.hasTrailingClause) throw outputRefused("at the end")
  if (inspected.applies === 0) return
  const applied = appliedFunctions(tokens)
  if (applied.length < inspected.applies) throw lambdaRefused()
  for (const name of applied) {
    const refusal = name === null ? null : refusalOfFunction(name)
    if (refusal !== null) throw queryRefused(refusal)
    if (name === null) throw lambdaRefused()
  }
}

function settingsRefused(names: readonly string[]) {
  return queryRefused({
    construct: names.length === 0 ? "the clause SETTINGS" : `the setting ${names.join(", ")}`,
    reason: "cannot be changed by a query",
    advice: "leave SETTINGS out; a time limit is given as timeout_ms",
  })
}

function outputRefused(clause: string) {
  const advice =
    clause === "FORMAT"
      ? 'leave it out, and ask for the format beside the SQL: "format": "csv", or the Accept header'
      : "leave it out; the answer is what the query gives"
  return queryRefused({
    construct: `the clause ${clause}`,
    reason: clause === "FORMAT" ? "stands in the SQL" : "writes outside of the answer",
    advice,
  })
}

function lambdaRefused() {
  return queryRefused({
    construct: "the lambda behind APPLY",
    reason: "cannot be looked through",
    advice: "write APPLY(function), or the columns themselves",
  })
}

function strangeFunction(name: string) {
  return queryRefused({
    construct: `the function ${name}()`,
    reason: "has a name that no function has",
    advice: "docs/queries.md says which functions there are",
  })
}

function identifierRefused({ name, type }: ParameterToken) {
  return queryRefused({
    construct: `the parameter {${name}:${type}}`,
    reason: "stands for a name, and parameters stand for values",
    advice: "write the name into the SQL",
  })
}

function nullCharacter() {
  return queryRefused({
    construct: "the character U+0000",
    reason: "ends a text for some readers and not for others",
    advice: "leave it out",
  })
}

function unstable() {
  return queryRefused({
    construct: "the statement",
    reason: "does not read the same after the engine has written it out",
    advice: "write it in plainer SQL",
  })
}
