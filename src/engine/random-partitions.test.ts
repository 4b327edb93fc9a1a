/** Ranks and window functions against recomputing everything. */
import { test } from "node:test"
import { compareSeed } from "./kit/compare-with-naive.ts"
import { randomPartitions } from "./kit/random-partitions.ts"

const SEEDS = 150

test("random ranks and window functions agree with recomputing everything, also across a restore", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      compareSeed(seed, randomPartitions)
    } catch (cause) {
      throw new Error(`seed ${seed}`, { cause })
    }
  }
})
