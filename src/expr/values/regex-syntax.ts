/**
 * Reads the part of PostgreSQL's regular expressions that is taken here (docs/functions.md): everything but
 * back references, look-around, quantifiers that prefer less, embedded options, and rare spellings.
 */
import type { CharacterSet } from "./character-set.ts"
import { ANY_CHARACTER, classSet, oneCharacter, rangeSet, unionSet } from "./character-set.ts"

export type RegexNode =
  | { readonly kind: "set"; readonly set: CharacterSet }
  | { readonly kind: "sequence" | "choice"; readonly items: readonly RegexNode[] }
  /** max: Infinity where there is none. */
  | { readonly kind: "repeat"; readonly item: RegexNode; readonly min: number; readonly max: number }
  | { readonly kind: "group"; readonly item: RegexNode; readonly captures: boolean }
  | { readonly kind: "start" | "end" }

const CLASS_OF_ESCAPE: Readonly<Record<string, string>> = { d: "digit", w: "word", s: "space" }
const CONTROL: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", f: "\f", v: "\v" }
const PUNCTUATION = /[!-/:-@[-`{-~]/
/** PostgreSQL's DUPMAX. */
const MAX_REPEAT = 255
/** Nested groups, so that a pattern cannot exhaust the stack. */
const MAX_DEPTH = 100

/** What is not read here; whether PostgreSQL reads it or not. */
class NotTaken extends Error {}

/** Null when the pattern is not taken. */
export function parseRegex(pattern: string, ignoreCase: boolean): RegexNode | null {
  try {
    return new Reader(pattern, ignoreCase).read()
  } catch (error) {
    if (error instanceof NotTaken) return null
    throw error
  }
}

class Reader {
  readonly #characters: readonly string[]
  readonly #ignoreCase: boolean
  #at = 0

  constructor(pattern: string, ignoreCase: boolean) {
    this.#characters = Array.from(pattern)
    this.#ignoreCase = ignoreCase
  }

  read(): RegexNode {
    if (this.#ahead("***")) throw new NotTaken()
    const node = this.#choice(0)
    if (this.#at < this.#characters.length) throw new NotTaken()
    return node
  }

  #ahead(text: string): boolean {
    return this.#characters.slice(this.#at, this.#at + text.length).join("") === text
  }

  #take(text: string): boolean {
    if (!this.#ahead(text)) return false
    this.#at += text.length
    return true
  }

  #choice(depth: number): RegexNode {
    const items = [this.#sequence(depth)]
    while (this.#take("|")) items.push(this.#sequence(depth))
    return items.length === 1 ? items[0]! : { kind: "choice", items }
  }

  #sequence(depth: number): RegexNode {
    const items: RegexNode[] = []
    while (this.#at < this.#characters.length && !this.#ahead("|") && !(this.#ahead(")") && depth > 0)) {
      items.push(this.#quantified(this.#atom(depth)))
    }
    return { kind: "sequence", items }
  }

  #atom(depth: number): RegexNode {
    const character = this.#characters[this.#at++]!
    switch (character) {
      case "^":
        return { kind: "start" }
      case "$":
        return { kind: "end" }
      case ".":
        return { kind: "set", set: ANY_CHARACTER }
      case "[":
        return { kind: "set", set: this.#brackets() }
      case "(":
        return this.#group(depth)
      case "\\":
        return this.#escape()
      default:
        if ("*+?{)".includes(character)) throw new NotTaken()
        return { kind: "set", set: oneCharacter(character, this.#ignoreCase) }
    }
  }

  #group(depth: number): RegexNode {
    const captures = !this.#take("?:")
    if (depth >= MAX_DEPTH || this.#ahead("?")) throw new NotTaken()
    const item = this.#choice(depth + 1)
    if (!this.#take(")")) throw new NotTaken()
    return { kind: "group", item, captures }
  }

  #escape(): RegexNode {
    const character = this.#characters[this.#at++] ?? ""
    if (character === "A") return { kind: "start" }
    if (character === "Z") return { kind: "end" }
    const name = CLASS_OF_ESCAPE[character.toLowerCase()]
    if (name === undefined) return { kind: "set", set: this.#escaped(character) }
    const members = classSet(name)!
    return { kind: "set", set: character in CLASS_OF_ESCAPE ? members : unionSet([members], true) }
  }

  #escaped(character: string): CharacterSet {
    const literal = CONTROL[character] ?? (PUNCTUATION.test(character) ? character : undefined)
    if (literal === undefined) throw new NotTaken()
    return oneCharacter(literal, this.#ignoreCase)
  }

  #quantified(item: RegexNode): RegexNode {
    const bounds = this.#bounds()
    if (bounds === null) return item
    if (item.kind === "start" || item.kind === "end" || this.#bounds() !== null) throw new NotTaken()
    return { kind: "repeat", item, ...bounds }
  }

  #bounds(): { readonly min: number; readonly max: number } | null {
    if (this.#take("*")) return { min: 0, max: Number.POSITIVE_INFINITY }
    if (this.#take("+")) return { min: 1, max: Number.POSITIVE_INFINITY }
    if (this.#take("?")) return { min: 0, max: 1 }
    if (!this.#ahead("{")) return null
    const match = /^\{(\d{1,3})(?:(,)(\d{1,3})?)?\}/.exec(
      this.#characters.slice(this.#at, this.#at + 9).join(""),
    )
    if (match === null) throw new NotTaken()
    this.#at += match[0].length
    const min = Number(match[1])
    const max =
      match[3] !== undefined ? Number(match[3]) : match[2] === undefined ? min : Number.POSITIVE_INFINITY
    const tooMany = min > MAX_REPEAT || (max !== Number.POSITIVE_INFINITY && max > MAX_REPEAT)
    if (tooMany || max < min) throw new NotTaken()
    return { min, max }
  }

  #brackets(): CharacterSet {
    const negated = this.#take("^")
    const sets: CharacterSet[] = []
    for (let first = true; first || !this.#take("]"); first = false) sets.push(this.#member())
    return unionSet(sets, negated)
  }

  #member(): CharacterSet {
    if (this.#take("[:")) return this.#namedClass()
    if (this.#ahead("[.") || this.#ahead("[=")) throw new NotTaken()
    const character = this.#characters[this.#at++]
    if (character === undefined) throw new NotTaken()
    if (character !== "\\") return this.#range(character)
    const escaped = this.#characters[this.#at++] ?? ""
    const name = CLASS_OF_ESCAPE[escaped]
    if (name !== undefined) return classSet(name)!
    const literal = CONTROL[escaped] ?? (PUNCTUATION.test(escaped) ? escaped : undefined)
    if (literal === undefined) throw new NotTaken()
    return this.#range(literal)
  }

  #range(from: string): CharacterSet {
    if (!this.#ahead("-") || this.#characters[this.#at + 1] === "]")
      return oneCharacter(from, this.#ignoreCase)
    this.#at++
    const to = this.#characters[this.#at++]
    if (to === undefined || to === "[" || to === "\\") throw new NotTaken()
    return rangeSet(from, to, this.#ignoreCase) ?? this.#refuse()
  }

  #namedClass(): CharacterSet {
    const end = this.#characters.indexOf(":", this.#at)
    const name = this.#characters.slice(this.#at, end < 0 ? this.#at : end).join("")
    this.#at = end + 1
    if (end < 0 || !this.#take("]") || name === "word") throw new NotTaken()
    const folded = this.#ignoreCase && (name === "upper" || name === "lower") ? "alpha" : name
    return classSet(folded) ?? this.#refuse()
  }

  #refuse(): never {
    throw new NotTaken()
  }
}
