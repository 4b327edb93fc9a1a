import { test } from "node:test"
import { compareSeed } from "./kit/compare-with-naive.ts"

const SEEDS = 80

test("random plans over random epochs agree with recomputing everything, also across a restore", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      compareSeed(seed)
    } catch (cause) {
      throw new Error(`seed ${seed}`, { cause })
    }
  }
})
