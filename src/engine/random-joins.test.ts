/** Joins against recomputing everything from rows that never go. */
import { test } from "node:test"
import { compareSeed } from "./kit/compare-with-naive.ts"
import { randomJoins } from "./kit/random-joins.ts"

const SEEDS = 150

test("random joins agree with recomputing everything, also across a restore", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      compareSeed(seed, randomJoins)
    } catch (cause) {
      throw new Error(`seed ${seed}`, { cause })
    }
  }
})
