/**
 * Sets of characters as regular expressions name them. Classes follow Unicode, as PostgreSQL's builtin
 * collation for C.UTF-8 has them, except digits, which are 0 to 9.
 */
import { simpleLower, simpleUpper } from "./case-mapping.ts"

export interface CharacterSet {
  readonly has: (codePoint: number) => boolean
  /** The same set between brackets of a JavaScript expression with flag u. */
  readonly source: string
}

const CLASSES: ReadonlyMap<string, string> = new Map([
  ["alpha", "\\p{Alphabetic}"],
  ["digit", "0-9"],
  ["alnum", "\\p{Alphabetic}0-9"],
  ["word", "\\p{Alphabetic}0-9_"],
  ["space", "\\p{White_Space}"],
  ["upper", "\\p{Uppercase}"],
  ["lower", "\\p{Lowercase}"],
  ["xdigit", "0-9A-Fa-f"],
])

/** A range is closed; more characters than this are not expanded for a match that ignores case. */
const MAX_FOLDED_RANGE = 2000

export const ANY_CHARACTER: CharacterSet = { has: () => true, source: "^" }

export function classSet(name: string): CharacterSet | null {
  const source = CLASSES.get(name)
  return source === undefined ? null : ofSource(source)
}

export function unionSet(sets: readonly CharacterSet[], negated: boolean): CharacterSet {
  const source = sets.map((set) => set.source).join("")
  return ofSource(negated ? `^${source}` : source)
}

export function oneCharacter(character: string, ignoreCase: boolean): CharacterSet {
  return ofSource((ignoreCase ? formsOf(character) : [character]).map(quoted).join(""))
}

/** Null when the range runs backwards or is too wide to ignore case in. */
export function rangeSet(from: string, to: string, ignoreCase: boolean): CharacterSet | null {
  const [first, last] = [from.codePointAt(0)!, to.codePointAt(0)!]
  if (last < first || (ignoreCase && last - first > MAX_FOLDED_RANGE)) return null
  const source = `${quoted(from)}-${quoted(to)}`
  if (!ignoreCase) return ofSource(source)
  const forms = new Set<string>()
  for (let code = first; code <= last; code++) {
    for (const form of formsOf(String.fromCodePoint(code))) forms.add(form)
  }
  return ofSource(source + [...forms].map(quoted).join(""))
}

/** PostgreSQL lets a character stand for its lower and its upper form. */
function formsOf(character: string): string[] {
  return [...new Set([character, simpleLower(character), simpleUpper(character)])]
}

function ofSource(source: string): CharacterSet {
  const test = new RegExp(`^[${source}]$`, "us")
  return { source, has: (codePoint) => test.test(String.fromCodePoint(codePoint)) }
}

function quoted(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`
}
