/**
 * Upper and lower case by Unicode's simple mappings, one character to one, as PostgreSQL's builtin provider
 * does for C.UTF-8. JavaScript has the full mappings; where those give several characters, the simple one
 * differs.
 */

const ASCII = /^\p{ASCII}*$/u

export function lowerText(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase()
  let result = ""
  for (const character of text) result += simpleLower(character)
  return result
}

export function upperText(text: string): string {
  if (ASCII.test(text)) return text.toUpperCase()
  let result = ""
  for (const character of text) result += simpleUpper(character)
  return result
}

export function simpleLower(character: string): string {
  if (character === "\u0130") return "i"
  const lower = character.toLowerCase()
  return isOne(lower) ? lower : character
}

export function simpleUpper(character: string): string {
  const upper = character.toUpperCase()
  return isOne(upper) ? upper : (GREEK_IOTA.get(character) ?? character)
}

function isOne(text: string): boolean {
  return text.length === 1 || (text.length === 2 && text.codePointAt(0)! > 0xffff)
}

/** Greek letters with iota subscript: the simple upper case is the title case letter. */
const GREEK_IOTA: ReadonlyMap<string, string> = new Map([
  ...[0x1f80, 0x1f90, 0x1fa0].flatMap((first) =>
    Array.from({ length: 8 }, (_, i) => pair(first + i, first + i + 8)),
  ),
  pair(0x1fb3, 0x1fbc),
  pair(0x1fc3, 0x1fcc),
  pair(0x1ff3, 0x1ffc),
])

function pair(lower: number, upper: number): readonly [string, string] {
  return [String.fromCharCode(lower), String.fromCharCode(upper)]
}

const ALPHANUMERIC = /[\p{Alphabetic}0-9]/u

/**
 * The first letter of each word in upper case, the others in lower case; words are letters and digits 0 to 9.
 */
export function initcapText(text: string): string {
  let result = ""
  let inWord = false
  for (const character of text) {
    result += inWord ? simpleLower(character) : simpleUpper(character)
    inWord = ALPHANUMERIC.test(character)
  }
  return result
}
