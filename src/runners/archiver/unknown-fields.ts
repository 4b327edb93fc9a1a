/**
 * The keys of a JSON object that a contract does not name, with their values as text: strings as they are,
 * everything else as its JSON. The bytes were validated when they came, so the walk trusts their form and
 * only never leaves them.
 */

export type Entries = readonly (readonly [key: string, value: string])[]

const NONE: Entries = []
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

export class UnknownFields {
  readonly #known: ReadonlySet<string>
  /** Their bytes: a key that is one of them becomes no text. */
  readonly #knownBytes: readonly Uint8Array[]

  /** @param known the contract's fields, and whatever else is no news */
  constructor(known: Iterable<string>) {
    this.#known = new Set(known)
    this.#knownBytes = [...this.#known].map((name) => Buffer.from(name))
  }

  of(bytes: Uint8Array, start: number, end: number): Entries {
    let at = skipTo(bytes, start, end, OPEN_BRACE) + 1
    let found: [string, string][] | null = null
    while (at < end) {
      const keyStart = skipTo(bytes, at, end, QUOTE)
      if (keyStart >= end) break
      const keyEnd = stringEnd(bytes, keyStart, end)
      const valueStart = skipTo(bytes, keyEnd, end, COLON) + 1
      const valueEnd = valueEndOf(bytes, valueStart, end)
      const name = this.#isKnown(bytes, keyStart + 1, keyEnd - 1) ? null : textOf(bytes, keyStart, keyEnd)
      if (name !== null && !this.#known.has(name)) {
        found ??= []
        found.push([name, textOf(bytes, valueStart, valueEnd) ?? ""])
      }
      at = valueEnd + 1
    }
    return found ?? NONE
  }

  #isKnown(bytes: Uint8Array, start: number, end: number): boolean {
    for (const name of this.#knownBytes) {
      if (name.length !== end - start) continue
      let at = 0
      while (at < name.length && name[at] === bytes[start + at]) at++
      if (at === name.length) return true
    }
    return false
  }
}

function skipTo(bytes: Uint8Array, start: number, end: number, byte: number): number {
  let at = start
  while (at < end && bytes[at] !== byte) at++
  return at
}

/** Behind the closing quote of the string that begins at `start`. */
function stringEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) {
    if (bytes[at] === BACKSLASH) at++
    else if (bytes[at] === QUOTE) return at + 1
  }
  return end
}

/** Where the value's comma or the object's end is. */
function valueEndOf(bytes: Uint8Array, start: number, end: number): number {
  let depth = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) at = stringEnd(bytes, at, end) - 1
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (depth === 0) return at
      depth--
    } else if (byte === COMMA && depth === 0) return at
  }
  return end
}

/** A JSON string's text, other JSON as it stands; null for what is no JSON. */
function textOf(bytes: Uint8Array, start: number, end: number): string | null {
  const json = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start)
    .toString("utf8")
    .trim()
  if (!json.startsWith('"')) return json
  try {
    return JSON.parse(json) as string
  } catch {
    return null
  }
}
