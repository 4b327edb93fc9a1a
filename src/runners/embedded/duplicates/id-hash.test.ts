import assert from "node:assert/strict"
import { test } from "node:test"
import { hashIds, seedOf } from "./id-hash.ts"

function hashOf(text: string, seed: Int32Array): string {
  const bytes = Buffer.from(`..${text}`)
  const slices = { bytes, starts: Int32Array.of(2), ends: Int32Array.of(bytes.length) }
  return Buffer.from(hashIds(1, slices, seed).buffer).toString("hex")
}

test("hashes are those of MurmurHash3_x86_128", () => {
  const other = new Int32Array(4).fill(2_538_058_380)
  const cases: [text: string, seed: Int32Array, hash: string][] = [
    ["", new Int32Array(4), "00000000000000000000000000000000"],
    ["The quick brown fox jumps over the lazy dog", new Int32Array(4), "c383152f672ceeec6cf67b5d2c1de9e5"],
    ["", other, "a1d5bef71c6a575b1c6a575b1c6a575b"],
    ["The quick brown fox jumps over the lazy dog", other, "5ed5d48a7161b84c9c3aa78e3e79b6cd"],
  ]
  for (const [text, seed, hash] of cases) assert.equal(hashOf(text, seed), hash, text)
})

test("ids of every length, and of one bit's difference, have hashes of their own", () => {
  const seed = seedOf("00112233445566778899aabbccddeeff")
  const texts = new Set<string>()
  for (let length = 0; length < 80; length++) {
    texts.add("a".repeat(length))
    for (let at = 0; at < length; at++) texts.add(`${"a".repeat(at)}b${"a".repeat(length - at - 1)}`)
  }
  const words = [0, 8, 16, 24].map((from) => {
    return new Set([...texts].map((text) => hashOf(text, seed).slice(from, from + 8))).size
  })
  // Of 3,240 random words of 32 bits a pair is equal once in eight hundred times.
  assert.deepEqual(words, [texts.size, texts.size, texts.size, texts.size])
})

test("a seed is a log's id", () => {
  assert.deepEqual(seedOf("00000001000000020000000380000004"), Int32Array.of(1, 2, 3, 0x80000004 | 0))
  assert.throws(() => seedOf("1234"), /32 hex digits/)
})
