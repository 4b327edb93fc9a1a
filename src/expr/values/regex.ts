/**
 * PostgreSQL's advanced regular expressions, as far as they can be made equal: what is refused raises
 * invalid-argument. Taken: literal characters, `.`, `[...]` with ranges and [:class:], ^ and $ at the ends of
 * the whole pattern, groups, alternatives, greedy quantifiers, escapes of punctuation, \d \w \s \D \W \S
 * outside brackets. PostgreSQL finds the leftmost match and there the longest, JavaScript the leftmost and
 * there the first that its order of trying gives; so the start is JavaScript's and the end is searched for.
 */
import { simpleLower, simpleUpper } from "./case-mapping.ts"
import { raise } from "./failure-register.ts"

export interface Regex {
  /** Finds whether and where a match starts. */
  readonly search: RegExp
  /** Matches a whole piece of text; groups as numbered in the pattern. */
  readonly whole: RegExp
  readonly anchoredStart: boolean
  readonly anchoredEnd: boolean
  /** False when JavaScript may fill groups differently. */
  readonly groupsAgree: boolean
}

/** A long run of distinct patterns from data must not fill the memory. */
const MAX_CACHED = 1000
const cache = new Map<string, Regex | null>()

/** Null when the pattern is not one that both read alike. */
export function compileRegex(pattern: string, ignoreCase: boolean): Regex | null {
  const key = `${ignoreCase ? "i" : "c"}${pattern}`
  const known = cache.get(key)
  if (known !== undefined) return known
  if (cache.size >= MAX_CACHED) cache.clear()
  const compiled = new Translator(pattern, ignoreCase).translate()
  cache.set(key, compiled)
  return compiled
}

export function matches(text: string, pattern: string, ignoreCase: boolean): boolean {
  const regex = compileRegex(pattern, ignoreCase)
  return regex === null ? raise("invalid-argument", false) : regex.search.test(text)
}

