/**
 * PostgreSQL's regular expressions, as far as regex-syntax.ts reads them; other patterns raise
 * invalid-argument. Groups are filled by JavaScript's own engine, over the piece that was matched and only
 * for patterns where both engines must fill them alike: no alternatives, no repeated groups.
 */
import { raise } from "./failure-register.ts"
import { RegexAutomaton } from "./regex-automaton.ts"
import type { RegexNode } from "./regex-syntax.ts"
import { parseRegex } from "./regex-syntax.ts"

export interface Regex {
  readonly automaton: RegexAutomaton
  /** Matches a whole piece and fills the groups; null when PostgreSQL may fill them differently. */
  readonly groups: RegExp | null
}

/** A long run of distinct patterns from data must not fill the memory. */
const MAX_CACHED = 500
const cache = new Map<string, Regex | null>()

/** Null when the pattern is not taken. */
export function compileRegex(pattern: string, ignoreCase: boolean): Regex | null {
  const key = `${ignoreCase ? "i" : "c"}${pattern}`
  const known = cache.get(key)
  if (known !== undefined) return known
  if (cache.size >= MAX_CACHED) cache.clear()
  const node = parseRegex(pattern, ignoreCase)
  const automaton = node === null ? null : RegexAutomaton.of(node)
  const regex = node === null || automaton === null ? null : { automaton, groups: groupsOf(node) }
  cache.set(key, regex)
  return regex
}

export function matches(text: string, pattern: string, ignoreCase: boolean): boolean {
  const regex = compileRegex(pattern, ignoreCase)
  return regex === null ? raise("invalid-argument", false) : regex.automaton.test(text)
}

/** regexp_replace; flags `g` (all matches) and `i`. */
export function replaceMatches(text: string, pattern: string, replacement: string, flags = ""): string {
  if (!/^[gi]*$/.test(flags)) return raise("invalid-argument", "")
  const regex = compileRegex(pattern, flags.includes("i"))
  const usesGroups = /\\[1-9]/.test(replacement.replaceAll("\\\\", ""))
  if (regex === null || (usesGroups && regex.groups === null)) return raise("invalid-argument", "")
  let result = ""
  let copied = 0
  let from = 0
  while (from <= text.length) {
    const span = findLeftmost(regex.automaton, text, from)
    if (span === null) break
    result +=
      text.slice(copied, span.start) + substitute(replacement, text.slice(span.start, span.end), regex)
    copied = span.end
    if (!flags.includes("g")) break
    from = span.end > span.start ? span.end : span.end + widthAt(text, span.end)
  }
  return result + text.slice(copied)
}

function findLeftmost(
  automaton: RegexAutomaton,
  text: string,
  from: number,
): { start: number; end: number } | null {
  if (!automaton.test(text, from)) return null
  for (let start = from; start <= text.length; start += widthAt(text, start)) {
    const end = automaton.longestEnd(text, start)
    if (end >= 0) return { start, end }
  }
  return null
}

function widthAt(text: string, index: number): number {
  return (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1
}

function substitute(replacement: string, piece: string, { groups }: Regex): string {
  return replacement.replace(/\\([1-9&\\])/g, (_, what: string) => {
    if (what === "\\") return "\\"
    if (what === "&") return piece
    return groups?.exec(piece)?.[Number(what)] ?? ""
  })
}

function groupsOf(node: RegexNode): RegExp | null {
  const source = sourceOf(node, false)
  return source === null ? null : new RegExp(`^${source}$`, "us")
}

/** JavaScript's spelling; null where the two engines may fill groups differently. */
function sourceOf(node: RegexNode, repeated: boolean): string | null {
  switch (node.kind) {
    case "set":
      return node.set.source === "^" ? "[^]" : `[${node.set.source}]`
    // Anchors were settled when the piece was found.
    case "start":
    case "end":
      return ""
    case "choice":
      return null
    case "group": {
      const item = repeated ? null : sourceOf(node.item, false)
      return item === null ? null : `(${node.captures ? "" : "?:"}${item})`
    }
    case "repeat": {
      const item = sourceOf(node.item, true)
      const max = node.max === Number.POSITIVE_INFINITY ? "" : node.max
      return item === null ? null : `${item}{${node.min},${max}}`
    }
    case "sequence": {
      const items = node.items.map((item) => sourceOf(item, repeated))
      return items.includes(null) ? null : items.join("")
    }
  }
}
