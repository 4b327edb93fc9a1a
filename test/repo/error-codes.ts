/**
 * Finds the error codes that the source declares: the value of a `code:` property, the first argument of a
 * factory in a room's errors file, and the members of lists of codes (`REJECT_CODES`, `type
 * IncompatibilityCode`).
 */
import { scanCode } from "./scan-code.ts"
import { codeFiles } from "./source-files.ts"

export interface DeclaredCodes {
  readonly path: string
  /** As often as they are declared. */
  readonly codes: readonly string[]
}

const CODE = /^[a-z][a-z0-9]*(-[a-z0-9]+)+$/
/** In an errors file a code may be one word. */
const WORD = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
export const ERRORS_FILE = /\/([a-z-]+-)?(errors|unsupported|rejections)\.ts$/
const PROPERTY = /\bcode:\s*"/g
const FACTORY = /\b(?!import|from)\w+\(\s*"/g
const PROBLEM_FIELDS = /\bproblemFields\(\s*"/g
const LIST =
  /\b(?:const (?:[A-Z_]*_CODES|FAILURES)\b[^=]*=\s*\[[^\]]*\]|type \w+Code =\s*(?:\|?\s*" *"\s*)+)/g

export function declaredCodes(): DeclaredCodes[] {
  return codeFiles()
    .filter(({ path }) => path.startsWith("src/") && !path.endsWith(".test.ts"))
    .map(({ path, text }) => ({ path, codes: codesOf(path, text) }))
    .filter(({ codes }) => codes.length > 0)
}

function codesOf(path: string, text: string): string[] {
  const { code } = scanCode(text)
  const patterns = ERRORS_FILE.test(path) ? [PROPERTY, FACTORY] : [PROPERTY, PROBLEM_FIELDS]
  const starts = patterns.flatMap((pattern) =>
    [...code.matchAll(pattern)].map((match) => match.index + match[0].length),
  )
  const lists = [...code.matchAll(LIST)].flatMap((list) =>
    [...list[0].matchAll(/"( *)"/g)].map((match) => list.index + match.index + 1),
  )
  return [...starts, ...lists]
    .map((start) => text.slice(start, text.indexOf('"', start)))
    .filter((string) => (ERRORS_FILE.test(path) ? WORD : CODE).test(string))
}
