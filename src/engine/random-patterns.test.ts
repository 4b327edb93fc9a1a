/** Patterns against writing down every way to label the rows. */
import { test } from "node:test"
import { compareSeed } from "./kit/compare-with-naive.ts"
import { randomPatterns } from "./kit/random-patterns.ts"

const SEEDS = 200

test("random patterns agree with their definition in any order and batching, also across a restore", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      compareSeed(seed, randomPatterns)
    } catch (cause) {
      throw new Error(`seed ${seed}`, { cause })
    }
  }
})
