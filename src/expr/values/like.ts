/**
 * LIKE as PostgreSQL matches it (src/backend/utils/adt/like_match.c): `%` any characters, `_` one, the escape
 * character takes away the meaning of the next. A pattern that ends in the escape character fails only when
 * the match gets that far, so patterns are matched, not translated.
 */
import { raise } from "./failure-register.ts"

const ESCAPE = "\\"

export function like(text: string, pattern: string): boolean {
  const outcome = match(text, 0, pattern, 0)
  return outcome === BROKEN ? raise("invalid-argument", false) : outcome === MATCH
}

/** LIKE … ESCAPE: the pattern with `mark` (one character, or empty for none) in place of the backslash. */
export function withEscape(pattern: string, mark: string): string {
  if (mark === "") return pattern.replaceAll(ESCAPE, ESCAPE + ESCAPE)
  if (Array.from(mark).length > 1) return raise("invalid-argument", "")
  if (mark === ESCAPE) return pattern
  let result = ""
  let behindMark = false
  for (const character of pattern) {
    if (character === mark && !behindMark) {
      result += ESCAPE
      behindMark = true
      continue
    }
    result += character === ESCAPE && !behindMark ? ESCAPE + ESCAPE : character
    behindMark = false
  }
  return result
}

const MATCH = 1
const MISMATCH = 0
/** The text ended first: no later start of a `%` can help. */
const ABORT = -1
/** The pattern ends with the escape character. */
const BROKEN = -2

function match(text: string, textStart: number, pattern: string, patternStart: number): number {
  let t = textStart
  let p = patternStart
  while (t < text.length && p < pattern.length) {
    const wanted = characterAt(pattern, p)
    if (wanted === ESCAPE) {
      p += wanted.length
      if (p >= pattern.length) return BROKEN
      const literal = characterAt(pattern, p)
      if (!text.startsWith(literal, t)) return MISMATCH
      t += literal.length
      p += literal.length
    } else if (wanted === "%") return matchRest(text, t, pattern, p + 1)
    else if (wanted === "_") {
      t += characterAt(text, t).length
      p++
    } else {
      if (!text.startsWith(wanted, t)) return MISMATCH
      t += wanted.length
      p += wanted.length
    }
  }
  if (t < text.length) return MISMATCH
  while (p < pattern.length && pattern[p] === "%") p++
  return p >= pattern.length ? MATCH : ABORT
}

/** Behind a `%`: finds where what follows it fits. */
function matchRest(text: string, textStart: number, pattern: string, patternStart: number): number {
  let t = textStart
  let p = patternStart
  while (p < pattern.length && (pattern[p] === "%" || pattern[p] === "_")) {
    if (pattern[p] === "_") {
      if (t >= text.length) return ABORT
      t += characterAt(text, t).length
    }
    p++
  }
  if (p >= pattern.length) return MATCH
  let first = characterAt(pattern, p)
  if (first === ESCAPE) {
    if (p + first.length >= pattern.length) return BROKEN
    first = characterAt(pattern, p + first.length)
  }
  while (t < text.length) {
    if (text.startsWith(first, t)) {
      const outcome = match(text, t, pattern, p)
      if (outcome !== MISMATCH) return outcome
    }
    t += characterAt(text, t).length
  }
  return ABORT
}

function characterAt(text: string, index: number): string {
  const unit = text.charCodeAt(index)
  return unit >= 0xd800 && unit < 0xdc00 ? text.slice(index, index + 2) : text[index]!
}

/** What a constant pattern asks for when it is no more than literal text with % at its ends. */
export interface SimplePattern {
  readonly kind: "equals" | "prefix" | "suffix" | "contains"
  readonly text: string
}

/** Null for patterns that need the matcher. */
export function simplePattern(pattern: string): SimplePattern | null {
  const parsed = /^(%*)((?:[^%_\\]|\\.)*)(%*)$/su.exec(pattern)
  if (parsed === null) return null
  const [, before, body = "", after] = parsed
  const text = body.replace(/\\(.)/gsu, "$1")
  if (body === "" && before !== "") return { kind: "contains", text }
  if (before === "") return { kind: after === "" ? "equals" : "prefix", text }
  return { kind: after === "" ? "suffix" : "contains", text }
}
