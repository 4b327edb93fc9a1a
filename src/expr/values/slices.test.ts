import assert from "node:assert/strict"
import { test } from "node:test"
import { decodeSlice, encodeText, writeText } from "./slices.ts"

const TEXTS = [
  "",
  "a",
  "exactly 24 bytes of text",
  "25 bytes, one more, ASCII",
  "ü",
  "short, then ü",
  "24 units, the last one: ü",
  "a longer text, of which the last one is no ASCII: ü",
  "😀",
  "lone \ud800 surrogate",
  "lone, at the end \udc00",
]

test("text is written behind other bytes as an encoder would", () => {
  for (const text of TEXTS) {
    const bytes = new Uint8Array(3 + 3 * text.length)
    bytes.fill(7)
    const end = writeText(bytes, 3, text)
    assert.deepEqual(bytes.slice(3, end), encodeText(text), JSON.stringify(text))
    assert.deepEqual([...bytes.slice(0, 3)], [7, 7, 7])
    assert.equal(decodeSlice(bytes, 3, end), text.toWellFormed())
  }
})
