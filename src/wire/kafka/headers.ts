/**
 * Record headers and the one list of those that the platform writes.
 *
 * Headers => count VARINT, [ nameLength VARINT, name (UTF-8), valueLength VARINT (-1: null), value ]
 */
import { type ByteCursor, readVarint, varintSize, writeVarint } from "../../std/varint.ts"
import { recordHeadersInvalid } from "./errors.ts"

export interface RecordHeader {
  readonly name: string
  readonly value: Uint8Array | null
}

/** Every header that the platform puts on a record; values are UTF-8 text. */
export const HEADER_NAME = {
  /** Name of the event contract, e.g. "flight". */
  event: "millrace.event",
  /** The contract's version that the value was validated against, e.g. "3". */
  contractVersion: "millrace.contract-version",
  /** W3C Trace Context of the request that brought the record: the value of its `traceparent`. */
  traceContext: "traceparent",
  /** The tenant's space that the record belongs to. */
  tenantSpace: "millrace.tenant-space",
  /** Which key seals the personal columns of the record. */
  keyReference: "millrace.key-reference",
  /** Where the record came from, when a connector brought it: source name, ":" and its position there. */
  sourcePosition: "millrace.source-position",
} as const

const utf8 = new TextEncoder()
const strictUtf8 = new TextDecoder("utf-8", { fatal: true })

/** Bytes for `RecordSet.headers`; empty for no headers. */
export function encodeHeaders(headers: readonly RecordHeader[]): Uint8Array {
  if (headers.length === 0) return new Uint8Array(0)
  const names = headers.map((header) => utf8.encode(header.name))
  let size = varintSize(headers.length)
  for (const [index, { value }] of headers.entries()) {
    const name = names[index] as Uint8Array
    size += varintSize(name.length) + name.length + varintSize(value?.length ?? -1) + (value?.length ?? 0)
  }
  const bytes = new Uint8Array(size)
  let at = writeVarint(bytes, 0, headers.length)
  for (const [index, { value }] of headers.entries()) {
    const name = names[index] as Uint8Array
    at = writeVarint(bytes, at, name.length)
    bytes.set(name, at)
    at = writeVarint(bytes, at + name.length, value?.length ?? -1)
    if (value !== null) bytes.set(value, at)
    at += value?.length ?? 0
  }
  return bytes
}

/**
 * Headers of the slice [start, end) that RecordColumns names, or of what `encodeHeaders` returned.
 * @throws PlatformError record-headers-invalid
 */
export function decodeHeaders(bytes: Uint8Array, start = 0, end = bytes.length): RecordHeader[] {
  if (start === end) return []
  const cursor: ByteCursor = { bytes, position: start, end }
  try {
    const count = readVarint(cursor)
    // A header takes two bytes at least, so a count beyond that is a lie and not a reason to allocate.
    if (count < 0 || count * 2 > end - start) throw new RangeError(`${count} headers`)
    const headers: RecordHeader[] = []
    for (let index = 0; index < count; index++) {
      const name = readSlice(cursor)
      if (name === null) throw new RangeError("a null name")
      headers.push({ name: strictUtf8.decode(name), value: readSlice(cursor) })
    }
    if (cursor.position !== end) throw new RangeError("bytes behind the last header")
    return headers
  } catch (error) {
    throw recordHeadersInvalid(start, error)
  }
}

function readSlice(cursor: ByteCursor): Uint8Array | null {
  const length = readVarint(cursor)
  if (length === -1) return null
  const end = cursor.position + length
  if (length < 0 || end > cursor.end) throw new RangeError(`a length of ${length}`)
  const slice = cursor.bytes.subarray(cursor.position, end)
  cursor.position = end
  return slice
}
