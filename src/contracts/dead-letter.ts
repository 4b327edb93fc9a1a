/**
 * Dead letters: rows that do not fit their contract and are kept all the same, since the contract says
 * onInvalid: "dead-letter". One record of the topic `_dead_letters` each; its offset is the letter's id.
 *
 *   record = version:u8 metaLength:u32be meta bytes
 *   meta   = JSON {event, source, at, index, field, code, message}
 *   bytes  = the row exactly as it was sent
 */
import { deadLetterBroken } from "./errors.ts"

export const DEAD_LETTER_TOPIC = "_dead_letters"

export interface DeadLetter {
  readonly event: string
  /** Where it came in: "http". */
  readonly source: string
  /** Milliseconds since 1970. */
  readonly at: number
  /** Position among the rows of its request. */
  readonly index: number
  readonly field: string | null
  readonly code: string
  readonly message: string
  readonly bytes: Uint8Array
}

const VERSION = 1
const HEADER_BYTES = 5

export function encodeDeadLetter({ bytes, ...meta }: DeadLetter): Uint8Array {
  const text = Buffer.from(JSON.stringify(meta))
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt8(VERSION, 0)
  header.writeUInt32BE(text.length, 1)
  return Buffer.concat([header, text, bytes])
}

/** @throws PlatformError dead-letter-broken */
export function decodeDeadLetter(record: Uint8Array): DeadLetter {
  const view = Buffer.from(record.buffer, record.byteOffset, record.byteLength)
  if (view.length < HEADER_BYTES) throw deadLetterBroken("it is cut off")
  if (view[0] !== VERSION) throw deadLetterBroken(`it has version ${view[0]}, not ${VERSION}`)
  const end = HEADER_BYTES + view.readUInt32BE(1)
  if (end > view.length) throw deadLetterBroken("it is cut off")
  return { ...metaOf(view.subarray(HEADER_BYTES, end)), bytes: record.slice(end) }
}

function metaOf(bytes: Buffer): Omit<DeadLetter, "bytes"> {
  try {
    return JSON.parse(bytes.toString("utf8")) as Omit<DeadLetter, "bytes">
  } catch (cause) {
    throw deadLetterBroken(`its head is not JSON (${String(cause)})`)
  }
}
