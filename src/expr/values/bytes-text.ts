/** bytea as text: hex output `\x…`; hex and escape input. */
import { raise } from "./failure-register.ts"

const NO_BYTES = new Uint8Array(0)
const encoder = new TextEncoder()

export function formatBytes(bytes: Uint8Array): string {
  return `\\x${toHex(bytes)}`
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

export function toHex(bytes: Uint8Array): string {
  let text = ""
  for (const byte of bytes) text += HEX[byte]
  return text
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) =>
    Number.parseInt(text.slice(2 * i, 2 * i + 2), 16),
  )
}

export function parseBytes(text: string): Uint8Array {
  return text.startsWith("\\x") ? parseHex(text.slice(2)) : parseEscaped(text)
}

/** Pairs of hex digits; white space between pairs is skipped. */
export function parseHex(text: string): Uint8Array {
  if (!/^(?:[ \n\t\r]*[0-9a-fA-F]{2})*[ \n\t\r]*$/.test(text)) return raise("invalid-cast", NO_BYTES)
  return fromHex(text.replace(/[ \n\t\r]+/g, ""))
}

/** A backslash starts three octal digits or another backslash; everything else is itself. */
export function parseEscaped(text: string): Uint8Array {
  const source = encoder.encode(text)
  const target = new Uint8Array(source.length)
  let length = 0
  for (let i = 0; i < source.length; i++) {
    let byte = source[i]!
    if (byte === 0x5c) {
      const octal = /^\\([0-3][0-7][0-7])/.exec(String.fromCharCode(...source.subarray(i, i + 4)))
      if (octal !== null) {
        byte = Number.parseInt(octal[1]!, 8)
        i += 3
      } else if (source[i + 1] === 0x5c) i++
      else return raise("invalid-cast", NO_BYTES)
    }
    target[length++] = byte
  }
  return target.slice(0, length)
}
