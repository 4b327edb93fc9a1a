/**
 * The rows of the kill project, each a pure function of its number: sender and checker write the same bytes
 * without telling each other.
 */

export const ROWS_PER_POST = 200
export const EVENTS = ["tick", "reading"] as const
export type EventName = (typeof EVENTS)[number]

export interface Tick {
  readonly id: number
  readonly at: string
  readonly k: number
  readonly v: number
}

export interface Reading {
  readonly id: string
  readonly at: string
  readonly device: string
  readonly n: number
  readonly d: number
}

const BEGIN_MS = Date.UTC(2026, 0, 1)
const DAY_MS = 86_400_000
/** Steps that share no factor, so that every mixture comes. */
const INVALID_EVERY = 211
const REPEATED_EVERY = 97
const LATE_EVERY = 1009
const DIVISORS = 499
const DEVICES = 50

export function bodyOf(event: EventName, post: number): string {
  const rows = Array.from({ length: ROWS_PER_POST }, (_, row) => post * ROWS_PER_POST + row)
  return rows.map((number) => rowText(event, number)).join("\n")
}

/** What the log must have for the row; a repeated reading is the text of the one before it. */
export function rowText(event: EventName, number: number): string {
  if (event === "tick") return tickText(number)
  return readingText(isRepeated(number) ? number - 1 : number)
}

/** The numbers of the rows of a post that do not fit their contract. */
export function invalidRows(post: number): number[] {
  const first = post * ROWS_PER_POST
  const numbers = Array.from({ length: ROWS_PER_POST }, (_, row) => first + row)
  return numbers.map((number) => (isRepeated(number) ? number - 1 : number)).filter(isInvalid)
}

/** The number that a row was made of. */
export function numberOf(event: EventName, row: Tick | Reading): number {
  return event === "tick" ? Number(row.id) : Number(String(row.id).slice(1))
}

function tickText(id: number): string {
  const at = new Date(BEGIN_MS + Math.floor(id / 20)).toISOString()
  return `{"id":${id},"at":"${at}","k":${(id * 7919) % 997},"v":${(id * 31) % 1000}}`
}

function readingText(number: number): string {
  const lateMs = number % LATE_EVERY === 0 ? DAY_MS : 0
  const at = isInvalid(number) ? "soon" : new Date(BEGIN_MS + number * 10 - lateMs).toISOString()
  const device = `d${(number * 7919) % DEVICES}`
  const d = number % DIVISORS
  return `{"id":"r${number}","at":"${at}","device":"${device}","n":${(number * 31) % 1000},"d":${d}}`
}

function isInvalid(number: number): boolean {
  return number % INVALID_EVERY === 0
}

/** Never the first row of a post, whose predecessor is in another one. */
function isRepeated(number: number): boolean {
  return number % REPEATED_EVERY === 0 && number % ROWS_PER_POST !== 0
}
