/**
 * What EXPLAIN AST does not print, read from the tokens of the canonical text instead: the settings of a
 * SETTINGS clause, the function of an APPLY, the names of WITH queries, and parameters.
 */
import type { ParameterToken, Token } from "./canonical-tokens.ts"

/** The names in all SETTINGS clauses, as far as they can be told from columns of that name. */
export function settingNames(tokens: readonly Token[]): string[] {
  const names: string[] = []
  for (const [index, token] of tokens.entries()) {
    if (!isWord(token, "SETTINGS")) continue
    for (let at = index + 1; isSign(tokens[at + 1], "="); at += 4) {
      names.push(textOf(tokens[at]) ?? "")
      if (!isSign(tokens[at + 3], ",")) break
    }
  }
  return names
}

/** What stands behind each APPLY: a function's name, or null for a lambda. */
export function appliedFunctions(tokens: readonly Token[]): (string | null)[] {
  return tokens.flatMap((token, index) => {
    if (!isWord(token, "APPLY")) return []
    const lambda = isSign(tokens[index + 2], "->")
    return [lambda ? null : textOf(tokens[index + 1])]
  })
}

/** The names of WITH queries: `name AS (`, also with columns in parentheses behind the name. */
export function withNames(tokens: readonly Token[]): ReadonlySet<string> {
  const names = new Set<string>()
  for (const [index, token] of tokens.entries()) {
    if (!isWord(token, "AS")) continue
    const opening = isWord(tokens[index + 1], "MATERIALIZED") ? index + 2 : index + 1
    if (!isSign(tokens[opening], "(")) continue
    const name = textOf(tokens[isSign(tokens[index - 1], ")") ? beforeOpening(tokens, index - 1) : index - 1])
    if (name !== null) names.add(name)
  }
  return names
}

/**
 * Quoted names that stand as a function and that no function has; the printed tree could be misread by them.
 */
export function strangeFunctions(tokens: readonly Token[]): string[] {
  return tokens.flatMap((token, index) =>
    token.kind === "name" && isSign(tokens[index + 1], "(") && !/^\w+$/.test(token.text) ? [token.text] : [],
  )
}

export function parameterTokens(tokens: readonly Token[]): ParameterToken[] {
  return tokens.filter((token) => token.kind === "parameter")
}

/** The text with a literal in place of each parameter, for EXPLAIN AST, which would ask for their values. */
export function withoutParameters(text: string, parameters: readonly ParameterToken[]): string {
  let written = ""
  let from = 0
  for (const { start, end } of parameters) {
    written += `${text.slice(from, start)}0`
    from = end
  }
  return written + text.slice(from)
}

/** INTO OUTFILE, or FORMAT at the end; null when neither is there. */
export function outputClause(tokens: readonly Token[]): "INTO OUTFILE" | "FORMAT" | null {
  const outfile = tokens.some((token, index) => isWord(token, "INTO") && isWord(tokens[index + 1], "OUTFILE"))
  if (outfile) return "INTO OUTFILE"
  return isWord(tokens.at(-2), "FORMAT") && textOf(tokens.at(-1)) !== null ? "FORMAT" : null
}

/** The index of what stands before the parenthesis that `closing` closes. */
function beforeOpening(tokens: readonly Token[], closing: number): number {
  let depth = 0
  for (let at = closing; at >= 0; at--) {
    if (isSign(tokens[at], ")")) depth++
    if (isSign(tokens[at], "(") && --depth === 0) return at - 1
  }
  return -1
}

function isWord(token: Token | undefined, text: string): boolean {
  return token?.kind === "word" && token.text === text
}

function isSign(token: Token | undefined, text: string): boolean {
  return token?.kind === "sign" && token.text === text
}

function textOf(token: Token | undefined): string | null {
  return token?.kind === "word" || token?.kind === "name" ? token.text : null
}
