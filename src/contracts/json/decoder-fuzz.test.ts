import assert from "node:assert/strict"
import { test } from "node:test"
import { fuzzDecoder } from "../../../test/fuzz/fuzz-decoder.ts"

test("20,000 generated rows decode as JSON.parse and the schema say", () => {
  const result = fuzzDecoder({ rows: 20_000, seed: 20_250_101 })
  assert.deepEqual(result.differences, [])
  assert.ok(result.accepted > 5_000 && result.rejected > 5_000, "both verdicts are common")
})
