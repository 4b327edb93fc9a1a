/** encode(bytes, format) and decode(text, format): hex, base64 and escape. */
import { parseEscaped, parseHex, toHex } from "./bytes-text.ts"
import { raise } from "./failure-register.ts"

const NO_BYTES = new Uint8Array(0)
/** PostgreSQL breaks base64 into lines of this many characters, after RFC 2045. */
const LINE_LENGTH = 76

export function encodeBytes(bytes: Uint8Array, format: string): string {
  switch (format.toLowerCase()) {
    case "hex":
      return toHex(bytes)
    case "base64":
      return base64(bytes).replace(new RegExp(`.{${LINE_LENGTH}}(?=.)`, "g"), "$&\n")
    case "escape":
      return escaped(bytes)
    default:
      return raise("invalid-argument", "")
  }
}

export function decodeBytes(text: string, format: string): Uint8Array {
  switch (format.toLowerCase()) {
    case "hex":
      return parseHex(text)
    case "base64":
      return fromBase64(text)
    case "escape":
      return parseEscaped(text)
    default:
      return raise("invalid-argument", NO_BYTES)
  }
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

function base64(bytes: Uint8Array): string {
  let text = ""
  for (let i = 0; i < bytes.length; i += 3) {
    const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    const digits = [18, 12, 6, 0].map((shift) => ALPHABET[(group >> shift) & 63])
    const used = Math.min(3, bytes.length - i) + 1
    text += digits.slice(0, used).join("").padEnd(4, "=")
  }
  return text
}

function fromBase64(text: string): Uint8Array {
  const digits = text.replace(/[ \t\n\r]/g, "")
  const shape = /^[A-Za-z0-9+/]*={0,2}$/.test(digits) && digits.length % 4 === 0
  if (!shape) return raise("invalid-argument", NO_BYTES)
  const body = digits.replace(/=+$/, "")
  const bytes = new Uint8Array(Math.floor((body.length * 3) / 4))
  for (let i = 0, held = 0, bits = 0, length = 0; i < body.length; i++) {
    held = ((held << 6) | ALPHABET.indexOf(body[i]!)) & 0xffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      bytes[length++] = (held >> bits) & 0xff
    }
  }
  return bytes
}

function escaped(bytes: Uint8Array): string {
  let text = ""
  for (const byte of bytes) {
    if (byte === 0 || byte > 0x7f) text += `\\${byte.toString(8).padStart(3, "0")}`
    else text += byte === 0x5c ? "\\\\" : String.fromCharCode(byte)
  }
  return text
}
