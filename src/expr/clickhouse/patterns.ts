/** Constant patterns as RE2 reads them. A test for a match is the same language in both engines. */
import type { CharacterSet } from "../values/character-set.ts"
import type { RegexNode } from "../values/regex-syntax.ts"
import { parseRegex } from "../values/regex-syntax.ts"

/** Null when the pattern ends with its escape character. */
export function likeSource(pattern: string, mark: string): string | null {
  const characters = Array.from(pattern)
  let source = ""
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i]!
    if (character === mark) {
      const next = characters[++i]
      if (next === undefined) return null
      source += quoted(next)
    } else if (character === "%") source += ".*"
    else source += character === "_" ? "." : quoted(character)
  }
  return `(?s)^${source}$`
}

function quoted(character: string): string {
  return `\\x{${character.codePointAt(0)!.toString(16)}}`
}

/** Null where RE2 lacks a class of characters. */
export function regexSource(pattern: string, ignoreCase: boolean): string | null {
  const node = parseRegex(pattern, ignoreCase)
  const source = node === null ? null : sourceOf(node)
  return source === null ? null : `(?s)${source}`
}

function sourceOf(node: RegexNode): string | null {
  switch (node.kind) {
    case "set":
      return setSource(node.set)
    case "start":
      return "\\A"
    case "end":
      return "\\z"
    case "group": {
      const item = sourceOf(node.item)
      return item === null ? null : `(?:${item})`
    }
    case "repeat": {
      const item = sourceOf(node.item)
      const max = node.max === Number.POSITIVE_INFINITY ? "" : node.max
      return item === null ? null : `(?:${item}){${node.min},${max}}`
    }
    default: {
      const items = node.items.map(sourceOf)
      if (items.includes(null)) return null
      return `(?:${items.join(node.kind === "choice" ? "|" : "")})`
    }
  }
}

/** JavaScript's class between brackets in RE2's spelling; properties that are no categories are not there. */
function setSource({ source }: CharacterSet): string | null {
  if (source === "^") return "."
  if (/\\p\{(?:Alphabetic|Uppercase|Lowercase)\}/.test(source)) return null
  const spaces =
    "\\t-\\r \\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}"
  const text = source.replaceAll("\\p{White_Space}", spaces).replace(/\\u\{/g, "\\x{")
  return `[${text}]`
}
