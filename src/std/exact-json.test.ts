import assert from "node:assert/strict"
import { test } from "node:test"
import { parseExactJson } from "./exact-json.ts"

test("numbers keep their digits", () => {
  const texts = ['{"a":9007199254740993,"b":[1.10,-0,1e2]}', "123", '{"__proto__":1,"t":"1.0"}', "null"]
  for (const text of texts) assert.equal(JSON.stringify(parseExactJson(text)), text)
})

test("what is no JSON is refused", () => {
  assert.throws(() => parseExactJson('{"a":1'), SyntaxError)
})
