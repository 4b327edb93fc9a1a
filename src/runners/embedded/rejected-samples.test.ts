import assert from "node:assert/strict"
import { test } from "node:test"
import type { Framing } from "../../contracts/decoder.ts"
import { RejectedSamples } from "./rejected-samples.ts"

/** The texts kept of the rows with these indexes, in their order. */
function textsOf(text: string, framing: Framing, indexes: readonly number[]): readonly string[] {
  const samples = new RejectedSamples()
  const rows = indexes.map((index) => ({ index, field: null, code: "not-json" as const, message: "" }))
  samples.add("bid", rows, { body: Buffer.from(text), framing }, 0)
  return samples
    .list()
    .map((sample) => sample.text)
    .reverse()
}

test("a refused row is shown as it was sent, wherever it stands in the body", () => {
  const cases: readonly (readonly [string, Framing, readonly number[], readonly string[]])[] = [
    [' {"a" : 1e400} ', "json", [0], ['{"a" : 1e400}']],
    ["\uFEFF [1]", "json", [0], ["1"]],
    ['[ {"a":"]},[\\"\\\\"} ,\n[1,[2]] , -0 ]', "json", [0, 1, 2], ['{"a":"]},[\\"\\\\"}', "[1,[2]]", "-0"]],
    ["[1,2,9223372036854775808]", "json", [2], ["9223372036854775808"]],
    ['{"a":1}\r\n \n{bad\n"é"', "ndjson", [1, 2], ["{bad", '"é"']],
  ]
  for (const [text, framing, indexes, texts] of cases)
    assert.deepEqual(textsOf(text, framing, indexes), texts, text)
})

test("a row that is nested very deeply is shown like any other", () => {
  const deep = "[".repeat(200_000) + "]".repeat(200_000)
  const [text, next] = textsOf(`[${deep},7]`, "json", [0, 1])
  assert.equal(text, `${"[".repeat(1024)}…`)
  assert.equal(next, "7")
})

test("of a long row the beginning is shown, whole characters only where it is cut", () => {
  const [text] = textsOf(`"${"é€".repeat(4000)}"`, "ndjson", [0])
  assert.equal(text, `${`"${"é€".repeat(4000)}`.slice(0, 1024)}…`)
})
