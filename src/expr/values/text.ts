/**
 * String functions by PostgreSQL's rules (src/backend/utils/adt/varlena.c, oracle_compat.c). Positions count
 * characters, from 1; a JavaScript string counts UTF-16 units, so text with surrogates takes a slower way.
 */
import { raise } from "./failure-register.ts"

/** The longest string that a function makes, in UTF-16 units: a row must not be able to fill the memory. */
export const MAX_TEXT_LENGTH = 16 * 1024 * 1024
const MAX_INT32 = 2_147_483_647
const MIN_INT32 = -2_147_483_648

const SURROGATES = /[\ud800-\udfff]/

function characters(text: string): readonly string[] {
  return SURROGATES.test(text) ? Array.from(text) : text.split("")
}

export function lengthOf(text: string): number {
  if (!SURROGATES.test(text)) return text.length
  let count = 0
  for (const _ of text) count++
  return count
}

export function octetLength(text: string): number {
  let count = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    count += unit < 0x80 ? 1 : unit < 0x800 ? 2 : unit >= 0xd800 && unit < 0xe000 ? 2 : 3
  }
  return count
}

/** Characters from `start` (from 0) to before `end`. */
function slice(text: string, start: number, end: number): string {
  if (!SURROGATES.test(text)) return text.slice(start, end)
  return Array.from(text).slice(start, end).join("")
}

export function substringFrom(text: string, start: number): string {
  return slice(text, Math.max(0, start - 1), MAX_INT32)
}

export function substring(text: string, start: number, length: number): string {
  if (length < 0) return raise("invalid-argument", "")
  return slice(text, Math.max(0, start - 1), Math.max(0, start - 1 + length))
}

export function bytesFrom(bytes: Uint8Array, start: number): Uint8Array {
  return bytes.slice(Math.max(0, start - 1))
}

export function subbytes(bytes: Uint8Array, start: number, length: number): Uint8Array {
  if (length < 0) return raise("invalid-argument", bytes)
  return bytes.slice(Math.max(0, start - 1), Math.max(0, start - 1 + length))
}

/** A negative count leaves that many characters out at the other end. */
export function left(text: string, count: number): string {
  return slice(text, 0, count >= 0 ? count : Math.max(0, lengthOf(text) + count))
}

/** PostgreSQL cannot negate the least count and takes all. */
export function right(text: string, count: number): string {
  const length = lengthOf(text)
  if (count === MIN_INT32) return text
  return slice(text, count >= 0 ? Math.max(0, length - count) : Math.min(length, -count), length)
}

function trimmer(atStart: boolean, atEnd: boolean) {
  return (text: string, set = " "): string => {
    const members = new Set(set)
    const list = characters(text)
    let [start, end] = [0, list.length]
    if (atStart) while (start < end && members.has(list[start]!)) start++
    if (atEnd) while (end > start && members.has(list[end - 1]!)) end--
    return list.slice(start, end).join("")
  }
}

export const trimBoth = trimmer(true, true)
export const trimStart = trimmer(true, false)
export const trimEnd = trimmer(false, true)

function pad(text: string, length: number, fill: string, atStart: boolean): string {
  const wanted = Math.max(0, length)
  const missing = wanted - lengthOf(text)
  if (missing <= 0) return slice(text, 0, wanted)
  if (fill === "") return text
  if (wanted > MAX_TEXT_LENGTH) return raise("invalid-argument", "")
  const list = characters(fill)
  const whole = fill.repeat(Math.floor(missing / list.length))
  const padding = whole + list.slice(0, missing % list.length).join("")
  return atStart ? padding + text : text + padding
}

export function padStart(text: string, length: number, fill = " "): string {
  return pad(text, length, fill, true)
}

export function padEnd(text: string, length: number, fill = " "): string {
  return pad(text, length, fill, false)
}

export function limited(text: string): string {
  return text.length > MAX_TEXT_LENGTH ? raise("invalid-argument", "") : text
}

export function replaceText(text: string, from: string, to: string): string {
  if (from === "") return text
  const parts = text.split(from)
  const length = text.length + (parts.length - 1) * (to.length - from.length)
  return length > MAX_TEXT_LENGTH ? raise("invalid-argument", "") : parts.join(to)
}

export function repeatText(text: string, count: number): string {
  if (count <= 0 || text === "") return ""
  return text.length * count > MAX_TEXT_LENGTH ? raise("invalid-argument", "") : text.repeat(count)
}

/** From 1; 0 when it is not there. */
export function positionOf(text: string, wanted: string): number {
  const index = text.indexOf(wanted)
  return index < 0 ? 0 : lengthOf(text.slice(0, index)) + 1
}

/** Negative fields count from the end; a field that is not there is empty. */
export function splitPart(text: string, delimiter: string, field: number): string {
  if (field === 0) return raise("invalid-argument", "")
  if (text === "") return ""
  if (delimiter === "") return field === 1 || field === -1 ? text : ""
  if (field < 0) return text.split(delimiter).at(field) ?? ""
  let start = 0
  for (let before = 1; before < field; before++) {
    const at = text.indexOf(delimiter, start)
    if (at < 0) return ""
    start = at + delimiter.length
  }
  const end = text.indexOf(delimiter, start)
  return end < 0 ? text.slice(start) : text.slice(start, end)
}

export function reverseText(text: string): string {
  return Array.from(text).reverse().join("")
}

/** Characters of `from` become those at the same place in `to`; those without a partner go. */
export function translateText(text: string, from: string, to: string): string {
  const targets = Array.from(to)
  const map = new Map<string, string>()
  for (const [index, character] of Array.from(from).entries()) {
    if (!map.has(character)) map.set(character, targets[index] ?? "")
  }
  let result = ""
  for (const character of text) result += map.get(character) ?? character
  return result
}

export function overlay(
  text: string,
  replacement: string,
  start: number,
  length = lengthOf(replacement),
): string {
  if (start <= 0) return raise("invalid-argument", "")
  const end = start + length
  if (end > MAX_INT32 || end < -MAX_INT32 - 1) return raise("integer-out-of-range", "")
  return slice(text, 0, start - 1) + replacement + substringFrom(text, end)
}

export function asciiOf(text: string): number {
  return text.codePointAt(0) ?? 0
}

export function characterOf(code: number): string {
  const valid = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
  return valid ? String.fromCodePoint(code) : raise("invalid-argument", "")
}

export function hexOf32(value: number): string {
  return (value >>> 0).toString(16)
}

export function hexOf64(value: bigint): string {
  return BigInt.asUintN(64, value).toString(16)
}
