/** Parquet's levels of nulls and repetitions, 0 or 1 each, in its hybrid of run-length and bit-packing. */

/** With the length in front, as in version 1 of a data page. */
export function encodeLevels(levels: readonly number[]): Uint8Array {
  const first = levels[0] ?? 0
  const body = levels.every((level) => level === first)
    ? [...varint(levels.length << 1), first]
    : bitPacked(levels)
  const bytes = Buffer.alloc(4 + body.length)
  bytes.writeUInt32LE(body.length)
  bytes.set(body, 4)
  return bytes
}

/** One run of groups of eight bits. */
function bitPacked(levels: readonly number[]): Uint8Array {
  const groups = Math.ceil(levels.length / 8)
  const header = varint((groups << 1) | 1)
  const bytes = new Uint8Array(header.length + groups)
  bytes.set(header)
  for (let i = 0; i < levels.length; i++) bytes[header.length + (i >> 3)]! |= levels[i]! << (i & 7)
  return bytes
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  bytes.push(rest)
  return bytes
}
