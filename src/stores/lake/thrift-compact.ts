/**
 * Thrift's compact protocol, as much of it as Parquet's footer and page headers need, written as nested data.
 *
 *   field  => (id - id before) << 4 | type, then the value       struct => fields, 0
 *   list   => size << 4 | type (size < 15), or 0xF0 | type, size
 *   i32, i64 => zigzag varint       binary => length varint, bytes
 */
import { assert } from "../../std/assert.ts"

/** A value with its type; `struct` has [field id, value] in ascending order, absent values left out. */
export type Thrift =
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "i8"; readonly value: number }
  | { readonly kind: "i32"; readonly value: number }
  | { readonly kind: "i64"; readonly value: number }
  | { readonly kind: "binary"; readonly value: Uint8Array }
  | { readonly kind: "list"; readonly of: ThriftKind; readonly value: readonly Thrift[] }
  | { readonly kind: "struct"; readonly value: readonly ThriftField[] }

export type ThriftKind = "i32" | "i64" | "binary" | "struct"
export type ThriftField = readonly [id: number, value: Thrift]

const TYPE = { bool: 1, i8: 3, i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const
const FALSE = 2
const MAX_SHORT_DELTA = 15
const MAX_SHORT_LIST = 14

export const bool = (value: boolean): Thrift => ({ kind: "bool", value })
export const i8 = (value: number): Thrift => ({ kind: "i8", value })
export const i32 = (value: number): Thrift => ({ kind: "i32", value })
export const i64 = (value: number): Thrift => ({ kind: "i64", value })
export const binary = (value: Uint8Array): Thrift => ({ kind: "binary", value })
export const text = (value: string): Thrift => ({ kind: "binary", value: Buffer.from(value) })
export const list = (of: ThriftKind, value: readonly Thrift[]): Thrift => ({ kind: "list", of, value })
/** Fields whose value is undefined are left out. */
export const struct = (fields: readonly (readonly [number, Thrift | undefined])[] = []): Thrift => ({
  kind: "struct",
  value: fields.filter((field): field is ThriftField => field[1] !== undefined),
})

export function encodeThrift(value: Thrift): Buffer {
  const out: (number | Uint8Array)[] = []
  writeValue(out, value)
  return flatten(out)
}

function writeValue(out: (number | Uint8Array)[], thrift: Thrift): void {
  switch (thrift.kind) {
    case "bool":
      out.push(thrift.value ? TYPE.bool : FALSE)
      return
    case "i8":
      out.push(thrift.value & 0xff)
      return
    case "i32":
    case "i64":
      writeVarint(out, zigzag(thrift.value))
      return
    case "binary":
      writeVarint(out, BigInt(thrift.value.length))
      out.push(thrift.value)
      return
    case "list": {
      const { length } = thrift.value
      if (length <= MAX_SHORT_LIST) out.push((length << 4) | TYPE[thrift.of])
      else {
        out.push(0xf0 | TYPE[thrift.of])
        writeVarint(out, BigInt(length))
      }
      for (const item of thrift.value) writeValue(out, item)
      return
    }
    case "struct":
      writeStruct(out, thrift.value)
  }
}

function writeStruct(out: (number | Uint8Array)[], fields: readonly ThriftField[]): void {
  let before = 0
  for (const [id, value] of fields) {
    const delta = id - before
    assert(delta > 0 && delta <= MAX_SHORT_DELTA, "fields ascend in short steps")
    // A boolean field has its value in its type.
    const type = value.kind === "bool" && !value.value ? FALSE : TYPE[value.kind]
    out.push((delta << 4) | type)
    if (value.kind !== "bool") writeValue(out, value)
    before = id
  }
  out.push(0)
}

function zigzag(value: number): bigint {
  const wide = BigInt(value)
  return wide < 0n ? -2n * wide - 1n : 2n * wide
}

function writeVarint(out: (number | Uint8Array)[], value: bigint): void {
  let rest = value
  for (; rest >= 0x80n; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80)
  out.push(Number(rest))
}

function flatten(parts: readonly (number | Uint8Array)[]): Buffer {
  const size = parts.reduce<number>((sum, part) => sum + (typeof part === "number" ? 1 : part.length), 0)
  const bytes = Buffer.alloc(size)
  let position = 0
  for (const part of parts) {
    if (typeof part === "number") bytes[position++] = part
    else {
      bytes.set(part, position)
      position += part.length
    }
  }
  return bytes
}
