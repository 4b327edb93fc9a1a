import assert from "node:assert/strict"
import { test } from "node:test"
import { SeededRandom } from "../../../std/random.ts"
import { BLOCK_BYTES, blankHashes, blockCount, pageHash, updateHashes } from "./page-blocks.ts"

const PAGE_BYTES = 4_096

function randomPage(random: SeededRandom): Uint8Array {
  return Uint8Array.from({ length: PAGE_BYTES }, () => random.below(256))
}

function hashed(image: Uint8Array): Int32Array {
  const hashes = blankHashes(PAGE_BYTES)
  updateHashes(image, hashes, new Uint8Array(blockCount(PAGE_BYTES)))
  return hashes
}

test("each bit of a page counts, in its own block alone", () => {
  const image = randomPage(new SeededRandom(1))
  const hashes = hashed(image)
  const changed = new Uint8Array(blockCount(PAGE_BYTES))
  assert.equal(updateHashes(image, hashes, changed), 0, "the same bytes are the same")
  const before = pageHash(hashes)
  for (let bit = 0; bit < PAGE_BYTES * 8; bit++) {
    image[bit >> 3]! ^= 1 << (bit & 7)
    assert.equal(updateHashes(image, hashes, changed), 1)
    assert.equal(changed.indexOf(1), Math.floor((bit >> 3) / BLOCK_BYTES))
    assert.notDeepEqual(pageHash(hashes), before)
    image[bit >> 3]! ^= 1 << (bit & 7)
    updateHashes(image, hashes, changed)
  }
  assert.deepEqual(pageHash(hashes), before)
})

test("words that trade places, sink or swap their signs are noticed", () => {
  const random = new SeededRandom(2)
  const seen = new Map<string, string>()
  for (let round = 0; round < 20_000; round++) {
    const image = new Uint8Array(PAGE_BYTES)
    const words = new Int32Array(image.buffer, 0, BLOCK_BYTES / 4)
    // Few, related values: what counters and offsets look like.
    for (let k = 0; k < 3; k++) words[random.below(words.length)] = (random.below(4) << 30) | random.below(3)
    const text = words.join()
    const hash = hashed(image).subarray(0, 2).join()
    assert.equal(seen.get(hash) ?? text, text)
    seen.set(hash, text)
  }
  assert.ok(seen.size > 10_000)
})

test("pages whose blocks trade places differ", () => {
  const image = randomPage(new SeededRandom(3))
  const swapped = image.slice()
  swapped.set(image.subarray(0, BLOCK_BYTES), BLOCK_BYTES)
  swapped.set(image.subarray(BLOCK_BYTES, 2 * BLOCK_BYTES), 0)
  assert.notDeepEqual(pageHash(hashed(swapped)), pageHash(hashed(image)))
})