const CLASSES: Readonly<Record<string, string>> = {
  d: "0-9",
  w: "\\p{Alphabetic}0-9_",
  s: "\\p{White_Space}",
  alpha: "\\p{Alphabetic}",
  digit: "0-9",
  alnum: "\\p{Alphabetic}0-9",
  space: "\\p{White_Space}",
  upper: "\\p{Uppercase}",
  lower: "\\p{Lowercase}",
  xdigit: "0-9A-Fa-f",
  blank: " \\t",
}
const CLASS_ESCAPES = new Set(["d", "w", "s"])
const PUNCTUATION = /[!-/:-@[-`{-~]/

class Translator {
  readonly #pattern: readonly string[]
  readonly #ignoreCase: boolean
  #at = 0
  #refused = false
  #groupsAgree = true

  constructor(pattern: string, ignoreCase: boolean) {
    this.#pattern = Array.from(pattern)
    this.#ignoreCase = ignoreCase
  }

  translate(): Regex | null {
    if (this.#pattern.slice(0, 3).join("") === "***" || /^\(\?[a-z]/.test(this.#pattern.join(""))) return null
    const anchoredStart = this.#take("^")
    const body = this.#alternatives(0)
    const anchoredEnd = this.#take("$")
    if (this.#refused || this.#at < this.#pattern.length) return null
    if ((anchoredStart || anchoredEnd) && body.alternatives > 1) return null
    const source = body.source
    const search = new RegExp(`${anchoredStart ? "^" : ""}(?:${source})${anchoredEnd ? "$" : ""}`, "us")
    const whole = new RegExp(`^(?:${source})$`, "us")
    return { search, whole, anchoredStart, anchoredEnd, groupsAgree: this.#groupsAgree }
  }

  #take(character: string): boolean {
    const found = this.#pattern[this.#at] === character
    if (found) this.#at++
    return found
  }

  #alternatives(depth: number): { source: string; alternatives: number } {
    const sources = [this.#sequence(depth)]
    while (!this.#refused && this.#take("|")) sources.push(this.#sequence(depth))
    if (sources.length > 1) {
      this.#groupsAgree = false
      if (sources.includes("")) this.#refused = true
    }
    return { source: sources.join("|"), alternatives: sources.length }
  }

  #sequence(depth: number): string {
    let source = ""
    while (!this.#refused && this.#at < this.#pattern.length) {
      const next = this.#pattern[this.#at]!
      if (next === "|" || (next === ")" && depth > 0)) break
      if (next === "$" && depth === 0 && this.#at === this.#pattern.length - 1) break
      const isGroup = next === "("
      const atom = this.#atom(depth)
      const quantifier = this.#quantifier()
      if (isGroup && quantifier !== "") this.#groupsAgree = false
      source += atom + quantifier
    }
    return source
  }

  #atom(depth: number): string {
    const character = this.#pattern[this.#at++]!
    switch (character) {
      case ".":
        return "."
      case "[":
        return this.#brackets()
      case "(":
        return this.#group(depth)
      case "\\":
        return this.#escape()
      case "^":
      case "$":
      case "*":
      case "+":
      case "?":
      case "{":
      case ")":
        return this.#refuse()
      default:
        return this.#literal(character)
    }
  }

  #group(depth: number): string {
    const open = this.#pattern.slice(this.#at, this.#at + 2).join("") === "?:" ? "(?:" : "("
    if (open === "(?:") this.#at += 2
    else if (this.#pattern[this.#at] === "?") return this.#refuse()
    const { source } = this.#alternatives(depth + 1)
    if (source === "" || !this.#take(")")) return this.#refuse()
    return `${open}${source})`
  }

  #escape(): string {
    const character = this.#pattern[this.#at++]
    if (character === undefined) return this.#refuse()
    if (CLASS_ESCAPES.has(character)) return `[${CLASSES[character]}]`
    if (CLASS_ESCAPES.has(character.toLowerCase())) return `[^${CLASSES[character.toLowerCase()]}]`
    if (character === "n") return "\\n"
    if (character === "t") return "\\t"
    if (character === "r") return "\\r"
    return PUNCTUATION.test(character) ? this.#literal(character) : this.#refuse()
  }

  /** Ignoring case, a character stands for its lower and upper form, as PostgreSQL expands it. */
  #literal(character: string): string {
    if (!this.#ignoreCase) return quoted(character)
    const forms = new Set([character, simpleLower(character), simpleUpper(character)])
    return forms.size === 1 ? quoted(character) : `[${[...forms].map(quoted).join("")}]`
  }

  #quantifier(): string {
    const character = this.#pattern[this.#at]
    let quantifier = ""
    if (character === "*" || character === "+" || character === "?") {
      quantifier = character
      this.#at++
    } else if (character === "{") {
      const match = /^\{(\d{1,3})(?:(,)(\d{1,3})?)?\}/.exec(
        this.#pattern.slice(this.#at, this.#at + 10).join(""),
      )
      const [text, low, , high] = match ?? []
      if (text === undefined || Number(low) > 255 || Number(high ?? 0) > 255) return this.#refuse()
      if (high !== undefined && Number(high) < Number(low)) return this.#refuse()
      quantifier = text
      this.#at += text.length
    }
    const again = this.#pattern[this.#at] ?? ""
    return quantifier !== "" && "*+?{".includes(again) && again !== "" ? this.#refuse() : quantifier
  }

  #brackets(): string {
    const negated = this.#take("^")
    let source = ""
    for (let first = true; ; first = false) {
      const character = this.#pattern[this.#at++]
      if (character === undefined || character === "\\") return this.#refuse()
      if (character === "]" && !first) break
      if (character === "[" && ":.=".includes(this.#pattern[this.#at] ?? "x")) source += this.#bracketClass()
      else source += this.#range(character)
      if (this.#refused) return ""
    }
    return `[${negated ? "^" : ""}${source}]`
  }

  #bracketClass(): string {
    const end = this.#pattern.indexOf("]", this.#at)
    const name = this.#pattern.slice(this.#at, end).join("")
    const members = /^:[a-z]+:$/.test(name) ? CLASSES[name.slice(1, -1)] : undefined
    if (members === undefined || (this.#ignoreCase && /upper|lower/.test(name))) return this.#refuse()
    this.#at = end + 1
    return members
  }

  #range(from: string): string {
    const next = this.#pattern[this.#at + 1]
    if (this.#pattern[this.#at] !== "-" || next === undefined || next === "]") {
      return this.#ignoreCase ? this.#literal(from).replace(/^\[|\]$/g, "") || quoted(from) : quoted(from)
    }
    if (next === "[" || next === "\\" || next.codePointAt(0)! < from.codePointAt(0)!) return this.#refuse()
    this.#at += 2
    const source = `${quoted(from)}-${quoted(next)}`
    if (!this.#ignoreCase) return source
    const plain = /^(?:[a-z]-[a-z]|[A-Z]-[A-Z])$/
    if (plain.test(`${from}-${next}`)) return `${source.toLowerCase()}${source.toUpperCase()}`
    return /^[!-@]-[!-@]$/.test(`${from}-${next}`) ? source : this.#refuse()
  }

  #refuse(): string {
    this.#refused = true
    return ""
  }
}

function quoted(character: string): string {
  return PUNCTUATION.test(character) ? `\\u{${character.codePointAt(0)!.toString(16)}}` : character
}

/** regexp_replace; flags `g` (all matches) and `i`. */
export function replaceMatches(text: string, pattern: string, replacement: string, flags = ""): string {
  if (!/^[gi]*$/.test(flags)) return raise("invalid-argument", "")
  const regex = compileRegex(pattern, flags.includes("i"))
  const usesGroups = /\\[1-9]/.test(replacement.replaceAll("\\\\", ""))
  if (regex === null || (usesGroups && !regex.groupsAgree)) return raise("invalid-argument", "")
  let result = ""
  let copied = 0
  let from = 0
  while (from <= text.length) {
    const span = findLongest(regex, text, from)
    if (span === null) break
    const piece = text.slice(span.start, span.end)
    result += text.slice(copied, span.start) + substitute(replacement, piece, regex)
    copied = span.end
    if (!flags.includes("g")) break
    from = span.end > span.start ? span.end : span.end + widthAt(text, span.end)
  }
  return result + text.slice(copied)
}

function widthAt(text: string, index: number): number {
  return (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1
}

function findLongest(regex: Regex, text: string, from: number): { start: number; end: number } | null {
  if (regex.anchoredStart && from > 0) return null
  const found = regex.search.exec(text.slice(from))
  if (found === null) return null
  const start = from + found.index
  let end = text.length
  while (end > start + found[0].length && !regex.whole.test(text.slice(start, end))) end--
  return { start, end }
}

function substitute(replacement: string, piece: string, regex: Regex): string {
  return replacement.replace(/\\([1-9&\\])/g, (_, what: string) => {
    if (what === "\\") return "\\"
    if (what === "&") return piece
    return regex.whole.exec(piece)?.[Number(what)] ?? ""
  })
}
