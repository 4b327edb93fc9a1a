/** MD5 (RFC 1321), which PostgreSQL offers as a checksum for text. */
import { toHex } from "./bytes-text.ts"

const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]
const SINES = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32))

export function md5(bytes: Uint8Array): string {
  const words = paddedWords(bytes)
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476)
  for (let block = 0; block < words.length; block += 16) addBlock(state, words, block)
  return toHex(new Uint8Array(state.buffer))
}

/** Little-endian words: the bytes, 0x80, zeros, and the length in bits. */
function paddedWords(bytes: Uint8Array): Int32Array {
  const padded = new Uint8Array(((bytes.length + 8) >> 6) * 64 + 64)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  new DataView(padded.buffer).setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n, true)
  return new Int32Array(padded.buffer)
}

function addBlock(state: Int32Array, words: Int32Array, block: number): void {
  let [a, b, c, d] = state as unknown as [number, number, number, number]
  for (let i = 0; i < 64; i++) {
    const round = i >> 4
    const [mixed, index] = mix(round, i, b, c, d)
    const sum = (a + mixed + SINES[i]! + words[block + index]!) | 0
    const shift = SHIFTS[round * 4 + (i & 3)]!
    ;[a, d, c, b] = [d, c, b, (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0]
  }
  state[0]! += a
  state[1]! += b
  state[2]! += c
  state[3]! += d
}

function mix(round: number, i: number, b: number, c: number, d: number): readonly [number, number] {
  switch (round) {
    case 0:
      return [(b & c) | (~b & d), i]
    case 1:
      return [(d & b) | (~d & c), (5 * i + 1) & 15]
    case 2:
      return [b ^ c ^ d, (3 * i + 5) & 15]
    default:
      return [c ^ (b | ~d), (7 * i) & 15]
  }
}
