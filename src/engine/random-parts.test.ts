/** The number of parts that keys are split among changes no answer. */
import { test } from "node:test"
import type { SeededRandom } from "../std/random.ts"
import type { OperatorSpec } from "./dataflow.ts"
import { compareParts } from "./kit/compare-parts.ts"
import { randomJoins } from "./kit/random-joins.ts"
import { randomPartitions } from "./kit/random-partitions.ts"
import { randomPatterns } from "./kit/random-patterns.ts"
import { randomGraph } from "./kit/random-plans.ts"

const SEEDS = 25
const GRAPHS: readonly (readonly [string, (random: SeededRandom) => OperatorSpec[]])[] = [
  ["plans", randomGraph],
  ["joins", randomJoins],
  ["ranks and window functions", randomPartitions],
  ["patterns", randomPatterns],
]

for (const [name, graphOf] of GRAPHS) {
  test(`random ${name} give the same for one, two and three parts, also across a restore`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      try {
        compareParts(seed, graphOf)
      } catch (cause) {
        throw new Error(`seed ${seed}`, { cause })
      }
    }
  })
}
