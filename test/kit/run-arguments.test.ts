import assert from "node:assert/strict"
import { test } from "node:test"
import { readRunArguments } from "./run-arguments.ts"

const DEFAULTS = { seed: 1, count: 20_000, "disk-faults": null, trace: false } as const

test("numbers and flags are read, and others stay what they are", () => {
  assert.deepEqual(readRunArguments([], DEFAULTS), DEFAULTS)
  assert.deepEqual(readRunArguments(["--seed", "0", "--disk-faults=7", "--trace"], DEFAULTS), {
    ...{ seed: 0, count: 20_000, "disk-faults": 7, trace: true },
  })
})

test("what is no whole number is refused, and so is what nobody asks for", () => {
  for (const wrong of ["abc", "1e3", "-5", "1.5", "", "99999999999999999999"]) {
    assert.throws(() => readRunArguments([`--count=${wrong}`], DEFAULTS), {
      message: `--count is "${wrong}", which is no whole number`,
    })
  }
  assert.throws(() => readRunArguments(["--counts", "7"], DEFAULTS), /--counts/)
  assert.throws(() => readRunArguments(["--count"], DEFAULTS), /--count/)
  assert.throws(() => readRunArguments(["7"], DEFAULTS), /'7'/)
})
